import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip } from 'node:zlib';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { ConfigError, isDiskFull } from '../errors.js';

const Digests = z.record(z.string(), z.strictObject({ bytes: z.number().int(), sha256: z.string() }));

/** What is known of a file that ships compressed: the size in bytes and the SHA-256 of its content. */
export type PackedDigest = z.infer<typeof Digests>[string];

const REINSTALL = 'Install the package again.';

/** @throws ConfigError if the package does not hold the file. */
export async function packedDigest(packageData: string, name: string): Promise<PackedDigest> {
  const digests = Digests.safeParse(await readJson(join(packageData, 'digests.json')));
  const digest = digests.success ? digests.data[name] : undefined;
  if (digest === undefined) throw new ConfigError(`The package's data does not hold ${name}. ${REINSTALL}`);
  return digest;
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new ConfigError(`The list of the package's data, ${path}, cannot be read. ${REINSTALL}`, {
      cause: error,
    });
  }
}

const FORMATS = [
  { ending: '.br', decompress: promisify(brotliDecompress) },
  { ending: '.gz', decompress: promisify(gunzip) },
] as const;

/**
 * The content of a file that ships compressed below `packageData`.
 * @throws ConfigError if it is missing or is not what its digest says.
 */
export async function readPacked(packageData: string, name: string): Promise<Buffer> {
  const digest = await packedDigest(packageData, name);
  for (const { ending, decompress } of FORMATS) {
    const packed = await readFile(join(packageData, name + ending)).catch(() => undefined);
    if (packed === undefined) continue;
    const content = await decompress(packed).catch(() => undefined);
    if (content !== undefined && sha256(content) === digest.sha256) return content;
    throw new ConfigError(`The package's data file ${name}${ending} is damaged. ${REINSTALL}`);
  }
  throw new ConfigError(`The package's data does not hold ${name}. ${REINSTALL}`);
}

/**
 * Writes a file whole or not at all, for reading only.
 * @throws ConfigError if the disk is full.
 */
export async function writeReadOnly(path: string, content: Buffer | string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFileAtomic(path, content, { mode: 0o444 });
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    throw new ConfigError(`The disk is full: ${path} could not be written. Free some space and try again.`, {
      cause: error,
    });
  }
}

/** SHA-256 in hexadecimal. */
export function sha256(content: Buffer | string): string {
  return createHash('sha256').update(content).digest('hex');
}
