import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, inject, it, onTestFinished } from 'vitest';
import type { Arrival } from '../../src/data/arrival.js';
import { findSource } from '../../src/data/datasets.js';
import { type FetchOptions, fetchDataset } from '../../src/data/fetch-dataset.js';
import { Hub } from '../../src/data/hub/hub.js';
import { importFolder } from '../../src/data/import-folder.js';
import { locateDataset } from '../../src/data/locate-dataset.js';
import type { DataPlace } from '../../src/data/locations.js';
import { freshFolder, freshPlace, NEVER, needsTestData, TEST_DATA, testDataLack } from '../helpers/data.js';
import { type HubRepo, type HubServer, startHub } from '../helpers/hub-server.js';
import { mountLack, needsMount, smallDisk } from '../helpers/small-disk.js';

const TOKEN = 'hf_forTestsOnly';
const LIMA_COMMIT = '68958e98267f5fb4a52a03ebcdae4ae59213fa7c';
const MAIN_COMMIT = 'a'.repeat(40);

/** Some 400 kB of rows. */
const LIMA = Array.from({ length: 1000 }, (_, index) =>
  JSON.stringify({
    source: 'test',
    conversations: [`Question ${index}? ${'why '.repeat(90)}`, `Answer ${index}.`],
  }),
).join('\n');

const lima: HubRepo = { commit: LIMA_COMMIT, files: { 'train.jsonl': LIMA, 'README.md': '# LIMA' } };

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const service of open.splice(0)) await service[Symbol.asyncDispose]();
});

async function hubWith(repos: Record<string, HubRepo>): Promise<HubServer> {
  const server = await startHub(repos);
  open.push(server);
  return server;
}

interface Wish extends Partial<Pick<FetchOptions, 'again' | 'mayDiffer' | 'signal'>> {
  readonly token?: string;
  readonly onProgress?: FetchOptions['onProgress'];
}

async function fetchFrom(
  server: { url: string },
  id: string,
  place: DataPlace,
  wish: Wish = {},
): Promise<Arrival> {
  const { token = '', again = false, mayDiffer = false, signal = NEVER, onProgress = () => undefined } = wish;
  const patience = { attempts: 4, firstWaitMs: 1, longestAskedS: 5 };
  await using hub = new Hub({ url: server.url, token, proxy: '', noProxy: '', patience });
  return await fetchDataset(findSource(id), place, {
    hub,
    url: server.url,
    signal,
    mayDiffer,
    again,
    onProgress,
  });
}

/** Names of everything below a folder; nothing of a data set that was not finished may be among them. */
function everythingBelow(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort() : [];
}

function limaIn(place: DataPlace): string {
  return join(place.home, 'data', 'train', 'lima');
}

