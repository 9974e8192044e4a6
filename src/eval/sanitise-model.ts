import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/** Taken as it is: what the loader reads as data. */
const LINKED =
  /^(tokenizer\.json|special_tokens_map\.json|added_tokens\.json|vocab\.(json|txt)|merges\.txt|(spiece|tokenizer)\.model|model\.safetensors\.index\.json|.*\.safetensors)$/;
const REWRITTEN = ['config.json', 'tokenizer_config.json'];

/** Keys that make a loader look elsewhere, run something or choose for us. Keys that begin with `_` go too. */
const DROPPED =
  /^(_.*|auto_map|quantization_config|transformers_weights|custom_generate|attn_implementation|experts_implementation|dtype|torch_dtype|chat_template|name_or_path|(.*_(file|path|dir))|(tokenizer|vocab|merges)_file)$/;

/**
 * Makes a folder that is loaded in place of the submission: weights and vocabularies as links to the frozen files, JSON without the keys
 * that are not needed to describe a model. `generation_config.json` and chat templates are left out: nothing of them is used.
 */
export async function sanitiseModel(
  modelFolder: string,
  paths: readonly string[],
  target: string,
): Promise<void> {
  await mkdir(target, { recursive: true });
  for (const path of paths) {
    const source = resolve(modelFolder, path);
    if (REWRITTEN.includes(path)) await writeFile(join(target, path), await rewritten(source));
    else if (LINKED.test(path)) await symlink(source, join(target, path));
  }
}

async function rewritten(path: string): Promise<string> {
  return JSON.stringify(JSON.parse(await readFile(path, 'utf8')), (key, value: unknown) =>
    DROPPED.test(key) ? undefined : value,
  );
}
