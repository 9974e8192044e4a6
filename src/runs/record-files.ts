import { readFileSync, statSync } from 'node:fs';
import type { z } from 'zod';
import { ConfigError, errorCode } from '../errors.js';

/**
 * Records of one kind, in JSON files that are replaced whole, by anyone. A file that was not replaced since it was read last is not parsed again:
 * every call of a contestant looks at two of them.
 */
export class RecordFiles<Schema extends z.ZodType> {
  readonly #schema: Schema;
  readonly #known = new Map<string, { readonly stamp: string; readonly record: z.output<Schema> }>();

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  /**
   * A record as its schema says; undefined if the file is not there.
   * @throws ConfigError if it is there and is not such a record.
   */
  read(path: string): z.output<Schema> | undefined {
    const stamp = stampOf(path);
    if (stamp === undefined) return undefined;
    const known = this.#known.get(path);
    if (known?.stamp === stamp) return known.record;
    const record = parseRecord(path, this.#schema);
    if (record !== undefined) this.#known.set(path, { stamp, record });
    return record;
  }
}

/** Tells one replacement of a file from another. */
function stampOf(path: string): string | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? undefined : `${stats.ino} ${stats.mtimeNs} ${stats.size}`;
}

function parseRecord<Schema extends z.ZodType>(path: string, schema: Schema): z.output<Schema> | undefined {
  try {
    return schema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw new ConfigError(
      `The record ${path} is damaged or of another version. Restore it from a copy, or move its folder away.`,
      { cause: error },
    );
  }
}