describe('a data set from the hub', () => {
  it('lies in its folder in canonical form, with where it came from, and a second time nothing is asked', async () => {
    const server = await hubWith({ 'GAIR/lima': lima });
    const place = freshPlace();
    const arrival = await fetchFrom(server, 'lima', place);
    expect(arrival).toMatchObject({
      state: 'arrived',
      record: {
        origin: { kind: 'hub', repo: 'GAIR/lima', revision: LIMA_COMMIT },
        files: [{ path: 'lima.jsonl', rows: 1000 }],
        sample: [],
        differs: [],
      },
    });
    const [first = ''] = readFileSync(join(limaIn(place), 'lima.jsonl'), 'utf8').split('\n');
    expect(Object.keys(JSON.parse(first))).toEqual(['conversations', 'source']);
    expect(statSync(join(limaIn(place), 'lima.jsonl')).mode & 0o777).toBe(0o444);
    expect(everythingBelow(join(place.home, 'data', 'train'))).toEqual([
      'lima',
      'lima/dataset.json',
      'lima/lima.jsonl',
    ]);
    expect(everythingBelow(join(place.home, 'data', 'downloads'))).toEqual([]);
    const asked = server.requests.length;
    expect(await fetchFrom(server, 'lima', place)).toMatchObject({ state: 'here' });
    expect(server.requests).toHaveLength(asked);
  });

  it('is fetched again where its files are damaged', async () => {
    const server = await hubWith({ 'GAIR/lima': lima });
    const place = freshPlace();
    await fetchFrom(server, 'lima', place);
    const file = join(limaIn(place), 'lima.jsonl');
    const before = readFileSync(file);
    chmodSync(file, 0o644);
    writeFileSync(file, before.subarray(0, 1000));
    expect(await locateDataset('lima', place, NEVER)).toMatchObject({
      isFound: false,
      state: 'damaged',
      reason: 'The data set lima is damaged: lima.jsonl is missing or not what it was.',
    });
    expect(await fetchFrom(server, 'lima', place)).toMatchObject({ state: 'arrived' });
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('is taken at the commit that its branch had when it was first fetched', async () => {
    const rows = [
      { filename: 'talk.train', content: 'one two three\n' },
      { filename: 'talk.train', content: 'four\n' },
    ];
    const files = parquet({ 'train-00000-of-00001.parquet': rows }, 'data/');
    const place = freshPlace();
    const before = await hubWith({ 'AlgorithmicResearchGroup/babylm': { commit: MAIN_COMMIT, files } });
    expect(await fetchFrom(before, 'babylm', place)).toMatchObject({
      state: 'arrived',
      record: {
        origin: { revision: MAIN_COMMIT },
        files: [
          { path: 'train/talk.txt', words: 3 },
          { path: 'train/talk--2.txt', words: 1 },
        ],
      },
    });
    const folder = join(place.home, 'data', 'train', 'babylm', 'train');
    chmodSync(join(folder, 'talk.txt'), 0o644);
    writeFileSync(join(folder, 'talk.txt'), 'torn');
    const after = await hubWith({ 'AlgorithmicResearchGroup/babylm': { commit: 'b'.repeat(40), files } });
    expect(await fetchFrom(after, 'babylm', place)).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('no such revision of AlgorithmicResearchGroup/babylm any more'),
    });
    expect(await fetchFrom(after, 'babylm', place, { again: true })).toMatchObject({ state: 'arrived' });
  });

  it('that is a model keeps its files as they are, and no others', async () => {
    const files = {
      'config.json': '{"model_type": "phi"}',
      'model-00001-of-00002.safetensors': Buffer.alloc(3000, 1),
      'model-00002-of-00002.safetensors': Buffer.alloc(2000, 2),
      'model.safetensors.index.json': '{}',
      'tokenizer.json': '{}',
      'README.md': '# phi',
      'modeling_phi.py': 'import os',
      'model.onnx': 'x',
    };
    const commit = 'ef382358ec9e382308935a992d908de099b64c23';
    const server = await hubWith({
      'microsoft/phi-2': { type: 'model', commit, files, large: /safetensors$/ },
    });
    const place = freshPlace();
    expect(await fetchFrom(server, 'phi-2', place)).toMatchObject({ state: 'arrived' });
    const folder = join(place.home, 'data', 'train', 'phi-2');
    expect(everythingBelow(folder)).toEqual([
      'config.json',
      'dataset.json',
      'model-00001-of-00002.safetensors',
      'model-00002-of-00002.safetensors',
      'model.safetensors.index.json',
      'tokenizer.json',
    ]);
    expect(readFileSync(join(folder, 'model-00002-of-00002.safetensors')).equals(Buffer.alloc(2000, 2))).toBe(
      true,
    );
  });

  it.each([
    ['minif2f_train', /is on no hub\. miniF2F is on GitHub: `git clone .*`mlrb data import miniF2F`/],
    ['mini_base', /is made here, not fetched: `mlrb data build mini_base`/],
    ['tinyshakespeare', /comes with the package and needs no fetching/],
  ])('%s is none: that is said', async (id, sentence) => {
    const server = await hubWith({});
    const arrival = await fetchFrom(server, id, freshPlace());
    expect(arrival).toMatchObject({ state: 'failed', reason: expect.stringMatching(sentence) });
    expect(server.requests).toEqual([]);
  });
});

describe('a hub with faults', () => {
  it('that cuts connections is asked for the rest only, by range', async () => {
    const server = await hubWith({ 'GAIR/lima': lima });
    server.fail(
      { about: 'train.jsonl', cutAfter: 100_000 },
      { about: 'train.jsonl', cutAfter: 50_000 },
      { about: 'train.jsonl', cutAfter: 0, times: 2 },
    );
    const place = freshPlace();
    expect(await fetchFrom(server, 'lima', place)).toMatchObject({ state: 'arrived' });
    const ranges = server.requests.filter(line => line.startsWith('GET storage'));
    expect(ranges[0]).toBe('GET storage train.jsonl');
    const starts = ranges.slice(1).map(line => Number(/bytes=(\d+)-/.exec(line)?.[1]));
    expect(starts[0]).toBeGreaterThan(0);
    expect(starts).toEqual([...starts].sort((a, b) => a - b));
    expect(
      readFileSync(join(limaIn(place), 'lima.jsonl'), 'utf8')
        .trimEnd()
        .split('\n'),
    ).toHaveLength(1000);
  });

  it('that goes away leaves what has arrived for the next time', async () => {
    const server = await hubWith({ 'GAIR/lima': lima });
    server.fail(
      { about: 'train.jsonl', cutAfter: 200_000 },
      { about: 'train.jsonl', cutAfter: 0, times: 20 },
    );
    const place = freshPlace();
    expect(await fetchFrom(server, 'lima', place)).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(
        /cannot be reached, or breaks off again and again\. .* what has arrived is kept/,
      ),
    });
    expect(existsSync(limaIn(place))).toBe(false);
    const well = await hubWith({ 'GAIR/lima': lima });
    expect(await fetchFrom(well, 'lima', place)).toMatchObject({ state: 'arrived' });
    const [range = ''] = well.requests.filter(line => line.startsWith('GET storage'));
    expect(Number(/bytes=(\d+)-/.exec(range)?.[1])).toBeGreaterThan(0);
  });

  it('that sends the whole file where the rest was asked for spoils nothing', async () => {
    const server = await hubWith({ 'GAIR/lima': lima });
    server.fail({ about: 'train.jsonl', cutAfter: 100_000 }, { about: 'train.jsonl', ignoresRange: true });
    expect(await fetchFrom(server, 'lima', freshPlace())).toMatchObject({ state: 'arrived' });
  });

  it('that sends other content is asked once more, and then not believed', async () => {
    const server = await hubWith({ 'GAIR/lima': lima });
    const place = freshPlace();
    server.fail({ about: 'train.jsonl', isCorrupt: true });
    expect(await fetchFrom(server, 'lima', place)).toMatchObject({ state: 'arrived' });
    server.fail({ about: 'train.jsonl', isCorrupt: true, times: 2 });
    const before = everythingBelow(limaIn(place));
    expect(await fetchFrom(server, 'lima', place, { again: true })).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('is not what it says it is: its length or its digest is another'),
    });
    expect(everythingBelow(limaIn(place))).toEqual(before);
  });

  it('that has only the beginning of a file is not believed', async () => {
    const server = await hubWith({ 'GAIR/lima': lima });
    server.fail({ about: 'train.jsonl', truncatedTo: 1000, times: 9 });
    const place = freshPlace();
    expect(await fetchFrom(server, 'lima', place)).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('train.jsonl of GAIR/lima is not what it says it is'),
    });
    expect(everythingBelow(join(place.home, 'data', 'train'))).toEqual([]);
  });

  it('that sends small files itself, told apart by git, is checked too', async () => {
    const server = await hubWith({ 'GAIR/lima': { ...lima, large: /^$/ } });
    server.fail({ about: 'train.jsonl', isCorrupt: true, times: 2 });
    const place = freshPlace();
    expect(await fetchFrom(server, 'lima', place)).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('is not what it says it is'),
    });
    server.fail({ about: 'train.jsonl', cutAfter: 100_000 });
    expect(await fetchFrom(server, 'lima', place)).toMatchObject({ state: 'arrived' });
  });

  it('that has too many requests is waited for as long as it says, and no longer than a command may take', async () => {
    const server = await hubWith({ 'GAIR/lima': lima });
    server.fail(
      { about: 'tree', status: 429, headers: { 'retry-after': '0' }, times: 3 },
      { about: 'train.jsonl', status: 429, headers: { 'retry-after': new Date(0).toUTCString() } },
    );
    const waits: string[] = [];
    const onProgress = (_id: string, text: string) => void waits.push(text);
    expect(await fetchFrom(server, 'lima', freshPlace(), { onProgress })).toMatchObject({ state: 'arrived' });
    expect(waits.filter(text => text === 'the hub asks for patience, waiting 0 s')).toHaveLength(4);

    server.fail({ about: 'tree', status: 429, headers: { 'retry-after': '3600' } });
    expect(await fetchFrom(server, 'lima', freshPlace())).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(/asks to wait for 60 min\. Fetch again after that/),
    });
  });

  it('that fails is asked again, and given up after a few times', async () => {
    const server = await hubWith({ 'GAIR/lima': lima });
    server.fail({ about: 'tree', status: 500, times: 2 }, { about: 'train.jsonl', status: 503 });
    expect(await fetchFrom(server, 'lima', freshPlace())).toMatchObject({ state: 'arrived' });
    server.fail({ about: 'tree', status: 500, times: 4 });
    expect(await fetchFrom(server, 'lima', freshPlace())).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('answered 500 again and again'),
    });
  });

  it('that is not there at all is said to be out of reach', async () => {
    expect(await fetchFrom({ url: 'http://127.0.0.1:9' }, 'lima', freshPlace())).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(/^The hub at http:\/\/127\.0\.0\.1:9 cannot be reached.*--hub-url/),
    });
  });

  it('that is another kind of server is said to be so', async () => {
    const server = createServer((_request, response) => response.end('<html>Welcome</html>'));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo; // a TCP server that listens
    const url = `http://127.0.0.1:${port}`;
    expect(await fetchFrom({ url }, 'lima', freshPlace())).toMatchObject({
      state: 'failed',
      reason: `What ${url} answers about GAIR/lima is not what the hub answers. Check --hub-url and HF_ENDPOINT.`,
    });
  });

  it('whose files have been rearranged is said to be so, with the other way', async () => {
    const server = await hubWith({ 'GAIR/lima': { ...lima, files: { 'parts/train.jsonl': LIMA } } });
    expect(await fetchFrom(server, 'lima', freshPlace())).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(/no file for lima\.jsonl that mlrb knows.*`mlrb data import DIR`/),
    });
  });

  it('that names files outside the folder gets nothing written there', async () => {
    const commit = 'ef382358ec9e382308935a992d908de099b64c23';
    const files = {
      '../config.json': '{}',
      'a/../../config.json': '{}',
      'config.json': '{"model_type": "phi"}',
    };
    const server = await hubWith({ 'microsoft/phi-2': { type: 'model', commit, files } });
    const place = freshPlace();
    await fetchFrom(server, 'phi-2', place);
    expect(everythingBelow(join(place.home, 'data', 'train'))).toEqual([
      'phi-2',
      'phi-2/config.json',
      'phi-2/dataset.json',
    ]);
  });
});

