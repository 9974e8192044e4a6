import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../../src/lib/package-root.js';
import { packedDigest, readPacked } from '../../src/lib/packed-data.js';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import { makeRun, runScript, startUntilReady, type TestRun, waitFor } from '../contract/sandbox.js';
import { connect } from '../helpers/contestant.js';
import { docker, dockerBackend, dockerLack, needsDocker, TEST_IMAGE } from '../helpers/docker.js';
import { makeHome } from '../helpers/home.js';

const CANARY = 'canary-4c1f9e-server-secret';
/** What a contestant says, and so what must be found. */
const MARK = 'mark-8d02-of-the-contestant';
const backend = dockerBackend('/test-home');
const options = { signal: new AbortController().signal };

/** A hostile contestant tries, from inside, to get out; whether it did is looked at from outside. */
describe.skipIf(dockerLack)(needsDocker('a hostile contestant in a container'), () => {
  let run: TestRun;
  let sandbox: Sandbox;
  const bash = async (script: string) => (await runScript(sandbox, script)).output;
  const python = async (code: string) =>
    (await runScript(sandbox, '', { argv: ['python3', '-c', code], command: 'python' })).output;
  const name = () => `mlrb-${run.spec.run_id}`;

  beforeAll(async () => {
    process.env.MLRB_CANARY = CANARY;
    run = await makeRun(backend, { memory_bytes: 500_000_000, disk_bytes: 200_000_000 });
    sandbox = run.sandbox;
  });
  afterAll(async () => {
    delete process.env.MLRB_CANARY;
    await run?.[Symbol.asyncDispose]();
  });

  describe('who it is', () => {
    test('is an ordinary user without capabilities, under seccomp, who can gain none', async () => {
      const status = await bash('cat /proc/self/status; id');
      expect(status).toMatch(/^CapEff:\t0+$/m);
      expect(status).toMatch(/^CapPrm:\t0+$/m);
      expect(status).toMatch(/^CapInh:\t0+$/m);
      expect(status).toMatch(/^CapAmb:\t0+$/m);
      expect(status).toMatch(/^NoNewPrivs:\t1$/m);
      expect(status).toMatch(/^Seccomp:\t2$/m);
      expect(status).not.toMatch(/uid=0|gid=0|groups=.*\b0\b/);
      const host = JSON.parse(docker('inspect', '--format', '{{json .HostConfig}}', name()));
      expect(host.CapAdd.sort()).toEqual(['DAC_OVERRIDE', 'KILL', 'SETGID', 'SETUID'].sort());
      expect(host).toMatchObject({ CapDrop: ['ALL'], Privileged: false, ReadonlyRootfs: true, Init: true });
      expect(host.SecurityOpt).toEqual(['no-new-privileges:true']);
    });

    test('becomes no one else, by no program that runs as its owner', async () => {
      const found = await bash('find / -xdev -perm -4000 -type f 2>/dev/null | head -5');
      const tried = await bash(
        `for p in ${found.trim().split('\n').join(' ')}; do timeout 2 $p root -c id </dev/null; done 2>&1; python3 -c 'import os; os.setuid(0)' 2>&1`,
      );
      expect(tried).not.toMatch(/uid=0|euid=0/);
      expect(tried).toMatch(/Operation not permitted/);
    });

    test('gets no namespace, mount, device, key or kernel program of its own', async () => {
      const output = await python(`
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def attempt(name, *args):
    ctypes.set_errno(0)
    print(name, "refused" if libc.syscall(*args) == -1 else "WORKED")
CLONE_NEWUSER, CLONE_NEWNS = 0x10000000, 0x20000
attempt("unshare user", 272, CLONE_NEWUSER)
attempt("unshare mount", 272, CLONE_NEWNS)
attempt("mount", 165, b"none", b"/tmp", b"tmpfs", 0, None)
attempt("mknod", 133, b"/tmp/sda", 0o60666, os.makedev(8, 0))
attempt("bpf", 321, 0, None, 0)
attempt("add_key", 248, b"user", b"x", b"y", 1, -3)
attempt("init_module", 175, None, 0, b"")
attempt("kexec_load", 246, 0, 0, None, 0)
attempt("open_by_handle_at", 304, -100, None, 0)
attempt("ptrace executor", 101, 16, int(os.getppid()), 0, 0)
attempt("settimeofday", 164, ctypes.byref(ctypes.c_long(0)), None)
attempt("reboot", 169, 0xfee1dead, 672274793, 0x1234567, None)
attempt("setns", 308, os.open("/proc/self/ns/net", os.O_RDONLY), 0)
attempt("chroot", 161, b"/workspace")
`);
      expect(output.trim().split('\n')).toHaveLength(14);
      expect(output).not.toContain('WORKED');
    });
  });

  describe('what it can reach', () => {
    test('only files of the image, its workspace and its data: no socket of Docker, no file of the server', async () => {
      const mounts = await bash('cut -d" " -f5 /proc/self/mountinfo');
      const ours = mounts
        .replaceAll('/usr/sbin/', '/sbin/')
        .split('\n')
        .filter(path => !/^\/(proc|sys|dev)(\/|$)/.test(path) && path !== '');
      expect(ours.sort()).toEqual(
        [
          ...[
            '/',
            '/data',
            '/run',
            '/run/mlrb',
            '/run/mlrb/executor',
            '/run/mlrb/executor.py',
            '/run/mlrb/jobs',
          ],
          ...['/tmp', '/workspace', '/etc/hostname', '/etc/hosts', '/etc/resolv.conf', '/sbin/docker-init'],
        ].sort(),
      );
      expect(
        await bash(
          'find / -name "docker.sock" 2>/dev/null; ls /work /root/.mlrb /home 2>&1 | grep -v "No such"; true',
        ),
      ).not.toMatch(/docker\.sock|runs|main/);
    });

    test('nothing of the executor: its folder, its socket, its memory, its files, its program', async () => {
      const output = await bash(`
for path in /run/mlrb /run/mlrb/executor /run/mlrb/executor/executor.sock /run/mlrb/executor/executor.json /run/mlrb/jobs; do
  ls $path && echo "WORKED ls $path"; cat $path && echo "WORKED cat $path"; echo x > $path && echo "WORKED write $path"
done 2>&1
executor=$PPID
for what in mem environ root/etc/shadow cwd/etc/shadow fd/0 maps; do head -c 1 /proc/$executor/$what && echo "WORKED $what"; done 2>&1
for what in oom_score_adj comm; do echo 1 > /proc/$executor/$what && echo "WORKED write $what"; done 2>&1
kill -9 $executor 1 && echo "WORKED kill"; renice -n 19 $executor && echo "WORKED renice"; true`);
      expect(output).toMatch(/Permission denied/);
      expect(output).not.toContain('WORKED');
      const connected = await python(`
import socket
for path in ("/run/mlrb/executor/executor.sock", "/proc/1/root/run/mlrb/executor/executor.sock"):
    try:
        socket.socket(socket.AF_UNIX).connect(path); print("WORKED")
    except OSError as error:
        print("refused", error.errno)
`);
      expect(connected).toBe('refused 13\nrefused 13\n');
    });

    test('no file that it may not write: image, data, kernel settings, control groups', async () => {
      const output = await bash(`
for path in /etc/passwd /usr/bin/new /run/new /data/words.txt /data/new /proc/sys/kernel/core_pattern /proc/sysrq-trigger \\
  /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max /sys/fs/cgroup/release_agent /sys/kernel/uevent_helper /dev/mem /dev/sda; do
  echo x > $path && echo "WORKED $path"; done 2>&1; rm -f /data/words.txt; chmod 777 /data; true`);
      expect(output).not.toContain('WORKED');
      expect(await readFile(join(run.spec.data_folder ?? '', 'words.txt'), 'utf8')).toBe('one\ntwo\n');
    });

    test('nothing by way of the file tools either, whatever links it lays', async () => {
      await bash(
        'ln -s /run/mlrb out; ln -s /proc/1/root root; ln -s /etc etc; ln /etc/passwd hard 2>/dev/null; true',
      );
      for (const path of [
        'out/executor/executor.json',
        'root/etc/shadow',
        'etc/shadow',
        '/run/mlrb/executor.py',
      ]) {
        await expect(
          sandbox.readFile({ path, start_line: 1, max_bytes: 100 }, options),
          path,
        ).rejects.toThrow();
        await expect(sandbox.writeFile({ path, text: 'x' }, options), path).rejects.toThrow();
      }
      // Links that are swapped while the executor looks: it acts as the contestant, so there is nothing to win.
      const swapping = await startUntilReady(
        sandbox,
        'mkdir -p real; echo ready; while [ ! -e stop ]; do ln -sfn real swap; ln -sfn /run/mlrb/executor swap; done',
      );
      for (let n = 0; n < 200; n += 1) {
        await sandbox.writeFile({ path: 'swap/executor.json', text: 'x' }, options).catch(() => undefined);
      }
      await sandbox.writeFile({ path: 'stop', text: '' }, options);
      await waitFor(sandbox, swapping.job_id);
      const state = await readFile(join(run.spec.run_folder, 'sandbox', 'executor', 'executor.json'), 'utf8');
      expect(JSON.parse(state)).toMatchObject({ run_id: run.spec.run_id, ended: null });
    });

    test('no secret of the server: not in its environment, its processes, its files', async () => {
      const seen = await bash(
        `env; cat /proc/*/environ /proc/*/cmdline 2>/dev/null | tr '\\0' '\\n'; grep -rs '${CANARY.replace('-', '[-]')}' /etc /run /workspace /data /tmp`,
      );
      expect(seen).not.toContain(CANARY);
      expect(
        docker('exec', '--user', '0', name(), 'bash', '-c', 'cat /proc/*/environ | tr "\\0" "\\n"'),
      ).not.toContain(CANARY);
      const { run_folder } = run.spec;
      expect(spawnSync('grep', ['-rlaF', CANARY, run_folder], { encoding: 'utf8' }).stdout).toBe('');
    });

    test('no network: not the host, its services, other machines, the metadata address or names', async () => {
      const service = createServer((_, response) => response.end('host service')).listen(0, '0.0.0.0');
      await new Promise(resolve => service.once('listening', resolve));
      const { port } = service.address() as AddressInfo;
      let met = 0;
      service.on('connection', () => {
        met += 1;
      });
      const addresses = Object.values(networkInterfaces()).flatMap(list =>
        (list ?? []).filter(({ family }) => family === 'IPv4').map(({ address }) => address),
      );
      const output = await python(`
import socket
for address in ${JSON.stringify([...addresses, '172.17.0.1', '10.0.0.1', '192.168.0.1', '169.254.169.254', '1.1.1.1'])}:
    for port in (${port}, 80, 443):
        try:
            socket.create_connection((address, port), timeout=1); print("WORKED", address, port)
        except OSError:
            pass
for name in ("example.org", "host.docker.internal"):
    try:
        print("WORKED", socket.getaddrinfo(name, 80))
    except OSError:
        pass
try:
    socket.socket(socket.AF_INET, socket.SOCK_RAW, 1); print("WORKED raw")
except OSError:
    pass
print("tried")
`);
      service.close();
      expect(output).toBe('tried\n');
      expect(met).toBe(0);
      expect((await bash('ls /sys/class/net')).trim()).toBe('lo');
    });

    test('no evaluation data, in no layer and no mount, though one looks as root', async () => {
      const data = join(PACKAGE_ROOT, 'data');
      await packedDigest(data, 'eval/blimp.jsonl');
      const rows = (await readPacked(data, 'eval/blimp.jsonl')).toString('utf8').trimEnd().split('\n');
      const sentences = rows
        .filter((_, n) => n % 500 === 0)
        .map(row => String(JSON.parse(row).sentence_good));
      expect(sentences.length).toBeGreaterThan(100);
      await writeFile(join(run.spec.run_folder, 'workspace', 'known.txt'), `${sentences[0]}\n`);
      const search = `cat > /tmp/wanted && grep -rlsFf /tmp/wanted / --exclude-dir=proc --exclude-dir=sys --exclude=wanted; true`;
      const found = execFileSync('docker', ['exec', '-i', '--user', '0', name(), 'bash', '-c', search], {
        encoding: 'utf8',
        input: sentences.join('\n'),
        timeout: 110_000,
      });
      expect(found.trim()).toBe('/workspace/known.txt'); // put there for this test: the search finds what is there
    }, 120_000);
  });

  describe('what it can take', () => {
    test('no more memory, also not by files in memory', async () => {
      const job = await runScript(
        sandbox,
        'head -c 2000000000 /dev/zero > /dev/shm/a; head -c 2000000000 /dev/zero > /tmp/b; du -sm /dev/shm /tmp',
      );
      const held = [...job.output.matchAll(/^(\d+)\s+\//gm)].reduce((sum, [, mb]) => sum + Number(mb), 0);
      expect(held).toBeGreaterThan(350);
      expect(held).toBeLessThan(420); // of 500: what holds no process must leave room for those that are there
      for (let n = 0; n < 10; n += 1) expect((await bash('echo on')).trim()).toBe('on');
      await bash('rm -f /dev/shm/a /tmp/b');
    });

    test.each([
      [
        'removed files that are still open',
        'exec 3> gone; rm gone; head -c 300000000 /dev/zero >&3; sleep 60',
        '',
      ],
      [
        'folders too deep to be looked at',
        'd=$(printf "%0250d" 0); for n in {1..18}; do mkdir $d && cd $d || exit; done; head -c 8000000 /dev/zero > x; sleep 60',
        'rm -rf 0*',
      ],
      [
        'many files with nothing in them',
        'mkdir empty; seq 60000 | (cd empty && xargs touch); sleep 60',
        'rm -rf empty',
      ],
    ])('no more disk by %s', async (_, take, giveBack) => {
      const job = await runScript(sandbox, take);
      expect(job).toMatchObject({ state: 'cancelled', ended_by: 'disk_full' });
      if (giveBack !== '') await bash(giveBack);
      await bash('sleep 1.2');
      await expect
        .poll(async () => (await sandbox.usage(options)).disk_bytes, { timeout: 20_000 })
        .toBeLessThan(100_000_000);
      expect((await bash('echo on')).trim()).toBe('on');
    });

    test('no more disk by what writes unseen', async () => {
      await bash('true');
      await pause(2500); // it has looked after the last job
      const hidden = join(run.spec.run_folder, 'workspace', 'hidden'); // written by a process that the executor cannot see at all
      await writeFile(hidden, Buffer.alloc(220_000_000));
      const used = async () => (await sandbox.usage(options)).disk_bytes;
      await expect.poll(used, { timeout: 10_000 }).toBeGreaterThan(219_000_000);
      await rm(hidden);
      await expect.poll(used, { timeout: 30_000 }).toBeLessThan(100_000_000);
    });

    test('no more disk by hiding files from itself', async () => {
      const { disk_bytes: before } = await sandbox.usage(options);
      await bash(
        'mkdir hidden && head -c 50000000 /dev/urandom > hidden/file && chmod 000 hidden; sleep 1.2',
      );
      await pause(1200);
      const { disk_bytes } = await sandbox.usage(options);
      expect(disk_bytes - before).toBeGreaterThan(49_000_000);
      await bash('chmod 700 hidden && rm -r hidden');
    });

    test('no more time by stopping or starving the executor', async () => {
      await using short = await makeRun(backend, { wall_clock_s: 4 });
      const began = Date.now();
      await startUntilReady(
        short.sandbox,
        'kill -STOP $PPID 1 2>/dev/null; for n in $(seq 200); do (while :; do :; done) & done; echo ready; wait',
      );
      const isOn = () => docker('ps', '--quiet', '--filter', `name=mlrb-${short.spec.run_id}`) !== '';
      while (isOn()) await pause(50);
      expect(Date.now() - began).toBeLessThan(8000);
    });

    test('no second life: a daemon that forked twice does not write after the end', async () => {
      await using short = await makeRun(backend);
      await runScript(
        short.sandbox,
        `mkdir submission; echo good > submission/model
         (setsid bash -c '(trap "" TERM HUP; while :; do date +%N > submission/model; sleep 0.01; done) & disown' &)
         until grep -q '^[0-9]' submission/model; do sleep 0.05; done`,
      );
      const cgroup = cgroupOf(`mlrb-${short.spec.run_id}`);
      expect(processesIn(cgroup)).toBeGreaterThan(0);
      await short.sandbox.end('run_ended');
      const model = join(short.spec.run_folder, 'workspace', 'submission', 'model');
      const digest = () => createHash('sha256').update(readFileSync(model)).digest('hex');
      const atTheEnd = digest();
      await pause(300);
      expect(digest()).toBe(atTheEnd);
      expect(processesIn(cgroup)).toBe(0);
    });
  });

  test('and after all of that the run is what it was, and the host has nothing of it', async () => {
    expect(await bash('echo on')).toBe('on\n');
    expect(existsSync('/tmp/sda')).toBe(false);
    expect((await readdir('/run')).includes('new')).toBe(false);
  });
});

/** A server of its own, with all that it may be given to keep, and a contestant who looks for it. */
test.skipIf(dockerLack)(
  needsDocker('no key of a server is in what it leaves of a run: trace, logs, jobs, records and scores'),
  async () => {
    await using home = await makeHome();
    const at = (...names: string[]) => join(home.path, ...names);
    const task = 'nursery_rhymes';
    await cp(join(PACKAGE_ROOT, 'docs', 'examples', 'tasks'), at('tasks'), { recursive: true });
    const manifest = await readFile(at('tasks', task, 'task.yaml'), 'utf8');
    await writeFile(at('tasks', task, 'task.yaml'), manifest.replaceAll('blimp@100', 'blimp@1'));
    const keys = [
      ...['HF_TOKEN', 'ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'AWS_SECRET_ACCESS_KEY'],
      ...['MLRB_RESEARCH_GITHUB_TOKEN', 'MLRB_RESEARCH_SEMANTIC_SCHOLAR_KEY', 'MLRB_RESEARCH_OPENALEX_KEY'],
    ];
    await using me = await connect({
      home: home.path,
      flags: ['--sandbox', 'docker', '--docker-image', TEST_IMAGE, '--evaluation-where', 'local'],
      env: {
        ...Object.fromEntries(keys.map(key => [key, `${CANARY}-${key}`])),
        MLRB_TASKS: at('tasks'),
        MLRB_LOG_LEVEL: 'trace',
      },
      by: ['bash', '-c', 'exec "$@" 2>> "$0"', at('server.log')],
    });
    const { data: run } = await me.ok('start_run', { task_id: task });
    const seen = await me.ok('run_bash', { script: `env; echo ${MARK}; cat /proc/*/environ` });
    expect(seen.text).not.toContain(CANARY);
    await me.call('run_python', { code: 'import os; raise SystemExit(str(dict(os.environ)))' });
    await me.call('read_code', { path: '/proc/self/environ' });
    await me.call('submit_model', { model_path: 'no_such_folder' });
    await me.ok('submit_model', { model_path: 'example_submission' });
    let result = await me.ok('get_result', { wait_s: 50 });
    while (result.data.outcome === undefined) result = await me.ok('get_result', { wait_s: 50 });
    const filesWith = (word: string) =>
      spawnSync('grep', ['-rlaF', word, home.path], { encoding: 'utf8' }).stdout.split('\n').filter(Boolean);
    const folder = at('runs', String(run.run_id));
    expect(filesWith(MARK)).toContain(join(folder, 'trace.jsonl')); // the search finds what is there
    expect(filesWith('evaluat')).toContain(join(folder, 'run.json'));
    expect(filesWith(CANARY)).toEqual([]);
  },
  300_000,
);

/** Folders of the container's control groups on this host, by the processes that the engine names. */
function cgroupOf(container: string): readonly string[] {
  const pid = docker('inspect', '--format', '{{.State.Pid}}', container);
  const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').trim().split('\n');
  return lines.map(line => {
    const [, controller = '', path = ''] = line.split(':');
    return join('/sys/fs/cgroup', controller.replace(/^name=/, ''), path);
  });
}

function processesIn(folders: readonly string[]): number {
  const files = folders.map(folder => join(folder, 'cgroup.procs')).filter(existsSync);
  return files.flatMap(file => readFileSync(file, 'utf8').trim().split('\n').filter(Boolean)).length;
}
