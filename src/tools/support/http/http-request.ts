import type { CacheHead, Kept } from './disk-cache.js';

/** The services that are asked. Each has a pace of its own; `pdf` is any host that holds an openly readable paper. */
export type Source = 'semantic_scholar' | 'arxiv' | 'openalex' | 'github' | 'pdf';

/** What is written down of every request, asked or answered from the cache. */
export interface RequestRecord {
  readonly source: string;
  readonly url: string;
  readonly status: number | null;
  readonly cache: 'miss' | 'hit' | 'revalidated' | 'stale' | 'joined' | 'none';
  readonly bytes: number;
  readonly duration_ms: number;
  readonly error: string | null;
}

/** A question to a service. Only GET is ever sent. */
export interface HttpRequest {
  readonly source: Source;
  readonly url: string;
  /** May hold keys: they are neither kept nor recorded, and go to the first host only. */
  readonly headers: Readonly<Record<string, string>>;
  readonly maxBytes: number;
  /** How long an answer counts as new, milliseconds; after that the service is asked whether it changed. */
  readonly freshMs: number;
  /** How often it may be sent, the first time included. */
  readonly attempts: number;
  /** When the caller must have an answer, milliseconds since 1970. */
  readonly deadline: number;
  /** How long the request may go on without the caller, so that a later call finds the answer. */
  readonly lingerMs: number;
  /** Throws if the body is not what was asked for; it is then asked for again. */
  readonly check?: (kept: Kept) => Promise<void>;
  /** Throws for an address that must not be reached. Asked for every hop, and for where a kept answer came from. */
  readonly allow: (url: URL) => void;
  readonly record: (record: RequestRecord) => void;
  readonly signal: AbortSignal;
}

/** A service's answer: a success, or that there is nothing there (404, 410, 451), or that it will not (other 4xx). */
export interface HttpAnswer {
  readonly status: number;
  readonly url: string;
  readonly contentType: string;
  /** Set where the service could not be asked and this is what it said earlier. */
  readonly staleSince: Date | undefined;
  /** Only of an answer that came just now. */
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: number;
  /** File that holds the body after a first line of ours; only of a kept answer. */
  readonly path: string | undefined;
  read(): Promise<Buffer>;
}

/** The answer that a kept one stands for. */
export function keptAnswer(kept: Kept, staleSince?: Date): HttpAnswer {
  const { status, url, content_type }: CacheHead = kept.head;
  return {
    status,
    url,
    contentType: content_type,
    staleSince,
    headers: {},
    bytes: kept.bytes,
    path: kept.path,
    read: kept.read,
  };
}