describe('a set whose terms must be accepted', () => {
  const gated = { ...lima, token: TOKEN };

  it('is refused without a token, with what to do', async () => {
    const server = await hubWith({ 'GAIR/lima': gated });
    expect(await fetchFrom(server, 'lima', freshPlace())).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(
        /^GAIR\/lima is given only to those who accept its terms\. Accept them at http:\S+\/datasets\/GAIR\/lima, set HF_TOKEN/,
      ),
    });
  });

  it('is refused with the token of someone who has not accepted them', async () => {
    const server = await hubWith({ 'GAIR/lima': gated });
    const arrival = await fetchFrom(server, 'lima', freshPlace(), { token: 'hf_ofSomeoneElse' });
    expect(arrival).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('does not let the owner of HF_TOKEN have GAIR/lima'),
    });
    expect(JSON.stringify(arrival)).not.toContain('ofSomeoneElse');
  });

  it('is given with the right token, which the storage never sees', async () => {
    const server = await hubWith({ 'GAIR/lima': gated });
    const place = freshPlace();
    expect(await fetchFrom(server, 'lima', place, { token: TOKEN })).toMatchObject({ state: 'arrived' });
    expect(server.leakedTokens).toEqual([]);
    expect(readFileSync(join(limaIn(place), 'dataset.json'), 'utf8')).not.toContain(TOKEN);
  });

  it('is not asked for with something that is no token', () => {
    expect(() => new Hub({ url: 'http://127.0.0.1:9', token: 'secret', proxy: '', noProxy: '' })).toThrow(
      'The token in HF_TOKEN is none of the hub: it begins with "hf_". Set the right one, or none.',
    );
  });
});

