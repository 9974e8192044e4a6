import { execFileSync } from 'node:child_process';
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { chown, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, MAIN } from '../helpers/contestant.js';
import { docker, dockerLack, needsDocker, SOCKET, TEST_IMAGE } from '../helpers/docker.js';

/** Any user that this host need not know. */
const USER = 12_345;

/** A server that an ordinary user runs, who may do no more than use the engine's socket. */
const lack = dockerLack ?? whyNoOtherUser();

describe.skipIf(lack)(
  lack === undefined
    ? needsDocker('a server that is not root')
    : `a server that is not root (skipped: ${lack})`,
  () => {
    let home: string;
    const by = () => [
      ...[
        'setpriv',
        `--reuid=${USER}`,
        `--regid=${USER}`,
        `--groups=${statSync(SOCKET).gid}`,
        '--no-new-privs',
        '--',
      ],
    ];
    const mlrb = (...args: string[]) => {
      const [program = '', ...rest] = [...by(), process.execPath, MAIN, ...args, '--home', home];
      return execFileSync(program, rest, {
        encoding: 'utf8',
        env: { PATH: process.env.PATH ?? '', HOME: home },
      });
    };
    const containers = (runId: unknown) => docker('ps', '--all', '--quiet', '--filter', `name=mlrb-${runId}`);

    beforeAll(async () => {
      home = await mkdtemp(join(tmpdir(), 'mlrb-user-'));
      await writeFile(
        join(home, 'config.json'),
        JSON.stringify({ sandbox: 'docker', docker: { image: TEST_IMAGE } }),
      );
      await chown(home, USER, USER);
    });
    afterAll(async () => {
      await rm(home, { recursive: true, force: true });
    });

    test.each(['none', 'open'])(
      'holds runs (network: %s), whose files are its own, and ends them without a rest',
      async network => {
        await using me = await connect({
          home,
          by: by(),
          principal: network,
          env: { MLRB_DOCKER_NETWORK: network },
        });
        const { data: run } = await me.ok('start_run', { task_id: 'mini_baby_lm' });
        expect(readFileSync(`/proc/${me.pid}/status`, 'utf8')).toMatch(
          new RegExp(`^Uid:\t${USER}\t${USER}\t`, 'm'),
        );
        await me.ok('write_code', { path: 'from_tool.py', code: 'print("hello")' });
        const { data } = await me.ok('run_bash', {
          script:
            'id -u; python3 from_tool.py; mkdir made; touch made/file; grep -E "^(CapEff|NoNewPrivs)" /proc/self/status',
        });
        expect(data.output).toBe(`${USER}\nhello\nCapEff:\t0000000000000000\nNoNewPrivs:\t1`);
        const workspace = join(home, 'runs', String(run.run_id), 'workspace');
        for (const name of ['from_tool.py', 'made', 'made/file', 'README.md', '.jobs']) {
          expect((await stat(join(workspace, name))).uid, name).toBe(USER);
        }
        // The contestant is the server's own user here: what keeps it from the executor are not the owners of files.
        const tried = await me.ok('run_bash', {
          script: `for path in /run/mlrb /run/mlrb/executor /run/mlrb/jobs /run/mlrb/egress /proc/$PPID/root/run/mlrb /proc/$PPID/fd; do
        ls $path && echo "WORKED $path"; done; kill -0 $PPID && echo "WORKED kill"; true`,
        });
        expect(tried.data.output).not.toContain('WORKED');
        mlrb('cancel', String(run.run_id));
        expect(containers(run.run_id)).toBe('');
        execFileSync('setpriv', [
          `--reuid=${USER}`,
          `--regid=${USER}`,
          '--clear-groups',
          'rm',
          '-r',
          join(home, 'runs', String(run.run_id)),
        ]);
        expect(await readdir(join(home, 'runs'))).not.toContain(run.run_id);
      },
    );

    test('is told in one sentence where its user may not use the socket', async () => {
      const nobody = ['setpriv', `--reuid=${USER}`, `--regid=${USER}`, '--clear-groups', '--'];
      await using me = await connect({ home, by: nobody, principal: 'nobody' });
      const refused = await me.call('start_run', { task_id: 'mini_baby_lm' });
      expect(refused.isError).toBe(true);
      expect(refused.text).toMatch(
        /^This user may not use Docker's socket .* Add the user to the group "docker"/,
      );
    });
  },
);

/** Why no other user can be had here; undefined where one can. Where the tests are not root's, all others on Docker show the same. */
function whyNoOtherUser(): string | undefined {
  if (process.getuid?.() !== 0)
    return "only root can become another user; the other tests on Docker are an ordinary user's already";
  try {
    execFileSync('setpriv', ['--version'], { stdio: 'ignore' });
  } catch {
    return 'there is no setpriv';
  }
  if (statSync(SOCKET).gid === 0) return "the engine's socket is for root alone";
  for (let folder = dirname(MAIN); folder !== '/'; folder = dirname(folder)) {
    accessSync(folder, constants.X_OK);
    if ((statSync(folder).mode & 0o005) !== 0o005) return `${folder} is closed to other users`;
  }
  return undefined;
}
