import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EngineAnswers, startEngine } from '../helpers/engine-server.js';
import { mountLack, needsMount, smallDisk } from '../helpers/small-disk.js';
import { type Ended, mlrb, type Terminal } from './mlrb.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mlrb-doctor-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const home = () => join(folder, 'home');
const doctor = (socket: string, terminal: Terminal = {}): Promise<Ended> =>
  mlrb(home(), `doctor --sandbox docker --docker-socket ${socket}`, terminal);

/** What doctor says of an engine that lacks nothing but what is given. */
async function doctorWith(answers: EngineAnswers, terminal: Terminal = {}): Promise<Ended> {
  await using engine = await startEngine(answers);
  return await doctor(engine.socket, terminal); // the engine answers until then
}

/** A PATH whose nvidia-smi says what the script does. */
async function pathWithNvidia(name: string, script: string): Promise<string> {
  const bin = join(folder, name);
  await mkdir(bin);
  await writeFile(join(bin, 'nvidia-smi'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return `${bin}${delimiter}${process.env.PATH}`;
}

describe('doctor, of an engine that cannot be used,', () => {
  it('says that none is there, and how to start one', async () => {
    const { stdout, code } = await doctor(join(folder, 'no.sock'));
    expect(stdout).toMatch(
      /^missing {3}Docker: cannot be reached\. Docker does not answer at \S+\. Start its engine/m,
    );
    expect(code).toBe(1);
  });

  it('calls that optional where Docker is not asked for, and missing where only scoring asks for it', async () => {
    const line = `doctor --docker-socket ${join(folder, 'no.sock')}`;
    const { stdout } = await mlrb(home(), line);
    expect(stdout).toMatch(/^optional {2}Docker: .*Needed for --sandbox docker only\. Docker does not/m);
    const { stdout: scoring } = await mlrb(home(), `${line} --evaluation-where docker`);
    expect(scoring).toMatch(/^missing {3}Docker: /m);
  });

  it('says within seconds that it takes calls and stays silent', async () => {
    const { stdout, code } = await doctorWith({ answersWith: 'silence' });
    expect(stdout).toMatch(
      /^missing {3}Docker: .* took a call at \S+ and stays silent\. Start its engine anew/m,
    );
    expect(code).toBe(1);
  }, 20_000);

  it('says that this user may not use its socket', async () => {
    await using engine = await startEngine();
    await chmod(engine.socket, 0);
    // Root may use any socket, unless it has given up what makes it root.
    const before = process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-all', '--inh-caps=-all'] : [];
    const { stdout, code } = await doctor(engine.socket, { before });
    expect(stdout).toMatch(
      /^missing {3}Docker: .*may not use Docker's socket \S+\. Add the user to the group "docker"/m,
    );
    expect(code).toBe(1);
  });

  it('says that it answers with an error of its own', async () => {
    const { stdout, code } = await doctorWith({ answersWith: 500 });
    expect(stdout).toMatch(/^missing {3}Docker: its engine answers with error 500\. See its log/m);
    expect(code).toBe(1);
  });

  it('says that what listens there is no engine', async () => {
    const { stdout } = await doctorWith({ info: { ServerVersion: 3 } });
    expect(stdout).toMatch(/^missing {3}Docker: .*does not answer like a Docker engine/m);
  });
});

describe('doctor, of an engine that answers,', () => {
  it('finds nothing wrong where nothing is', async () => {
    const { stdout } = await doctorWith({ info: { DockerRootDir: folder } });
    expect(stdout).toMatch(/^ok {8}Docker: engine 28\.2\.2$/m);
    expect(stdout).toMatch(/^ok {8}control groups: version 2$/m);
    expect(stdout).toMatch(/^ok {8}limits of containers: enforced$/m);
    expect(stdout).toMatch(/^ok {8}Docker init: docker-init$/m);
    expect(stdout).toMatch(/^ok {8}Docker images: there$/m);
    expect(stdout).toMatch(/^\w+ +disk of Docker: \S+ \wB free in /m);
  });

  it('names the images that are not there, and what builds them', async () => {
    const { stdout, code } = await doctorWith({ hasImages: false });
    expect(stdout).toMatch(
      /^missing {3}Docker images: mlrb-sandbox:\w+, mlrb-eval:\w+ not there\. `mlrb setup --docker` builds/m,
    );
    expect(code).toBe(1);
  });

  it('warns of control groups of version 1, and does not call that missing', async () => {
    const { stdout } = await doctorWith({ info: { CgroupVersion: '1' } });
    expect(stdout).toMatch(
      /^warning {3}control groups: version 1\. Limits hold, but coarser .*systemd\.unified_cgroup_hierarchy=1/m,
    );
  });

  it.each([
    ['MemoryLimit', 'memory'],
    ['PidsLimit', 'processes'],
    ['CpuCfsQuota', 'processors'],
  ])('says so where the kernel does not do %s', async (limit, name) => {
    const { stdout, code } = await doctorWith({ info: { [limit]: false } });
    expect(stdout).toMatch(
      new RegExp(`^missing {3}limits of containers: not enforced for ${name}\\. A run could take all`, 'm'),
    );
    expect(code).toBe(1);
  });

  it('only warns where swap alone is not limited', async () => {
    const { stdout } = await doctorWith({ info: { SwapLimit: false } });
    expect(stdout).toMatch(/^warning {3}limits of containers: not enforced for swap\. .*turn swap off/m);
  });

  it('names an init that is not there', async () => {
    const { stdout } = await doctorWith({ info: { InitBinary: '' } });
    expect(stdout).toMatch(/^missing {3}Docker init: not there\. Install docker-init/m);
  });

  it('says that the nvidia runtime is missing where there is a GPU, and only there', async () => {
    const withGpu = { path: await pathWithNvidia('one-gpu', 'echo GPU-4f2c') };
    const lacking = { info: { Runtimes: { runc: {} } } };
    expect((await doctorWith(lacking, withGpu)).stdout).toMatch(
      /^missing {3}GPUs in containers: no nvidia runtime\. .*install the NVIDIA Container Toolkit/m,
    );
    expect((await doctorWith({}, withGpu)).stdout).toMatch(/^ok {8}GPUs in containers: 1, and the nvidia/m);
    const without = { path: await pathWithNvidia('no-gpu', 'exit 9') };
    expect((await doctorWith(lacking, without)).stdout).not.toMatch(/nvidia runtime/);
  });
});

describe.skipIf(mountLack)(needsMount('doctor, of small disks,'), () => {
  it('says that the home folder has too little room', async () => {
    const place = join(folder, 'small-home');
    await mkdir(place);
    using _disk = smallDisk(place, 50);
    const { stdout, code } = await mlrb(place, 'doctor');
    expect(stdout).toMatch(/^missing {3}disk space: 5\d\.\d MB free\. Free 6\.0 GB there/m);
    expect(code).toBe(1);
  });

  it("says that the engine's own folder has too little, and more is needed while images must be built", async () => {
    const place = join(folder, 'docker-root');
    await mkdir(place);
    using _disk = smallDisk(place, 2000);
    const info = { DockerRootDir: place };
    expect((await doctorWith({ info })).stdout).toMatch(/^ok {8}disk of Docker: 2\.1 GB free in /m);
    const building = await doctorWith({ info, hasImages: false });
    expect(building.stdout).toMatch(/^missing {3}disk of Docker: 2\.1 GB free in \S+\. Free 8\.0 GB there/m);
    execFileSync('fallocate', ['-l', '1500M', join(place, 'taken')]);
    expect((await doctorWith({ info })).stdout).toMatch(/^missing {3}disk of Docker: .*Free 1\.0 GB there/m);
  });
});