describe('rows from the hub', () => {
  it.each([
    [
      'is not what it should be',
      '{"conversations": "one", "source": "x"}',
      /train\.jsonl, row 2: the field "conversations" is not right \(/,
    ],
    [
      'lacks a field',
      '{"conversations": ["one"]}',
      /train\.jsonl, row 2: the field "source" is not right \(/,
    ],
    ['is no JSON', '{"conversations": ', /train\.jsonl, row 2: it is not JSON\. /],
  ])('of which one %s are refused, with its place', async (_name, row, sentence) => {
    const files = { 'train.jsonl': `${LIMA.split('\n')[0]}\n${row}\n` };
    const server = await hubWith({ 'GAIR/lima': { ...lima, files } });
    const place = freshPlace();
    const arrival = await fetchFrom(server, 'lima', place);
    expect(arrival).toMatchObject({ state: 'failed', reason: expect.stringMatching(sentence) });
    expect(everythingBelow(join(place.home, 'data', 'train'))).toEqual([]);
  });

  it('that are a Parquet file cut short are refused', async () => {
    const files = parquet({ 'train.parquet': [{ filename: 'a', content: 'b' }] }, 'data/');
    const [name = '', content = Buffer.alloc(0)] = Object.entries(files)[0] ?? [];
    const cut = { [name.replace('train', 'train-1')]: Buffer.from(content).subarray(0, 200) };
    const server = await hubWith({ 'AlgorithmicResearchGroup/babylm': { commit: MAIN_COMMIT, files: cut } });
    expect(await fetchFrom(server, 'babylm', freshPlace())).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(/is not a whole Parquet file\. Take a fresh copy/),
    });
  });

  it('for proofs: a hundred are held out by a rule, and none of their statements is in the training rows', async () => {
    const row = (n: number) => ({
      name: `theorem_${n}`,
      informal_statement: n % 7 === 0 ? `Show  that ${n % 70} is a number.` : `Show that ${n} is a number.`,
      informal_proof: 'Obvious.',
      formal_proof: `theorem theorem_${n} : true := trivial`,
    });
    const rows = Array.from({ length: 500 }, (_, n) => row(n));
    const files = parquet({ 'train-00000-of-00001.parquet': rows }, 'data/');
    const name = 'AlgorithmicResearchGroup/math_reasoning_autoformalization_track';
    const server = await hubWith({ [name]: { commit: MAIN_COMMIT, files } });
    const place = freshPlace();
    expect(await fetchFrom(server, 'math_reasoning', place)).toMatchObject({ state: 'arrived' });
    expect(await fetchFrom(server, 'math_reasoning_heldout', place)).toMatchObject({ state: 'arrived' });
    const statements = (path: string) =>
      readFileSync(join(place.home, 'data', path), 'utf8')
        .trimEnd()
        .split('\n')
        .map(line => String(JSON.parse(line).informal_statement).replaceAll(/\s+/g, ' '));
    const heldOut = statements('eval/math_reasoning_heldout/heldout.jsonl');
    const train = statements('train/math_reasoning/train.jsonl');
    expect(heldOut).toHaveLength(100);
    expect(new Set(heldOut).size).toBe(100);
    expect(train.filter(statement => heldOut.includes(statement))).toEqual([]);
    expect(new Set([...train, ...heldOut]).size).toBe(
      new Set(rows.map(({ informal_statement }) => informal_statement.replaceAll(/\s+/g, ' '))).size,
    );
  });
});

