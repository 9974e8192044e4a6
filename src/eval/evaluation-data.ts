import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type AbsentDataset, type FoundDataset, locateDataset } from '../data/locate-dataset.js';
import type { DataPlace } from '../data/locations.js';
import { sha256 } from '../lib/packed-data.js';
import type { TaskEvaluator } from '../tasks/task.js';
import { type EvaluatorKind, parseEvaluator } from './evaluator-name.js';
import type { ChoiceSuiteName, SuiteRequest } from './scorer-request.js';

/** What submissions are scored on, as files. */
export interface EvaluationData {
  /** What the scorer is asked, with what it must answer with. */
  readonly suites: readonly SuiteData[];
  /** Why an evaluator has no data, and what to do: a sentence or two, by the evaluator's id. */
  readonly absent: ReadonlyMap<string, string>;
  /** What a score on the data must say beside itself, by the evaluator's id. */
  readonly notes: ReadonlyMap<string, string>;
  /** WikiText-2's test text, where the operator put it; null where it is not. */
  readonly textPath: string | null;
  /** SHA-256 over the content of all of it. */
  readonly digest: string;
}

export interface SuiteData {
  readonly request: SuiteRequest;
  /** Rows that there must be, by subtask; of running texts, bytes. */
  readonly sizes: Readonly<Record<string, number>>;
  /** The files of rows that make it up, where they are not one a subtask. */
  readonly parts?: readonly string[];
}

/** Texts in one file of rows: `BATCH` in `docker/eval/formalisation.py`. */
const GENERATED_AT_ONCE = 8;

/** Where the operator puts WikiText-2's test text, relative to the home folder. */
export const WIKITEXT_FILE = join('data', 'eval', 'wikitext2', 'test.txt');

/**
 * The data of the evaluators below `<home>/data/eval`: what comes with the package is unpacked or mended, everything is compared with its digests. What is
 * not there leaves its evaluator without a value; the others stand.
 * @throws ConfigError if the package is damaged or the disk full; InputError for a data set that is none; the signal's reason on abort.
 */
export async function prepareEvaluationData(
  evaluators: readonly TaskEvaluator[],
  place: DataPlace,
  signal: AbortSignal,
): Promise<EvaluationData> {
  const located = new Map<string, FoundDataset | AbsentDataset>();
  for (const id of new Set(evaluators.flatMap(datasetsOf)))
    located.set(id, await locateDataset(id, place, signal));
  const of = (evaluator: TaskEvaluator) => datasetsOf(evaluator).flatMap(id => located.get(id) ?? []);
  const usable = evaluators.filter(evaluator => of(evaluator).every(({ isFound }) => isFound));
  const textPath = await textAt(join(place.home, WIKITEXT_FILE));
  return {
    suites: suitesOf(usable, located),
    absent: sentences(evaluators, evaluator => reasons(of(evaluator))),
    notes: sentences(evaluators, evaluator => notes(of(evaluator))),
    textPath,
    digest: await digestOf([...located.values()], textPath),
  };
}

/** The data sets an evaluator scores on. */
export function datasetsOf({ id, data = [] }: TaskEvaluator): readonly string[] {
  const kind = parseEvaluator(id).suite;
  return isChoice(kind) ? [kind] : data;
}

function isChoice(kind: EvaluatorKind): kind is ChoiceSuiteName {
  return kind === 'blimp' || kind === 'mmlu' || kind === 'super_glue';
}

function reasons(located: readonly (FoundDataset | AbsentDataset)[]): string[] {
  return located.flatMap(each => (each.isFound ? [] : [`${each.reason} ${each.remedy}`]));
}

function notes(located: readonly (FoundDataset | AbsentDataset)[]): string[] {
  return located.flatMap(each => (each.isFound && each.note !== null ? [each.note] : []));
}

