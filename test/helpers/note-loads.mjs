/** Imported before a program (`node --import`): writes the address of every module that it loads to the file that MLRB_TEST_LOADS names. */
import { appendFileSync } from 'node:fs';
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) register(import.meta.url);

export async function load(url, context, next) {
  appendFileSync(process.env.MLRB_TEST_LOADS, `${url}\n`);
  return next(url, context);
}
