import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { locateDataset } from '../../data/locate-dataset.js';
import type { DataPlace } from '../../data/locations.js';
import { NgramIndex, type NgramOptions } from '../../lib/ngram-index.js';
import { readLines } from '../../lib/read-lines.js';
import { anyOf, type TextFinder } from '../../lib/text-finder.js';
import type { TaskEvaluator } from '../../tasks/task.js';
import { datasetsOf } from '../evaluation-data.js';

/** A text that submissions are scored on, and where it stands: data set and file. */
export interface EvaluationItem {
  readonly where: string;
  readonly text: string;
}

/** Sentences of BLiMP are short, and their words stand in no other order elsewhere. */
const OF_SENTENCES: NgramOptions = { n: 8, shortest: 5 };
/** Runs of 13 words, as studies of contamination take them; shorter questions and statements as a whole. */
const OF_ROWS: NgramOptions = { n: 13, shortest: 8 };
/** Words from the beginning of a text of a row: it is known by them. */
const MAX_WORDS = 40;

export interface EvaluationItems {
  readonly items: readonly EvaluationItem[];
  readonly finder: TextFinder;
}

/** The items of a task's evaluators that are on this host, each text once. */
export async function evaluationItems(
  evaluators: readonly TaskEvaluator[],
  place: DataPlace,
  signal: AbortSignal,
): Promise<EvaluationItems> {
  const items: EvaluationItem[] = [];
  const finders: TextFinder[] = [];
  for (const id of new Set(evaluators.flatMap(datasetsOf))) {
    const found = await itemsOf(id, place, signal);
    items.push(...found);
    const options = id === 'blimp' ? OF_SENTENCES : OF_ROWS;
    finders.push(
      NgramIndex.build(
        found.map(({ text }) => text),
        options,
      ),
    );
  }
  return { items, finder: anyOf(finders) };
}

async function itemsOf(id: string, place: DataPlace, signal: AbortSignal): Promise<EvaluationItem[]> {
  const located = await locateDataset(id, place, signal);
  if (!located.isFound) return [];
  const items = new Map<string, EvaluationItem>();
  for (const { path } of located.record.files) {
    const where = `${id}/${path}`;
    for (const text of await textsIn(join(located.folder, path), signal)) items.set(text, { where, text });
  }
  return [...items.values()];
}

async function textsIn(path: string, signal: AbortSignal): Promise<string[]> {
  if (!path.endsWith('.jsonl')) return [await readFile(path, { encoding: 'utf8', signal })];
  const texts: string[] = [];
  for await (const line of readLines(path, signal)) {
    for (const text of stringsIn(JSON.parse(line))) {
      const words = text.split(/\s+/, MAX_WORDS);
      if (words.length >= OF_SENTENCES.shortest) texts.push(words.join(' '));
    }
  }
  return texts;
}

function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(stringsIn);
}
