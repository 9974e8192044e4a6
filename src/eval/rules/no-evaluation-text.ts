import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { locateDataset } from '../../data/locate-dataset.js';
import { NgramIndex } from '../../lib/ngram-index.js';
import { count, firstChars, size } from '../../lib/text.js';
import type { TextFinder } from '../../lib/text-finder.js';
import { quoted, quotedList } from '../../runs/intake/findings.js';
import { openRegularFile } from '../../runs/intake/open-regular-file.js';
import type { Finding } from '../../runs/outcome.js';
import { type EvaluationItem, evaluationItems } from './evaluation-items.js';
import { type FoundFile, listFiles } from './list-texts.js';
import type { RuleSubject } from './rule-subject.js';
import { searchText } from './search-text.js';
import { type TokenText, tokenTexts } from './token-texts.js';

/** What is searched at most; of more, a suspicion says so. */
export interface SearchLimits {
  readonly bytes: number;
  readonly seconds: number;
}

const LIMITS: SearchLimits = { bytes: 2e9, seconds: 240 };

/**
 * Looks for the items that submissions are scored on in the text files that a contestant left and in the words of the tokenizer. What stands in the given data
 * as well counts for nothing, nor do a few short sentences. The message names files only; the evidence, for the operator, quotes.
 */
export async function checkEvaluationText(subject: RuleSubject, limits = LIMITS): Promise<Finding[]> {
  const { task, place, signal } = subject;
  const tokens = await tokenTexts(subject.modelFolder, subject.files);
  if (subject.workspace === undefined && tokens.length === 0) return [];
  const { items, finder } = await evaluationItems(task.evaluators, place, signal);
  if (items.length === 0) return [];
  const search = await searchWorkspace(subject, finder, limits);
  const hits = await withoutGiven(unique([...tokenHits(tokens, finder), ...search.hits]), subject);
  return [...judge(hits, items), ...(hits.length === 0 ? search.cut : [])];
}

interface Hit {
  readonly file: string;
  /** Null in a tokenizer. */
  readonly line: number | null;
  readonly text: string;
  /** As it is compared: words in small letters with single spaces. */
  readonly words: string;
}

function hitOf(file: string, line: number | null, text: string): Hit {
  return { file, line, text, words: plainWords(text) };
}

function plainWords(text: string): string {
  return (text.toLowerCase().match(/[\p{L}\p{N}\p{M}]+/gu) ?? []).join(' ');
}

/** Kept in memory; that many are enough for any verdict. */
const MOST_HITS = 5000;

async function searchWorkspace(
  { workspace, signal }: RuleSubject,
  finder: TextFinder,
  limits: SearchLimits,
): Promise<{ hits: Hit[]; cut: Finding[] }> {
  if (workspace === undefined) return { hits: [], cut: [] };
  const until = performance.now() + limits.seconds * 1000;
  const { files, isCut } = await listFiles(workspace);
  const hits: Hit[] = [];
  let [searched, passedOver] = [0, 0];
  for (const file of files.sort((a, b) => a.bytes - b.bytes)) {
    signal.throwIfAborted();
    if (hits.length >= MOST_HITS) break;
    if (performance.now() > until || searched + file.bytes > limits.bytes) {
      passedOver += file.bytes;
      continue;
    }
    searched += file.bytes;
    hits.push(...(await searchFile(workspace, file, finder, signal)));
  }
  const cut = isCut || passedOver > 0 ? [notAll(searched, passedOver)] : [];
  return { hits: hits.slice(0, MOST_HITS), cut };
}

async function searchFile(
  workspace: string,
  { path }: FoundFile,
  finder: TextFinder,
  signal: AbortSignal,
): Promise<Hit[]> {
  try {
    await using handle = await openRegularFile(join(workspace, path));
    const passages = (await searchText(handle, finder, signal)) ?? [];
    return passages.map(({ line, text }) => hitOf(path, line, text));
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Error) return []; // a file that may not be read, or became something else
    throw error;
  }
}

