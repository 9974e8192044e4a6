import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/errors.js';
import { DockerBackend, type EgressOptions } from '../../src/sandbox/docker/docker-backend.js';
import { parseAllowed } from '../../src/sandbox/docker/egress-rules.js';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import { makeRun, runScript, type TestRun } from '../contract/sandbox.js';
import { docker, dockerLack, needsDocker, SOCKET, TEST_IMAGE } from '../helpers/docker.js';

const EGRESS_PROGRAM = new URL('../../src/sandbox/docker/egress.py', import.meta.url).pathname;

function openBackend(egress: Partial<EgressOptions> = {}): DockerBackend {
  return new DockerBackend({
    socket: SOCKET,
    image: async () => TEST_IMAGE,
    home: '/test-home',
    network: 'open',
    egress: { network: 'bridge', allow: '', ...egress },
  });
}

describe.skipIf(dockerLack)(needsDocker('a run with an open network'), () => {
  /** Stands for the world: a server in a container of its own, which the run may reach though its address is private. */
  let world: { readonly id: string; readonly address: string; readonly folder: string };
  /** A service of this host, and how often someone came. */
  let host: Server;
  let visits = 0;
  let run: TestRun;
  let sandbox: Sandbox;
  const python = async (code: string) =>
    (await runScript(sandbox, '', { argv: ['python3', '-c', code], command: 'python' })).output;
  const hostPort = () => (host.address() as AddressInfo).port;
  const egressOf = ({ spec }: TestRun) => `mlrb-${spec.run_id}-egress`;

  beforeAll(async () => {
    host = createServer(socket => {
      visits += 1;
      socket.end('HTTP/1.0 200 OK\r\n\r\nthe host');
    }).listen(0, '::');
    await once(host, 'listening');
    const folder = await mkdtemp(join(tmpdir(), 'mlrb-world-'));
    await writeFile(join(folder, 'hello'), 'hello from outside');
    await writeFile(join(folder, 'large'), Buffer.alloc(30e6, 'abcdefg'));
    const id = docker(
      ...['run', '--detach', '--volume', `${folder}:/served:ro`, '--workdir', '/served', TEST_IMAGE],
      ...['python3', '-m', 'http.server', '8000'],
    );
    const address = docker('inspect', '--format', '{{.NetworkSettings.IPAddress}}', id);
    world = { id, address, folder };
    // Ports are let through, so that nothing but its address keeps the run from a service of the host.
    run = await makeRun(openBackend({ allow: `${address}:8000`, ports: [80, 443, hostPort()] }));
    sandbox = run.sandbox;
  });
  afterAll(async () => {
    await run?.[Symbol.asyncDispose]();
    host?.close();
    if (world !== undefined) {
      docker('rm', '--force', world.id);
      await rm(world.folder, { recursive: true });
    }
  });

  /** Asks the proxy for a tunnel, as a hostile program would: the first line of its answer, and what is in it. */
  const tunnel = (target: string) =>
    python(`
import socket
s = socket.create_connection(("127.0.0.1", 3128), timeout=30)
s.sendall(${JSON.stringify(`CONNECT ${target} HTTP/1.1\r\nHost: x\r\n\r\n`)}.encode())
s.settimeout(30)
answer = b""
while True:
    data = s.recv(65536)
    answer += data
    if not data or b"200 Connection" in answer: break
print(answer.decode())
`);

  test('fetches what is outside, as programs do that know nothing of it: by the environment', async () => {
    const fetched = await python(`
import hashlib, urllib.request
print(urllib.request.urlopen("http://${world.address}:8000/hello").read().decode())
data = urllib.request.urlopen("http://${world.address}:8000/large").read()
print(len(data), hashlib.sha256(data).hexdigest())
`);
    const digest = execFileSync('sha256sum', [join(world.folder, 'large')], { encoding: 'utf8' }).split(
      ' ',
    )[0];
    expect(fetched).toBe(`hello from outside\n30000000 ${digest}\n`);
  });

  test('has tunnels for what is encrypted', async () => {
    const said = await python(`
import socket
s = socket.create_connection(("127.0.0.1", 3128), timeout=30)
s.sendall(b"CONNECT ${world.address}:8000 HTTP/1.1\\r\\n\\r\\n")
assert s.recv(1000).startswith(b"HTTP/1.1 200")
s.sendall(b"GET /hello HTTP/1.0\\r\\n\\r\\n")
answer = b""
while True:
    data = s.recv(65536)
    if not data: break
    answer += data
print(answer.decode().splitlines()[-1])
`);
    expect(said).toBe('hello from outside\n');
  });

  test('has no other way: no interface but loopback, and no names', async () => {
    expect((await runScript(sandbox, 'ls /sys/class/net; cat /proc/net/route | tail -n +2')).output).toBe(
      'lo\n',
    );
    const state = JSON.parse(
      docker('inspect', '--format', '{{json .HostConfig}}', `mlrb-${run.spec.run_id}`),
    );
    expect(state).toMatchObject({ NetworkMode: 'none' });
    const direct = await python(`
import socket
for target in (("${world.address}", 8000), ("1.1.1.1", 443), ("172.17.0.1", ${hostPort()})):
    try:
        socket.create_connection(target, timeout=2); print("WORKED", target)
    except OSError as error:
        print(error.errno)
try:
    print("WORKED", socket.getaddrinfo("example.org", 443))
except OSError:
    print("no name")
`);
    expect(direct).toBe('101\n101\n101\nno name\n');
  });

  describe('is kept from', () => {
    const ownAddresses = Object.values(networkInterfaces())
      .flatMap(list => list ?? [])
      .map(({ address, family }) => (family === 'IPv6' ? `[${address}]` : address));

    test.each([...new Set(ownAddresses)])('the host at its address %s', async address => {
      visits = 0;
      expect(await tunnel(`${address}:${hostPort()}`)).toMatch(
        /^HTTP\/1\.1 403 [\s\S]*cannot be reached from a run/,
      );
      expect(visits).toBe(0);
    });

    test.each([
      [
        'the proxy itself',
        [
          '127.0.0.1',
          'localhost',
          '127.1',
          '2130706433',
          '0x7f000001',
          '017700000001',
          '0.0.0.0',
          '[::1]',
          '[::]',
          '[::ffff:127.0.0.1]',
        ],
      ],
      [
        'the metadata of clouds',
        [
          '169.254.169.254',
          '[fd00:ec2::254]',
          '168.63.129.16',
          '100.100.100.200',
          '192.0.0.192',
          '[::ffff:169.254.169.254]',
          '2852039166',
        ],
      ],
      [
        'private networks',
        [
          '10.0.0.1',
          '172.16.0.1',
          '172.31.255.255',
          '192.168.0.1',
          '100.64.0.1',
          '[fd00::1]',
          '[fc00::1]',
          '[fe80::1]',
          '[::ffff:10.0.0.1]',
          '[64:ff9b::a00:1]',
          '[2002:a00:1::1]',
        ],
      ],
      [
        'everything that is no single public address',
        ['224.0.0.1', '255.255.255.255', '240.0.0.1', '198.18.0.1', '[ff02::1]', '[2001:db8::1]'],
      ],
    ])('%s, however it is written', async (_, addresses) => {
      const said = await python(`
import socket
for address in ${JSON.stringify(addresses)}:
    for request in ("CONNECT %s:80 HTTP/1.1\\r\\n\\r\\n", "GET http://%s/ HTTP/1.1\\r\\nHost: public.example\\r\\n\\r\\n"):
        s = socket.create_connection(("127.0.0.1", 3128), timeout=60)
        s.sendall((request % address).encode())
        print(address, s.recv(100).split(b"\\r\\n")[0].decode())
`);
      expect(said).toBe(addresses.map(address => `${address} HTTP/1.1 403 Forbidden\n`.repeat(2)).join(''));
    });

    test('a name that leads to a private address', async () => {
      const name = docker('inspect', '--format', '{{.Config.Hostname}}', egressOf(run)); // its own, in its file of hosts
      expect(await tunnel(`${name}:80`)).toMatch(/^HTTP\/1\.1 403 /);
    });

    test('ports that are not let through, also of addresses that may be reached', async () => {
      expect(await tunnel('1.1.1.1:22')).toMatch(/^HTTP\/1\.1 403 [\s\S]*on port 80 or 443/);
      expect(await tunnel(`${world.address}:80`)).toMatch(/^HTTP\/1\.1 403 /);
    });

    test('other runs, and what they reach the outside through', async () => {
      await using other = await makeRun(openBackend());
      const { IPAddress } = JSON.parse(
        docker('inspect', '--format', '{{json .NetworkSettings}}', egressOf(other)),
      );
      expect(await tunnel(`${IPAddress}:3128`)).toMatch(/^HTTP\/1\.1 403 /);
      await expect(
        runScript(other.sandbox, 'python3 -m http.server 3129 & sleep 0.2'),
      ).resolves.toBeDefined();
      expect(await tunnel('127.0.0.1:3129')).toMatch(/^HTTP\/1\.1 403 /);
      // What one run may reach, another need not.
      const said = await runScript(other.sandbox, '', {
        argv: [
          'python3',
          '-c',
          `import urllib.request as u; u.urlopen("http://${world.address}:8000/hello")`,
        ],
      });
      expect(said.output).toMatch(/HTTP Error 403/);
    });

    test('the proxy: its files, its socket, its process', async () => {
      const tried = await runScript(
        sandbox,
        'ls /run/mlrb/egress /egress; cat /run/mlrb/egress/requests.jsonl; ls /proc/[0-9]*/exe; true',
      );
      expect(tried.output).not.toMatch(/egress\.sock|requests\.jsonl$|"host"/m);
      expect((await runScript(sandbox, 'cat /proc/[0-9]*/cmdline | tr "\\0" " "')).output).not.toContain(
        'egress.py',
      );
      const limits = JSON.parse(docker('inspect', '--format', '{{json .HostConfig}}', egressOf(run)));
      expect(limits).toMatchObject({
        CapDrop: ['ALL'],
        ReadonlyRootfs: true,
        Privileged: false,
        CapAdd: null,
      });
      expect(docker('inspect', '--format', '{{.Config.User}}', egressOf(run))).not.toMatch(/^0?(:|$)/);
    });
  });

  test('answers what is no request for a proxy with a sentence', async () => {
    const said = await python(`
import socket
for request in (b"GET / HTTP/1.1\\r\\n\\r\\n", b"\\x16\\x03\\x01 hello\\r\\n\\r\\n", b"CONNECT  HTTP/1.1\\r\\n\\r\\n", b"GET http:// HTTP/1.1\\r\\n\\r\\n", b"CONNECT a:99999 HTTP/1.1\\r\\n\\r\\n"):
    s = socket.create_connection(("127.0.0.1", 3128), timeout=30)
    s.sendall(request)
    print(s.recv(100).split(b"\\r\\n")[0].decode())
`);
    expect(said).toBe('HTTP/1.1 400 Bad Request\n'.repeat(5));
    expect(await tunnel('no-such-name.invalid:443')).toMatch(/^HTTP\/1\.1 502 [\s\S]*could not be resolved/);
  });

  test('writes down whom it was asked for, and what became of it', async () => {
    const path = join(run.spec.run_folder, 'sandbox', 'egress', 'requests.jsonl');
    const rows = (await readFile(path, 'utf8'))
      .trim()
      .split('\n')
      .map(line => JSON.parse(line));
    expect(rows).toContainEqual(
      expect.objectContaining({ host: world.address, port: 8000, address: world.address, refused: null }),
    );
    expect(rows.find(({ received }) => received > 30e6)).toMatchObject({ host: world.address });
    expect(rows.find(({ host }) => host === '169.254.169.254').refused).toMatch(/cannot be reached/);
  });

  test('reaches the outside again when what leads there was started anew', async () => {
    docker('restart', '--time', '0', egressOf(run));
    const fetched = await python(
      `import urllib.request as u; print(u.urlopen("http://${world.address}:8000/hello", timeout=30).read().decode())`,
    );
    expect(fetched).toBe('hello from outside\n');
  });

  test('is not taken for the run itself where the container of that is gone', async () => {
    const short = await makeRun(openBackend());
    docker('rm', '--force', `mlrb-${short.spec.run_id}`);
    expect((await runScript(short.sandbox, 'echo on')).output).toBe('on\n');
    await short[Symbol.asyncDispose]();
  });

  test('leaves nothing behind at its end', async () => {
    const short = await makeRun(openBackend());
    const there = () => docker('ps', '--all', '--quiet', '--filter', `name=mlrb-${short.spec.run_id}`);
    expect(there().split('\n')).toHaveLength(2);
    await short.sandbox.end('run_ended');
    expect(there()).toBe('');
    await short[Symbol.asyncDispose]();
  });

  test('is refused in a sentence where the network that leads outside is not there', async () => {
    const made = makeRun(openBackend({ network: 'mlrb-no-such-network' }));
    await expect(made).rejects.toBeInstanceOf(ConfigError);
    await expect(made).rejects.toThrow(/docker\.egress_network/);
  });
});