describe.skipIf(testDataLack !== undefined)(needsTestData('benchmark data'), () => {
  it('has the same bytes from the hub as from a folder', async () => {
    const subjects = readdirSync(join(TEST_DATA, 'mmlu'));
    const mmlu = Object.fromEntries(
      subjects.map(subject => [
        `${subject}/test-00000-of-00001.parquet`,
        rowsOf(`mmlu/${subject}/test.jsonl`),
      ]),
    );
    const lines = readFileSync(join(TEST_DATA, 'text', 'wikitext2_test.txt'), 'utf8').split(/(?<=\n)/);
    const wikitext = lines.map(line => ({ text: line.trim() === '' ? '' : line }));
    const server = await hubWith({
      'cais/mmlu': { commit: 'c30699e8356da336a370243923dbaf21066bb9fe', files: parquet(mmlu) },
      'Salesforce/wikitext': {
        commit: 'b08601e04326c79dfdd32d625aee71d232d685c3',
        files: parquet({ 'wikitext-2-v1/test-00000-of-00001.parquet': wikitext }),
      },
    });
    const [fetched, imported] = [freshPlace(), freshPlace()];
    const fromFolder = await importFolder(TEST_DATA, imported, {
      signal: NEVER,
      mayDiffer: false,
      again: false,
      onProgress: () => undefined,
    });
    for (const id of ['mmlu', 'wikitext2_test']) {
      const arrival = await fetchFrom(server, id, fetched);
      if (arrival.state !== 'arrived') throw new Error(JSON.stringify(arrival));
      const same = fromFolder.find(other => other.id === id);
      expect(same).toMatchObject({
        state: 'arrived',
        record: { digest: arrival.record.digest, differs: [] },
      });
    }
  });

  it('of other content than the known one is refused, or taken with a note for every score', async () => {
    const tasks = readdirSync(join(TEST_DATA, 'super_glue'));
    const rows = Object.fromEntries(
      tasks.map(task => [
        `${task}/validation-00000-of-00001.parquet`,
        rowsOf(`super_glue/${task}/validation.jsonl`),
      ]),
    );
    const commit = '3de24cf8022e94f4ee4b9d55a6f539891524d646';
    const server = await hubWith({ 'aps/super_glue': { commit, files: parquet(rows) } });
    const place = freshPlace();
    expect(await fetchFrom(server, 'super_glue', place)).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(
        /super_glue is not the known one: record\/validation\.jsonl \(264 rows, not 10,000\)\. .*--accept/,
      ),
    });
    expect(await fetchFrom(server, 'super_glue', place, { mayDiffer: true })).toMatchObject({
      state: 'arrived',
    });
    expect(await locateDataset('super_glue', place, NEVER)).toMatchObject({
      isFound: true,
      note: 'not the known content: record/validation.jsonl',
    });
  });
});