function notAll(searched: number, passedOver: number): Finding {
  return {
    rule: 'no_evaluation_text',
    severity: 'suspicion',
    message: `Only a part of the workspace was searched for what submissions are scored on: ${size(searched)}, in which there is nothing.`,
    evidence: [`searched ${size(searched)}, the smallest files first; left out ${size(passedOver)}`],
  };
}

function tokenHits(tokens: readonly TokenText[], finder: TextFinder): Hit[] {
  return tokens
    .filter(({ text }) => finder.find(text).length > 0)
    .map(({ file, text }) => hitOf(file, null, text));
}

function unique(hits: readonly Hit[]): Hit[] {
  return [...new Map(hits.toReversed().map(hit => [hit.words, hit])).values()].reverse();
}

/** Of the given data, how much is looked through. */
const GIVEN_BYTES = 300e6;

/** Without what stands in the given data: whoever copies those breaks nothing. */
async function withoutGiven(hits: readonly Hit[], { task, place, signal }: RuleSubject): Promise<Hit[]> {
  if (hits.length === 0) return [];
  const texts = hits.map(({ text }) => text);
  const finder = NgramIndex.build(texts, { n: 8, shortest: 5 });
  const given = new Set<string>();
  let left = GIVEN_BYTES;
  for (const { dataset } of task.data) {
    const located = await locateDataset(dataset, place, signal);
    if (!located.isFound || located.dataset.format === 'model') continue;
    for (const { path, bytes } of located.record.files) {
      left -= bytes;
      if (left < 0) break;
      await using handle = await open(join(located.folder, path));
      for (const { text } of (await searchText(handle, finder, signal)) ?? []) given.add(plainWords(text));
    }
  }
  const all = [...given].map(words => ` ${words} `);
  return hits.filter(({ words }) => !all.some(text => text.includes(` ${words} `)));
}

/** Passages of so many words are not written twice by chance, and no honest tokenizer has a sentence as a token. */
const LONG = 13;
const BROKEN = { long: 3, all: 25, words: 100 } as const;
const SUSPICION = { long: 1, all: 10 } as const;

function judge(hits: readonly Hit[], items: readonly EvaluationItem[]): Finding[] {
  const long = hits.filter(({ line, words }) => line === null || lengthOf(words) >= LONG);
  const words = long.reduce((sum, hit) => sum + lengthOf(hit.words), 0);
  const isBroken = long.length >= BROKEN.long || hits.length >= BROKEN.all || words >= BROKEN.words;
  if (!isBroken && long.length < SUSPICION.long && hits.length < SUSPICION.all) return [];
  const files = [...new Set(hits.map(({ file }) => file))];
  const where = hits.every(({ line }) => line === null) ? 'The tokenizer' : 'What was left in the workspace';
  return [
    {
      rule: 'no_evaluation_text',
      severity: isBroken ? 'broken' : 'suspicion',
      message: `${where} holds ${count(hits.length, 'passage')} of what submissions are scored on, in ${count(files.length, 'file')} (${quotedList(files)}). Work without the evaluation's texts.`,
      evidence: evidenceOf([...long, ...hits], items),
    },
  ];
}

function lengthOf(words: string): number {
  return words.split(' ').length;
}

const MOST_LINES = 20;
const SHOWN_CHARS = 160;

function evidenceOf(hits: readonly Hit[], items: readonly EvaluationItem[]): string[] {
  const shown = [...new Set(hits)].slice(0, MOST_LINES);
  const plain = items.map(({ where, text }) => ({ where, words: ` ${plainWords(text)} ` }));
  return shown.map(({ file, line, text, words }) => {
    const beginning = ` ${words.split(' ').slice(0, 5).join(' ')} `;
    const where = plain.find(item => item.words.includes(beginning))?.where ?? 'an item';
    const place = line === null ? quoted(file) : `${quoted(file)}, line ${line}`;
    return `${place}: ${where}: ${JSON.stringify(firstChars(text.replaceAll(/\s+/g, ' '), SHOWN_CHARS))}`;
  });
}
