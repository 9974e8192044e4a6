import { CANONICAL_TABLE } from './canonical-table.js';
import type { DatasetFile } from './dataset.js';

/** The files of a data set in canonical form as far as they are known: their names, rows and digests. */
export function canonicalFiles(id: string): readonly DatasetFile[] {
  return CANONICAL_TABLE.trim()
    .split('\n')
    .map(line => line.split(' '))
    .filter(([dataset]) => dataset === id)
    .map(([, path = '', rows = '-', sha256 = '-']) => ({
      path,
      ...(rows === '-' ? {} : { rows: Number(rows) }),
      ...(sha256 === '-' ? {} : { sha256 }),
    }));
}
