import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Tensor } from '../../runs/intake/safetensors.js';
import { isTelling, SAMPLES, sampleRanks, sidesOf } from './sample-tensor.js';

const Ranks = z
  .string()
  .refine(text => Buffer.from(text, 'base64').length === 2 * SAMPLES, 'it takes the ranks of a sample')
  .describe('of sampled weights among one another: 16-bit numbers, little-endian, base64');

/** What a model can be known by again, without its weights. */
export const Fingerprint = z.strictObject({
  version: z.literal(1),
  model: z.string().describe('what it is called, for people'),
  matrices: z
    .array(
      z.strictObject({
        name: z.string(),
        shape: z.array(z.number().int().positive()).readonly(),
        ranks: Ranks,
      }),
    )
    .readonly(),
});
export type Fingerprint = Readonly<z.infer<typeof Fingerprint>>;

/** A matrix as it is compared. */
export interface Print {
  readonly name: string;
  readonly shape: readonly number[];
  readonly ranks: Uint16Array;
  /** With the places of the transpose, for a square; only of what is judged. */
  readonly turned?: Uint16Array;
}

type Open = (path: string) => Promise<FileHandle>;

/** Prints of all matrices of a model that are large enough to tell. */
export async function printsOf(
  folder: string,
  tensors: readonly Tensor[],
  { open, signal }: { readonly open: Open; readonly signal: AbortSignal },
): Promise<Print[]> {
  const prints: Print[] = [];
  const telling = tensors.filter(isTelling);
  for (const file of new Set(telling.map(tensor => tensor.file))) {
    await using handle = await open(join(folder, file));
    for (const tensor of telling.filter(each => each.file === file)) {
      signal.throwIfAborted();
      const { name, shape } = tensor;
      const { short, long } = sidesOf(tensor);
      const turned = short === long ? { turned: await sampleRanks(handle, tensor, true) } : {};
      prints.push({ name, shape, ranks: await sampleRanks(handle, tensor), ...turned });
    }
  }
  return prints;
}

export function toFingerprint(model: string, prints: readonly Print[]): Fingerprint {
  const matrices = prints.map(({ name, shape, ranks }) => ({ name, shape, ranks: toText(ranks) }));
  return { version: 1, model, matrices };
}

export function fromFingerprint({ matrices }: Fingerprint): Print[] {
  return matrices.map(({ name, shape, ranks }) => ({ name, shape, ranks: fromText(ranks) }));
}

function toText(ranks: Uint16Array): string {
  const bytes = Buffer.alloc(2 * ranks.length);
  ranks.forEach((rank, at) => {
    bytes.writeUInt16LE(rank, 2 * at);
  });
  return bytes.toString('base64');
}

function fromText(text: string): Uint16Array {
  const bytes = Buffer.from(text, 'base64');
  return Uint16Array.from({ length: bytes.length / 2 }, (_, at) => bytes.readUInt16LE(2 * at));
}
