import type { z } from 'zod';
import type { Dataset } from '../dataset.js';

/** How one file of a data set is made from files elsewhere. */
export type Content =
  /** Rows, each checked and brought into canonical form; `.csv` by the ending of the path, else one JSON object a line. */
  | {
      readonly kind: 'rows';
      readonly schema: z.ZodType<object>;
      readonly select?: Select;
      /** Where rows are not simply those of each file in turn. */
      readonly read?: ReadFiles;
    }
  /** A text: files as they are one after another, or the texts of rows. */
  | { readonly kind: 'text'; readonly schema: z.ZodType<string> }
  /** Each row a text file of its own, below the part's path. */
  | { readonly kind: 'texts'; readonly schema: z.ZodType<{ readonly name: string; readonly text: string }> }
  /** Byte for byte. */
  | { readonly kind: 'copy' };

/** Keeps some rows by a fixed rule. They come and go in canonical form. */
export type Select = (rows: AsyncIterable<object>) => AsyncIterable<object>;

/** A row, and where it stands: the name of the file, and its place in it, from 1. */
export interface ReadRow {
  readonly row: unknown;
  readonly file: string;
  readonly number: number;
}

/** Reads rows out of files below a folder. @throws InputError that names the file and the place of what is damaged. */
export type ReadFiles = (
  folder: string,
  files: readonly string[],
  signal: AbortSignal,
) => AsyncIterable<ReadRow>;

/** One file of a data set, or with `texts` a folder of them, and the files that it is made from. */
export interface Part {
  /** Name below the data set's folder. */
  readonly path: string;
  /** Names below the folder or repository; none: it is not there. */
  readonly sources: readonly string[];
  readonly content: Content;
}

/** The parts of a data set, given the names of all files in a folder or repository. */
export type Recipe = (paths: readonly string[]) => readonly Part[];

/** A file made in memory. */
export interface MadeFile {
  readonly path: string;
  readonly content: Buffer | string;
}

/** What a small data set is made from without any network. */
export interface Materials {
  /** A file that ships with the package. */
  readonly packed: (name: string) => Promise<Buffer>;
  /** The one file of another data set. */
  readonly text: (dataset: string) => Promise<string>;
}

/** How a small model is trained here. */
export interface Training {
  /** The data set that holds the text. */
  readonly text: string;
  /** The model that it goes on from; absent: from nothing. */
  readonly from?: string;
  readonly steps: number;
  readonly learning_rate: number;
  readonly seed: number;
}

/** A data set, and how it comes to be: each has one way or several. */
export interface Source {
  readonly dataset: Dataset;
  /** From the files of a repository on the hub. */
  readonly hub?: Recipe;
  /** From a folder that an operator has. */
  readonly folder?: Recipe;
  /** In a moment, from what is here. Another `made_by` makes it anew where it is there already. */
  readonly make?: (materials: Materials) => Promise<readonly MadeFile[]>;
  readonly made_by?: string;
  readonly training?: Training;
}

export interface Ingredient {
  readonly path: string;
  /** The files that it is made from, in the order of their names. */
  readonly from: RegExp;
  readonly content: Content;
}

/** A recipe whose files are known beforehand. */
export function recipe(ingredients: readonly Ingredient[]): Recipe {
  return paths =>
    ingredients.map(({ path, from, content }) => ({
      path,
      sources: paths.filter(name => from.test(name)).sort(),
      content,
    }));
}

/** A recipe that makes one file of each file it finds. */
export function oneEach(from: RegExp, pathOf: (name: string) => string, content: Content): Recipe {
  return paths =>
    paths
      .filter(name => from.test(name))
      .sort()
      .map(name => ({ path: pathOf(name), sources: [name], content }));
}

/** Matches one name and no other. */
export function exactly(name: string): RegExp {
  return new RegExp(`^${escaped(name)}$`);
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`);
}

/** All rows at once, for rules that need to see every one. */
export async function collect(rows: AsyncIterable<object>): Promise<object[]> {
  const all: object[] = [];
  for await (const row of rows) all.push(row);
  return all;
}

/** Keeps the first rows. */
export function first(limit: number): Select {
  return async function* (rows) {
    let taken = 0;
    for await (const row of rows) {
      if (taken >= limit) return;
      taken += 1;
      yield row;
    }
  };
}
