import { join } from 'node:path';
import { openRegularFile } from './open-regular-file.js';

/** An object out of a JSON file, or a sentence that says why there is none. */
export type JsonObject =
  | { readonly ok: true; readonly value: Readonly<Record<string, unknown>>; readonly text: string }
  | { readonly ok: false; readonly message: string };

/** Reads a JSON object that a contestant wrote; a file above `maxBytes` is not read. */
export async function readJsonObject(folder: string, name: string, maxBytes: number): Promise<JsonObject> {
  await using handle = await openRegularFile(join(folder, name));
  const { size } = await handle.stat();
  if (size > maxBytes)
    return {
      ok: false,
      message: `${name} is larger than ${maxBytes / 1e6} MB. Save it again with save_pretrained(folder).`,
    };
  const text = await handle.readFile('utf8');
  const value = parse(text);
  if (value === undefined)
    return {
      ok: false,
      message: `${name} is not a JSON object. Save it again with save_pretrained(folder).`,
    };
  return { ok: true, value, text };
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a parsed JSON value is an object, not a list. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
