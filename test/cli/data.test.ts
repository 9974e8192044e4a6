import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MAIN } from '../helpers/contestant.js';
import { freshFolder, needsTestData, TEST_DATA, testDataLack } from '../helpers/data.js';
import { type HubServer, startHub } from '../helpers/hub-server.js';
import { mlrb, startMlrb } from './mlrb.js';

const TOKEN = 'hf_forTestsOnly';
const ROW = JSON.stringify({ conversations: ['why '.repeat(100), 'So.'], source: 'test' });
/** Some 450 kB. */
const LIMA = `${Array(1000).fill(ROW).join('\n')}\n`;

let home: string;
let hub: HubServer;
beforeEach(async () => {
  home = freshFolder();
  hub = await startHub({
    'GAIR/lima': {
      commit: '68958e98267f5fb4a52a03ebcdae4ae59213fa7c',
      files: { 'train.jsonl': LIMA },
      token: TOKEN,
    },
  });
});
afterEach(() => hub[Symbol.asyncDispose]());

function fetchLine(token = TOKEN): string {
  return `data fetch lima --json --hub-url ${hub.url} --hub-token ${token}`;
}

function limaFolder(): string {
  return join(home, 'data', 'train', 'lima');
}

function partSize(): number {
  const folder = join(home, 'data', 'downloads', 'lima');
  const names = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
  const part = names.find(name => name.endsWith('.part'));
  return part === undefined ? 0 : statSync(join(folder, part)).size;
}

describe('mlrb data fetch', () => {
  it('gets a data set, says what it is, and has it the next time; the token is never shown', async () => {
    const first = await mlrb(home, fetchLine());
    expect(JSON.parse(first.stdout)).toMatchObject([
      { id: 'lima', state: 'arrived', record: { files: 1, sample: [], origin: { repo: 'GAIR/lima' } } },
    ]);
    const second = await mlrb(home, fetchLine());
    expect(JSON.parse(second.stdout)).toMatchObject([{ id: 'lima', state: 'here' }]);
    expect([first.code, second.code]).toEqual([0, 0]);
    expect(JSON.stringify([first, second])).not.toContain(TOKEN);
    expect(readFileSync(join(limaFolder(), 'lima.jsonl'), 'utf8')).toBe(LIMA);
  });

  it('that fails says why in one sentence, answers 1, and leaves the others alone', async () => {
    const { code, stdout, stderr } = await mlrb(
      home,
      `data fetch lima minif2f_train --hub-url ${hub.url} --hub-token ""`,
    );
    expect(code).toBe(1);
    const said = stderr
      .trim()
      .split('\n')
      .filter(line => line.startsWith('lima: GAIR') || line.includes('clone'));
    expect(said).toEqual([
      expect.stringMatching(/^minif2f_train: The data set minif2f_train is on no hub\. miniF2F is on GitHub/),
      expect.stringMatching(/^lima: GAIR\/lima is given only to those who accept its terms\. .*set HF_TOKEN/),
    ]);
    expect(stdout).toMatch(/│ lima +│ failed/);
  });

  it('by two processes at once fetches once', async () => {
    const both = await Promise.all([mlrb(home, fetchLine()), mlrb(home, fetchLine())]);
    const states = both.map(({ stdout }) => JSON.parse(stdout)[0].state).sort();
    expect(states).toEqual(['arrived', 'here']);
    expect(hub.requests.filter(line => line.startsWith('GET storage'))).toHaveLength(1);
  });

  it('that was killed goes on where it was, and leaves nothing half', async () => {
    hub.fail({ about: 'train.jsonl', hangAfter: 200_000 });
    const killed = startMlrb(home, fetchLine());
    await vi.waitUntil(() => partSize() >= 200_000, { timeout: 60_000 });
    killed.process.kill('SIGKILL');
    await killed.ended;
    expect(existsSync(limaFolder())).toBe(false);
    expect(await mlrb(home, fetchLine())).toMatchObject({ code: 0 });
    expect(hub.requests.filter(line => line.startsWith('GET storage'))).toEqual([
      'GET storage train.jsonl',
      `GET storage train.jsonl bytes=200000-${LIMA.length - 1}`,
    ]);
    expect(readdirSync(join(home, 'data', 'train'))).toEqual(['lima']);
    expect(readdirSync(join(home, 'data', 'downloads'))).toEqual([]);
  }, 120_000);

  it('ends on Ctrl-C while it waits for the hub, and leaves what has arrived', async () => {
    hub.fail({ about: 'train.jsonl', hangAfter: 100_000 });
    const stopped = startMlrb(home, fetchLine());
    await vi.waitUntil(() => partSize() >= 100_000, { timeout: 60_000 });
    stopped.interrupt();
    expect(await stopped.ended).toMatchObject({ code: 130, stderr: expect.stringContaining('Stopped.') });
    expect(partSize()).toBe(100_000);
    expect(existsSync(limaFolder())).toBe(false);
  }, 120_000);

  it('on a full disk says so, and takes no room for what could not be finished', async () => {
    const { code, stderr } = await withSmallFiles(fetchLine());
    expect(stderr).toMatch(
      /lima: The disk is full below .*\. Free some space there, or choose another folder/,
    );
    expect(code).toBe(1);
    expect(partSize()).toBe(0);
    expect(existsSync(limaFolder())).toBe(false);
  });
});

