import type { Dispatcher } from 'undici';
import { ConfigError } from '../../errors.js';
import type { HubFacts, Repo } from './hub-failure.js';
import { hubFetch, makeDispatcher, type Patience } from './hub-fetch.js';

export interface HubOptions {
  /** Without a slash at the end. */
  readonly url: string;
  /** Empty: none. */
  readonly token: string;
  readonly proxy: string;
  readonly noProxy: string;
  readonly patience?: Patience;
}

export interface HubCall {
  readonly repo: Repo;
  readonly signal: AbortSignal;
  readonly onWait: (text: string) => void;
}

/** A file as the hub lists it: with what tells whether it arrived whole. */
export interface HubFile {
  readonly path: string;
  readonly bytes: number;
  /** SHA-256 of the content, for large files. */
  readonly sha256?: string;
  /** SHA-1 of the content as git sees it, for the others. */
  readonly gitOid?: string;
}

const PATIENCE: Patience = { attempts: 5, firstWaitMs: 1000, longestAskedS: 600 };

/** The Hugging Face hub, asked through its own library. */
export class Hub implements AsyncDisposable {
  readonly #options: HubOptions;
  readonly #dispatcher: Dispatcher;
  readonly #memory = { isOutOfReach: false };

  /** @throws ConfigError for a token that cannot be one. */
  constructor(options: HubOptions) {
    if (options.token !== '' && !options.token.startsWith('hf_'))
      throw new ConfigError(
        'The token in HF_TOKEN is none of the hub: it begins with "hf_". Set the right one, or none.',
      );
    this.#options = options;
    this.#dispatcher = makeDispatcher(options);
  }

  /** The commit that a branch stands for now, or the commit itself. */
  async resolve(revision: string, call: HubCall): Promise<string> {
    const { datasetInfo, modelInfo } = await import('@huggingface/hub');
    const { name, type } = call.repo;
    const wanted = { name, revision, additionalFields: ['sha'] satisfies ['sha'], ...this.#common(call) };
    const { sha } = await this.#understand(call, () =>
      type === 'dataset' ? datasetInfo(wanted) : modelInfo(wanted),
    );
    if (/^[0-9a-f]{40}$/.test(sha)) return sha;
    throw this.#notUnderstood(call.repo);
  }

  /** Every file of a commit, folders left out. */
  async list(revision: string, call: HubCall): Promise<HubFile[]> {
    const { listFiles } = await import('@huggingface/hub');
    const files: HubFile[] = [];
    await this.#understand(call, async () => {
      const entries = listFiles({ repo: call.repo, revision, recursive: true, ...this.#common(call) });
      for await (const { type, path, size, lfs, oid } of entries) {
        if (type !== 'file' || !isSafe(path)) continue;
        const proof = lfs !== undefined ? { sha256: lfs.oid } : oid !== undefined ? { gitOid: oid } : {};
        files.push({ path, bytes: lfs?.size ?? size, ...proof });
      }
    });
    return files;
  }

  /** The content of a file from one byte on. The stream breaks off where the connection does. */
  async open(
    { path, from }: { readonly path: string; readonly from: number },
    revision: string,
    call: HubCall,
  ): Promise<{ readonly bytes: number; readonly stream: AsyncIterable<Uint8Array> }> {
    const { downloadFile } = await import('@huggingface/hub');
    const common = this.#common(call);
    const memory: { error?: unknown } = {};
    const blob = await this.#understand(call, () =>
      downloadFile({
        repo: call.repo,
        path,
        revision,
        xet: false, // its parts come from elsewhere, and cannot be gone on with
        ...common,
        fetch: (input, init) => remembering(memory, () => common.fetch(input, init)),
      }),
    );
    if (blob === null) throw this.#notUnderstood(call.repo);
    const stream = from === 0 ? blob.stream() : blob.slice(from).stream();
    return { bytes: blob.size, stream: withReason(stream, memory) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dispatcher.destroy();
  }

  #common({ repo, signal, onWait }: HubCall) {
    const { url, token, patience = PATIENCE } = this.#options;
    const facts: HubFacts = { url, hasToken: token !== '', repo };
    return {
      hubUrl: url,
      fetch: hubFetch({
        facts,
        dispatcher: this.#dispatcher,
        patience,
        memory: this.#memory,
        signal,
        onWait,
      }),
      ...(token === '' ? {} : { accessToken: token }),
    };
  }

  /** Answers that are no sentences of ours come from a hub that speaks otherwise than its library expects. */
  async #understand<T>({ repo, signal }: HubCall, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ConfigError) throw error;
      throw this.#notUnderstood(repo, error);
    }
  }

  #notUnderstood(repo: Repo, cause?: unknown): ConfigError {
    return new ConfigError(
      `What ${this.#options.url} answers about ${repo.name} is not what the hub answers. Check --hub-url and HF_ENDPOINT.`,
      { cause },
    );
  }
}

async function remembering<T>(memory: { error?: unknown }, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    memory.error = error;
    throw error;
  }
}

/** The library's streams tell only the words of what went wrong. */
async function* withReason(
  stream: AsyncIterable<Uint8Array>,
  memory: { readonly error?: unknown },
): AsyncGenerator<Uint8Array> {
  try {
    yield* stream;
  } catch (error) {
    throw memory.error ?? error;
  }
}

/** A name that cannot lead out of a folder. */
function isSafe(path: string): boolean {
  return path.split('/').every(part => part !== '' && part !== '.' && part !== '..') && !path.includes('\\');
}
