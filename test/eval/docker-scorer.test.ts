import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { availableParallelism, networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { dockerScorer } from '../../src/eval/docker-scorer.js';
import type { ScorerRequest } from '../../src/eval/scorer-request.js';
import { homeLabel } from '../../src/sandbox/docker/run-container.js';
import { docker, dockerLack, needsDocker, SOCKET, TEST_IMAGE } from '../helpers/docker.js';
import { canMount, smallDisk } from '../helpers/small-disk.js';

const CANARY = 'canary-7d20-server-secret';
/** Says each line of what it tried, and how that went, as a scorer says what it found. */
const PROGRAM_HEAD = `
import ctypes, json, os, socket, sys
request = json.loads(sys.stdin.readline())
out = os.fdopen(3, "w")
def say(**line):
    out.write(json.dumps(line) + "\\n"); out.flush()
def attempt(name, act):
    try:
        found = act()
    except Exception as error:
        say(attempt=name, worked=False, said=type(error).__name__)
    else:
        say(attempt=name, worked=True, said=str(found)[:2000])
def refusing(number):
    if number == -1: raise PermissionError()
    return number
libc = ctypes.CDLL(None, use_errno=True)
`;

interface Said {
  readonly attempt: string;
  readonly worked: boolean;
  readonly said: string;
}

/** A submission that has taken over the whole scorer tries, from inside, to get out or to change what others will see. */
describe.skipIf(dockerLack)(needsDocker('a hostile program in the place of the scorer'), () => {
  let folder: string;
  const home = `/test-home-${process.pid}`;
  const at = (...names: string[]) => join(folder, ...names);
  const containers = () => docker('ps', '--all', '--quiet', '--filter', `label=mlrb.home=${homeLabel(home)}`);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mlrb-scorer-'));
    for (const name of ['submission', 'blimp', 'scorer', 'elsewhere']) await mkdir(at(name));
    await writeFile(at('submission', 'config.json'), '{"is": "the submission"}');
    await writeFile(at('blimp', 'rows.jsonl'), '{"is": "the data"}\n');
    await writeFile(at('elsewhere', 'secret'), CANARY);
    process.env.MLRB_CANARY = CANARY;
  });
  afterAll(async () => {
    delete process.env.MLRB_CANARY;
    await rm(folder, { recursive: true, force: true });
  });

  async function take(code: string, { memoryBytes = 200e6, killAtWord = false } = {}) {
    await rm(at('log'), { force: true });
    const script = at('scorer', 'score.py');
    await writeFile(script, PROGRAM_HEAD + code);
    const request: ScorerRequest = {
      model_folder: at('submission'),
      architecture: 'causal',
      suites: [{ suite: 'blimp', folder: at('blimp'), rows: 1 }],
      text_path: null,
      scratch: at('scratch'),
      rows_folder: at('rows'),
      device: 'cpu',
      memory_bytes: memoryBytes,
      seed: 1,
    };
    const start = dockerScorer({ socket: SOCKET, image: async () => TEST_IMAGE, home });
    const scorer = await start(request, {
      python: 'unused',
      script,
      logPath: at('log'),
      timeLimitS: 60,
      onProgress: () => undefined,
      signal: new AbortController().signal,
    });
    const said: Said[] = [];
    for await (const line of scorer.lines) {
      said.push(JSON.parse(String(line)));
      if (killAtWord) scorer.kill();
    }
    const end = await scorer.ended;
    const worked = said.filter(each => each.worked).map(({ attempt }) => attempt);
    return { said, worked, end, of: (name: string) => said.find(({ attempt }) => attempt === name)?.said };
  }

  test('is no one, under seccomp, and becomes no one else', async () => {
    const { of, worked, end } = await take(`
attempt("status", lambda: open("/proc/self/status").read()[-1500:])
attempt("ids", lambda: (os.getuid() != 0, os.getgid() != 0, os.getgroups()))
attempt("setuid", lambda: os.setuid(0))
attempt("setgid", lambda: os.setgid(0))
attempt("unshare user", lambda: refusing(libc.syscall(272, 0x10000000)))
attempt("unshare mount", lambda: refusing(libc.syscall(272, 0x20000)))
attempt("mount", lambda: refusing(libc.mount(b"none", b"/tmp", b"tmpfs", 0, None)))
attempt("kill init", lambda: os.kill(1, 9) or open("/nowhere"))
attempt("mknod", lambda: os.mknod("/tmp/sda", 0o60666, os.makedev(8, 0)))
`);
    expect(worked).toEqual(['status', 'ids']);
    expect(of('ids')).toMatch(/^\(True, True, \[(?!0\b)\d*\]\)$/);
    expect(of('status')).toMatch(/CapEff:\t0+\n[\s\S]*NoNewPrivs:\t1\nSeccomp:\t2\n/);
    expect(end).toMatchObject({ exitCode: 0, isOutOfMemory: false, writeFault: null });
    expect(containers()).toBe('');
  });

  test('reaches no network: not the host, not the metadata address, no name', async () => {
    let visits = 0;
    const service = createServer(connection => {
      visits += 1;
      connection.end();
    }).listen(0, '::');
    await once(service, 'listening');
    const { port } = service.address() as AddressInfo;
    const addresses = Object.values(networkInterfaces()).flatMap(list =>
      (list ?? []).map(({ address }) => address),
    );
    const { worked, of } = await take(`
attempt("interfaces", lambda: os.listdir("/sys/class/net"))
for address in ${JSON.stringify([...addresses, '172.17.0.1', '169.254.169.254', '1.1.1.1', '10.0.0.1'])}:
    for port in (${port}, 80, 443):
        attempt("%s %d" % (address, port), lambda: socket.create_connection((address, port), timeout=2))
for name in ("example.org", "host.docker.internal", "huggingface.co"):
    attempt(name, lambda: socket.getaddrinfo(name, 443))
attempt("raw", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))
attempt("docker", lambda: socket.socket(socket.AF_UNIX).connect("/var/run/docker.sock"))
`);
    service.close();
    expect(worked).toEqual(['interfaces']);
    expect(of('interfaces')).toBe("['lo']");
    expect(visits).toBe(0);
  });

  test('sees the submission, the data of its suites and nothing else of the host', async () => {
    const { worked, of } = await take(`
attempt("submission", lambda: open(request["model_folder"] + "/config.json").read())
attempt("data", lambda: open(request["suites"][0]["folder"] + "/rows.jsonl").read())
for path in ${JSON.stringify([at('elsewhere', 'secret'), at('submission', 'config.json'), '/root', '/etc/shadow', '/var/run/docker.sock', '/proc/kcore'])}:
    attempt(path, lambda: os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(10))
attempt("mounts", lambda: sorted({line.split()[4] for line in open("/proc/self/mountinfo")} - {"/"}))
attempt("processes", lambda: len([pid for pid in os.listdir("/proc") if pid.isdigit()]))
def environments():
    found = b""
    for pid in os.listdir("/proc"):
        if pid.isdigit():
            try: found += open("/proc/%s/environ" % pid, "rb").read()
            except OSError: pass
    return found
attempt("environments", environments)
`);
    expect(worked).toEqual(['submission', 'data', 'mounts', 'processes', 'environments']);
    expect(of('submission')).toBe('{"is": "the submission"}');
    const ours = (of('mounts') ?? '').match(/'[^']+'/g)?.map(path => path.slice(1, -1)) ?? [];
    expect(ours.filter(path => !/^\/(proc|sys|dev|etc)\b|docker-init$/.test(path))).toEqual(
      ['/evaluation/0', '/rows', '/scorer', '/scratch', '/submission', '/tmp'].sort(),
    );
    expect(Number(of('processes'))).toBeLessThan(6);
    expect(of('environments')).not.toContain(CANARY);
    expect(of('environments')).toContain('HF_HUB_OFFLINE');
  });

  test('writes into its rows and memory, and nowhere else', async () => {
    const targets = [
      ...['/submission/config.json', '/submission/new', '/evaluation/0/rows.jsonl', '/evaluation/0/new'],
      ...[
        '/scorer/score.py',
        '/scorer/new',
        '/etc/passwd',
        '/usr/lib/python3/new',
        '/var/tmp/new',
        '/root/new',
        '/home/new',
      ],
      ...[
        '/new',
        '/evaluation/new',
        '/proc/sys/kernel/core_pattern',
        '/sys/fs/cgroup/memory.max',
        '/dev/new',
      ],
    ];
    const { worked } = await take(`
for path in ${JSON.stringify(targets)}:
    attempt(path, lambda: open(path, "a").write("x"))
attempt("chmod", lambda: os.chmod("/submission", 0o777))
attempt("link out", lambda: os.link("/submission/config.json", "/scratch/config.json"))
for path in ("/scratch/new", "/rows/new", "/tmp/new"):
    attempt(path, lambda: open(path, "w").write("x"))
attempt("folders for what libraries keep", lambda: os.rmdir(os.environ["TMPDIR"]) or os.rmdir(os.environ["HF_HOME"]))
os.symlink("/submission/config.json", "/scratch/way")
attempt("by a link", lambda: open("/scratch/way", "a").write("x"))
`);
    expect(worked).toEqual([...['/scratch/new', '/rows/new', '/tmp/new', 'folders for what libraries keep']]);
    expect(await readFile(at('submission', 'config.json'), 'utf8')).toBe('{"is": "the submission"}');
    expect(await readdir(at('submission'))).toEqual(['config.json']);
    expect(await readdir(at('blimp'))).toEqual(['rows.jsonl']);
    expect(readFileSync(at('scorer', 'score.py'), 'utf8')).toContain(PROGRAM_HEAD);
    expect(await readdir(at('rows'))).toEqual(['new']);
    expect(existsSync(at('scratch'))).toBe(false); // it is in memory
  });

  test('takes no more memory than it is given, and that is said', async () => {
    const { end, worked } = await take('x = bytearray(10 ** 10)\nattempt("memory", lambda: len(x))', {
      memoryBytes: 100e6,
    });
    expect(worked).toEqual([]);
    expect(end).toMatchObject({ isOutOfMemory: true });
    expect(containers()).toBe('');
  });

  test('is ended when it writes more than rows take, in however many files, and what it wrote is removed', async () => {
    const { end, worked, of } = await take(`
import time
def write(name, size):
    file = os.open("/rows/" + name, os.O_CREAT | os.O_WRONLY)
    os.posix_fallocate(file, 0, size)
attempt("one large file", lambda: write("large", 2 * 10 ** 9))
attempt("memory", lambda: [os.statvfs(path).f_blocks * os.statvfs(path).f_frsize for path in ("/scratch", "/tmp")])
for number in range(12):
    write(str(number), 10 ** 8)
attempt("many files", lambda: len(os.listdir("/rows")))
time.sleep(1000)
`);
    expect(worked).toEqual(['memory', 'many files']);
    for (const bytes of JSON.parse(of('memory') ?? '[]')) expect(bytes).toBeLessThanOrEqual(1.01e9);
    expect(end).toMatchObject({ signal: 'SIGKILL', writeFault: 'too_much' });
    expect(existsSync(at('rows'))).toBe(false);
    expect(containers()).toBe('');
  });

  test.each([
    ['a link', 'os.symlink("/etc/passwd", "/rows/blimp.jsonl")'],
    ['a pipe', 'os.mkdir("/rows/blimp"); os.mkfifo("/rows/blimp/some.jsonl")'],
    [
      'files too deep to be looked at',
      'os.chdir("/rows"); [(os.mkdir("d" * 200), os.chdir("d" * 200)) for _ in range(30)]; open("file", "w").write("x")',
    ],
  ])('does no harm where this host looks for rows with %s: they are removed', async (_what, code) => {
    const { end, worked } = await take(`${code}\nattempt("written", lambda: True)`);
    expect(worked).toEqual(['written']);
    expect(end).toMatchObject({ writeFault: 'strange' });
    expect(existsSync(at('rows'))).toBe(false);
  });

  test.skipIf(!canMount())('is ended before the disk is full of files that no folder shows', async () => {
    await mkdir(at('rows'), { recursive: true });
    using _ = smallDisk(at('rows'), 64);
    const { end, worked } = await take(`
import time
file = os.open("/rows/unseen", os.O_CREAT | os.O_WRONLY)
os.unlink("/rows/unseen")
attempt("write", lambda: os.posix_fallocate(file, 0, 40 * 2 ** 20))
time.sleep(1000)
`);
    expect(worked).toEqual(['write']);
    expect(end).toMatchObject({ signal: 'SIGKILL', writeFault: 'disk_nearly_full' });
  });

  test('fills no log either, and has a share of the processors', async () => {
    const { end, of } = await take(`
for _ in range(60):
    os.write(2, b"x" * 999999 + b"\\n")
def processors():
    try:
        quota, period = open("/sys/fs/cgroup/cpu.max").read().split()
    except OSError:
        quota, period = (open("/sys/fs/cgroup/cpu/cpu.cfs_%s_us" % name).read() for name in ("quota", "period"))
    return float(quota) / float(period)
attempt("processors", processors)
`);
    const all = availableParallelism();
    expect(Number(of('processors'))).toBe(all > 2 ? all - 1 : all);
    expect(end).toMatchObject({ exitCode: 0 });
    const logBytes = async () => (await stat(at('log'))).size;
    await vi.waitFor(async () => expect(await logBytes()).toBeGreaterThan(49e6), 30_000);
    expect(await logBytes()).toBeLessThan(51e6);
  });

  test('can be ended at any time, though it keeps the first process of its container from going on', async () => {
    const { end, worked } = await take(
      `
import time
attempt("stop init", lambda: refusing(libc.ptrace(16, 1, 0, 0)))
time.sleep(1000)
`,
      { killAtWord: true },
    );
    expect(worked.length).toBeLessThanOrEqual(1);
    expect(end).toMatchObject({ signal: 'SIGKILL' });
    expect(containers()).toBe('');
  });

  test('has no more processes than a bound, and none outlives it', async () => {
    const { of, end } = await take(`
import signal, time
count = 0
try:
    while count < 5000:
        if os.fork() == 0:
            os.setsid(); signal.pause()
        count += 1
except OSError:
    pass
attempt("forks", lambda: count)
os._exit(0)
`);
    expect(Number(of('forks'))).toBeGreaterThan(100);
    expect(Number(of('forks'))).toBeLessThanOrEqual(1024);
    expect(end).toMatchObject({ exitCode: 0 });
    expect(containers()).toBe('');
  });
});