/** A process whose files may not grow beyond some 100 kB: the system's answer is that of a full disk. */
async function withSmallFiles(line: string): Promise<{ code: number | null; stderr: string }> {
  const command = `ulimit -f 200; exec ${process.execPath} ${MAIN} ${line} --home ${home}`;
  const child = spawn('sh', ['-c', command], { stdio: ['ignore', 'ignore', 'pipe'] });
  const stderr = text(child.stderr);
  const [code] = await once(child, 'close');
  return { code, stderr: await stderr };
}

describe('mlrb data', () => {
  it.each([
    ['an action that is none', 'data fetsch', /No action named "fetsch"\. Did you mean "fetch"\?/],
    [
      'a name that is none',
      'data check mmul',
      /No task, suite or data set named "mmul"\. Did you mean "mmlu"\?/,
    ],
    ['no folder', 'data import', /Give one folder: `mlrb data import DIR`/],
    ['a folder that is not there', 'data import /no/such', /There is no folder \/no\/such/],
    [
      'a model that is not built',
      'data build mmlu',
      /There is nothing to build for "mmlu": what is built is mini_base/,
    ],
  ])('%s is wrong usage, said in one line', async (_name, line, sentence) => {
    const { code, stdout, stderr } = await mlrb(home, line);
    expect(stderr.trim()).toMatch(sentence);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  it('check tells what is missing, for which task and how to get it, and answers 1', async () => {
    const { code, stdout } = await mlrb(home, 'data check mini_llm_efficiency');
    expect(code).toBe(1);
    expect(stdout).toMatch(/│ mmlu +│ scoring +│ missing .*mini_llm_efficiency/);
    expect(stdout).toMatch(/│ tinyshakespeare_train +│ training │ made on use/);
    expect(stdout).toMatch(/`mlrb data fetch mmlu wikitext2_test` gets what the hub has/);
    const states = JSON.parse((await mlrb(home, 'data check mini_math_reasoning --json')).stdout);
    expect(states).toMatchObject([
      { id: 'wikitext2_test', state: 'missing' },
      { id: 'minif2f_train', role: 'train', state: 'missing', tasks: ['mini_math_reasoning'] },
      { id: 'minif2f_heldout', role: 'eval', remedy: expect.stringContaining('git clone') },
    ]);
  });

  it('cleanup removes what was never finished, and keeps downloads to go on with', async () => {
    const half = join(home, 'data', 'train', '.lima.new');
    const part = join(home, 'data', 'downloads', 'lima', 'commit', 'train.jsonl.part');
    for (const folder of [half, dirname(part)]) mkdirSync(folder, { recursive: true });
    writeFileSync(part, 'the beginning');
    expect((await mlrb(home, 'cleanup --dry-run')).stderr).toContain(
      `${half}: a data set that was never finished.`,
    );
    expect(existsSync(half)).toBe(true);
    await mlrb(home, 'cleanup');
    expect([half, part].map(path => existsSync(path))).toEqual([false, true]);
  });

  it('check reads every file, and names the one that is damaged', async () => {
    await mlrb(home, fetchLine());
    expect(await mlrb(home, 'data check lima')).toMatchObject({ code: 0 });
    const file = join(limaFolder(), 'lima.jsonl');
    chmodSync(file, 0o644);
    writeFileSync(file, LIMA.replace('So.', 'No.'));
    const { code, stdout } = await mlrb(home, 'data check lima');
    expect(stdout).toContain('The data set lima is damaged: lima.jsonl is missing or not what it was.');
    expect(code).toBe(1);
  });
});

describe.skipIf(testDataLack !== undefined)(needsTestData('mlrb data import'), () => {
  it('takes a folder of real data, calls a sample one, and lets doctor and check tell what is left', async () => {
    const { code, stdout } = await mlrb(home, `data import ${TEST_DATA}`);
    expect(code).toBe(0);
    expect(stdout).toMatch(/│ mmlu +│ new +│ 14,042 │/);
    expect(stdout).toMatch(/^super_glue: a sample: record\/validation\.jsonl has 264 of 10,000 rows\.$/m);
    expect(await mlrb(home, 'data check mini')).toMatchObject({ code: 0 });
    const { stdout: checks } = await mlrb(home, 'doctor');
    expect(checks).toMatch(/^ok {8}data of suite mini: /m);
    expect(checks).toMatch(
      /^optional {2}data of suite mlrb: .*baby_lm lacks babylm.*`mlrb data fetch mlrb`/m,
    );
  }, 120_000);
});