function sentences(
  evaluators: readonly TaskEvaluator[],
  of: (evaluator: TaskEvaluator) => readonly string[],
): ReadonlyMap<string, string> {
  const found = evaluators.map(evaluator => [evaluator.id, of(evaluator).join(' ')] as const);
  return new Map(found.filter(([, text]) => text !== ''));
}

async function digestOf(
  located: readonly (FoundDataset | AbsentDataset)[],
  textPath: string | null,
): Promise<string> {
  const text = textPath === null ? 'none' : sha256(await readFile(textPath));
  const sets = located.map(each => `${each.dataset.id} ${each.isFound ? each.record.digest : 'none'}`);
  return sha256(`${[...sets.sort(), `text ${text}`].join('\n')}\n`);
}

type Located = ReadonlyMap<string, FoundDataset | AbsentDataset>;

/** One request a suite, for as many rows as the evaluator that wants most. */
function suitesOf(evaluators: readonly TaskEvaluator[], located: Located): SuiteData[] {
  const names = evaluators.map(evaluator => ({ evaluator, ...parseEvaluator(evaluator.id) }));
  const choices = (['blimp', 'mmlu', 'super_glue'] as const).flatMap(suite => {
    const rows = names.filter(name => name.suite === suite).map(name => name.rows);
    const found = located.get(suite);
    return rows.length > 0 && found?.isFound === true ? [choiceSuite(suite, found, Math.max(...rows))] : [];
  });
  const texts = found(names.filter(name => name.suite === 'bits_per_byte').flatMap(dataOf), located);
  const generated = names.filter(name => !isChoice(name.suite) && name.suite !== 'bits_per_byte');
  const [problems] = found(generated.flatMap(dataOf), located);
  return [
    ...choices,
    ...(texts.length === 0 ? [] : [textSuite(texts)]),
    ...(problems === undefined
      ? []
      : [
          generationSuite(
            problems,
            generated.map(({ rows }) => rows),
          ),
        ]),
  ];
}

function dataOf({ evaluator }: { readonly evaluator: TaskEvaluator }): readonly string[] {
  return evaluator.data ?? [];
}

function found(ids: readonly string[], located: Located): FoundDataset[] {
  return [...new Set(ids)].flatMap(id => {
    const each = located.get(id);
    return each?.isFound === true ? [each] : [];
  });
}

function choiceSuite(suite: ChoiceSuiteName, { folder, record }: FoundDataset, rows: number): SuiteData {
  const sizes = record.files.map(
    ({ path, rows: all }) =>
      [path.replace(/(\/(test|validation))?\.jsonl$/, ''), Math.min(rows, all ?? rows)] as const,
  );
  return { request: { suite, folder, rows }, sizes: Object.fromEntries(sizes) };
}

function textSuite(texts: readonly FoundDataset[]): SuiteData {
  return {
    request: {
      suite: 'bits_per_byte',
      texts: texts.map(({ dataset, folder }) => ({ subtask: dataset.id, folder })),
    },
    sizes: Object.fromEntries(
      texts.map(({ dataset, record }) => [
        dataset.id,
        record.files.reduce((bytes, file) => bytes + file.bytes, 0),
      ]),
    ),
  };
}

function generationSuite({ folder, record }: FoundDataset, wanted: readonly number[]): SuiteData {
  const all = record.files.reduce((rows, file) => rows + (file.rows ?? 0), 0);
  const rows = [...new Set(wanted.map(count => Math.min(count, all)))];
  const most = Math.max(...rows);
  const starts = Array.from(
    { length: Math.ceil(most / GENERATED_AT_ONCE) },
    (_, at) => at * GENERATED_AT_ONCE,
  );
  return {
    request: { suite: 'formalisation', folder, rows },
    sizes: { formalisation: most },
    parts: starts.map(start => String(start).padStart(6, '0')),
  };
}

async function textAt(path: string): Promise<string | null> {
  const stats = await stat(path).catch(() => undefined);
  return stats?.isFile() ? path : null;
}