describe.skipIf(mountLack)(needsMount('a disk that is full'), () => {
  it('is said to be so, whole or half files take no room, and what was there stays', async () => {
    const server = await hubWith({ 'GAIR/lima': lima });
    const home = freshFolder();
    using _disk = smallDisk(home, 1);
    const place = { ...freshPlace(), home };
    expect(await fetchFrom(server, 'lima', place)).toMatchObject({ state: 'arrived' });
    const before = everythingBelow(join(home, 'data', 'train'));
    expect(await fetchFrom(server, 'lima', place, { again: true })).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(
        /^The disk has .* left below .*, and about .* are needed\. Free some space/,
      ),
    });
    expect(everythingBelow(join(home, 'data', 'train'))).toEqual(before);
    expect(everythingBelow(join(home, 'data')).filter(name => name.endsWith('.part'))).toEqual([]);
  });
});

/** Parquet files as the hub has them. */
function parquet(files: Record<string, readonly object[]>, prefix = ''): Record<string, Buffer> {
  const folder = freshFolder();
  const program = join(import.meta.dirname, 'make-parquet.py');
  execFileSync(inject('python'), [program], { input: JSON.stringify({ folder, files }) });
  return Object.fromEntries(
    Object.keys(files).map(name => [`${prefix}${name}`, readFileSync(join(folder, name))]),
  );
}

function rowsOf(path: string): object[] {
  const lines = readFileSync(join(TEST_DATA, path), 'utf8').trimEnd().split('\n');
  return lines.map(line => JSON.parse(line));
}