describe('addresses that an operator lets runs reach', () => {
  test('are given with or without a port', () => {
    expect(parseAllowed('10.0.0.5:8080 10.1.0.0/16  [fd00::1]:443 [fd00::]/8')).toEqual([
      { network: '10.0.0.5', port: 8080 },
      { network: '10.1.0.0/16', port: null },
      { network: 'fd00::1', port: 443 },
      { network: 'fd00::/8', port: null },
    ]);
    expect(parseAllowed('')).toEqual([]);
  });

  test.each(['mirror.local', '10.0.0.300', '10.0.0.0/33', '10.0.0.1:99999', 'fd00::1', '[10.0.0.1]'])(
    'are refused in a sentence where they are none: %s',
    entry => {
      expect(() => parseAllowed(`10.0.0.1 ${entry}`)).toThrow(ConfigError);
      expect(() => parseAllowed(entry)).toThrow(/docker\.egress_allow holds/);
    },
  );

  test('are the only private ones, and public ones need no leave', async () => {
    expect((await stat(EGRESS_PROGRAM)).isFile()).toBe(true);
    const code = `
import sys; sys.dont_write_bytecode = True; sys.path.insert(0, ${JSON.stringify(join(EGRESS_PROGRAM, '..'))})
import egress
rules = egress.Rules([80, 443], ["203.0.114.0/24"], [{"network": "10.0.0.5", "port": 8080}])
print([rules.may_reach(*at) for at in (("1.1.1.1", 443), ("2606:4700:4700::1111", 80), ("::ffff:1.1.1.1", 80), ("10.0.0.5", 8080))])
print([rules.may_reach(*at) for at in (("1.1.1.1", 8080), ("203.0.114.7", 443), ("10.0.0.5", 443), ("10.0.0.6", 8080), ("::ffff:203.0.114.7", 80))])
`;
    const said = execFileSync('python3', ['-c', code], { encoding: 'utf8' });
    expect(said).toBe('[True, True, True, True]\n[False, False, False, False, False]\n');
  });
});
