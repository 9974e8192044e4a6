import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A repository as the hub would have it. */
export interface HubRepo {
  readonly type?: 'dataset' | 'model';
  readonly commit: string;
  readonly files: Readonly<Record<string, string | Buffer>>;
  /** Names of files that lie in large file storage, at another origin. All, where absent. */
  readonly large?: RegExp;
  /** Only those with this token get it. */
  readonly token?: string;
}

/** Something that goes wrong with answers about one file, or with `tree` and `revision`. */
export interface Fault {
  readonly about: string;
  /** How often; 1 where absent. */
  readonly times?: number;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The connection is cut after so many bytes of the answer. */
  readonly cutAfter?: number;
  /** Nothing comes after so many bytes, and the connection stays open. */
  readonly hangAfter?: number;
  /** Other content of the same length. */
  readonly isCorrupt?: boolean;
  /** The server has only so many bytes of the file. */
  readonly truncatedTo?: number;
  /** Parts are asked for in vain: the whole file comes. */
  readonly ignoresRange?: boolean;
}

export interface HubServer extends AsyncDisposable {
  readonly url: string;
  /** What was asked for, in order: `GET /path range`. Never a header with a secret. */
  readonly requests: string[];
  /** Authorization headers that reached the storage, which must never happen. */
  readonly leakedTokens: string[];
  fail(...faults: Fault[]): void;
}

const PAGE = 40;

/**
 * Speaks the hub's protocol for some repositories: revisions, file trees in pages, files in parts, and redirects to a storage at another
 * origin, with the headers that the hub sends.
 */
export async function startHub(repos: Readonly<Record<string, HubRepo>>): Promise<HubServer> {
  const state = { repos, requests: [] as string[], leakedTokens: [] as string[], faults: [] as Fault[] };
  const storage = await listen((request, response) => serveStorage(state, request, response));
  const hub = await listen((request, response) => serveHub(state, storage.url, request, response));
  return {
    url: hub.url,
    requests: state.requests,
    leakedTokens: state.leakedTokens,
    fail: (...faults) => state.faults.push(...faults.flatMap(fault => Array(fault.times ?? 1).fill(fault))),
    async [Symbol.asyncDispose]() {
      await Promise.all([hub.close(), storage.close()]);
    },
  };
}

type State = Pick<HubServer, 'requests' | 'leakedTokens'> & {
  readonly repos: Readonly<Record<string, HubRepo>>;
  readonly faults: Fault[];
};

function serveHub(
  state: State,
  storage: string,
  request: IncomingMessage,
  response: ServerResponse,
): ServerResponse {
  const url = new URL(request.url ?? '', 'http://hub');
  state.requests.push(`GET ${url.pathname} ${request.headers.range ?? ''}`.trim());
  const api = /^\/api\/(datasets|models)\/([^/]+\/[^/]+)\/(revision|tree)\/([^/]+)$/.exec(url.pathname);
  const file = /^\/(datasets\/)?([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(url.pathname);
  const name = api?.[2] ?? file?.[2] ?? '';
  const repo = state.repos[name];
  if (repo === undefined) return refuse(response, 401, 'RepoNotFound');
  const isModel = api === null ? file?.[1] === undefined : api[1] === 'models';
  if (isModel !== (repo.type === 'model')) return refuse(response, 401, 'RepoNotFound');
  if (repo.token !== undefined && file !== null && request.headers.authorization !== `Bearer ${repo.token}`)
    return refuse(response, request.headers.authorization === undefined ? 401 : 403, 'GatedRepo');
  const fault = statusFault(state, api?.[3] ?? file?.[4] ?? '');
  if (fault?.status !== undefined) return refuse(response, fault.status, 'ServerFault', fault.headers);
  if (api !== null) return serveApi(repo, name, api, url, response, request);
  const path = decodeURIComponent(file?.[4] ?? '');
  const content = repo.files[path];
  if (![repo.commit, 'main'].includes(file?.[3] ?? '')) return refuse(response, 404, 'RevisionNotFound');
  if (content === undefined) return refuse(response, 404, 'EntryNotFound');
  const headers = { 'x-repo-commit': repo.commit, 'x-linked-size': String(Buffer.byteLength(content)) };
  if (isLarge(repo, path)) {
    const etag = `"${sha256(content)}"`;
    const location = `${storage}/${name}/${encodeURIComponent(path)}?signature=1`;
    return response.writeHead(302, { ...headers, 'x-linked-etag': etag, location }).end();
  }
  return serveContent(Buffer.from(content), contentFault(state, path, request), request, response, {
    ...headers,
    etag: `"${gitOid(content)}"`,
  });
}

function serveApi(
  repo: HubRepo,
  name: string,
  [, , , what, revision]: readonly string[],
  url: URL,
  response: ServerResponse,
  request: IncomingMessage,
): ServerResponse {
  if (![repo.commit, 'main', 'HEAD'].includes(revision ?? ''))
    return refuse(response, 404, 'RevisionNotFound');
  if (what === 'revision') {
    const facts = {
      _id: '1',
      id: name,
      sha: repo.commit,
      private: false,
      gated: repo.token === undefined ? false : 'auto',
    };
    return sendJson(response, { ...facts, downloads: 1, likes: 1, lastModified: '2024-01-01T00:00:00.000Z' });
  }
  const entries = Object.entries(repo.files).map(([path, content]) => treeEntry(repo, path, content));
  const folders = [...new Set(Object.keys(repo.files).flatMap(path => path.split('/').slice(0, -1)))];
  const all = [...folders.map(path => ({ type: 'directory', path, size: 0, oid: gitOid(path) })), ...entries];
  const from = Number(url.searchParams.get('cursor') ?? 0);
  url.searchParams.set('cursor', String(from + PAGE));
  const next = `<http://${request.headers.host}${url.pathname}${url.search}>; rel="next"`;
  return sendJson(response, all.slice(from, from + PAGE), from + PAGE < all.length ? { link: next } : {});
}

function treeEntry(repo: HubRepo, path: string, content: string | Buffer): object {
  const size = Buffer.byteLength(content);
  const lfs = { oid: sha256(content), size, pointerSize: 130 };
  return { type: 'file', path, size, oid: gitOid(content), ...(isLarge(repo, path) ? { lfs } : {}) };
}

function serveStorage(state: State, request: IncomingMessage, response: ServerResponse): ServerResponse {
  const [, owner, name, path = ''] = new URL(request.url ?? '', 'http://storage').pathname.split('/');
  const file = decodeURIComponent(path);
  if (request.headers.authorization !== undefined) state.leakedTokens.push(request.headers.authorization);
  const content = state.repos[`${owner}/${name}`]?.files[file];
  if (content === undefined) return refuse(response, 404, 'EntryNotFound');
  const fault = contentFault(state, file, request);
  if (request.headers.range !== 'bytes=0-0')
    state.requests.push(`GET storage ${file} ${request.headers.range ?? ''}`.trim());
  return serveContent(Buffer.from(content), fault, request, response, { etag: `"${sha256(content)}"` });
}

function serveContent(
  content: Buffer,
  fault: Fault | undefined,
  request: IncomingMessage,
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
): ServerResponse {
  if (fault?.truncatedTo !== undefined) content = content.subarray(0, fault.truncatedTo);
  if (fault?.isCorrupt) content = Buffer.from(content.map(byte => byte ^ 1));
  const range = fault?.ignoresRange ? null : /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const from = Number(range?.[1] ?? 0);
  const to = Math.min(range?.[2] ? Number(range[2]) + 1 : content.length, content.length);
  const body = content.subarray(from, to);
  response.writeHead(range === null ? 200 : 206, {
    ...headers,
    'accept-ranges': 'bytes',
    'content-length': body.length,
    ...(range === null ? {} : { 'content-range': `bytes ${from}-${to - 1}/${content.length}` }),
  });
  if (fault?.hangAfter !== undefined) {
    response.write(body.subarray(0, fault.hangAfter));
    return response;
  }
  if (fault?.cutAfter === undefined || request.headers.range === 'bytes=0-0') return response.end(body);
  response.write(body.subarray(0, fault.cutAfter), () => response.destroy());
  return response;
}

/** A fault in place of an answer. */
function statusFault({ faults }: State, about: string): Fault | undefined {
  const at = faults.findIndex(fault => fault.about === about && fault.status !== undefined);
  return at < 0 ? undefined : faults.splice(at, 1)[0];
}

/** A fault in the content. Looking at a file's size uses up none, but a file that is too short is so there too. */
function contentFault({ faults }: State, about: string, request: IncomingMessage): Fault | undefined {
  const isLook = request.headers.range === 'bytes=0-0';
  const at = faults.findIndex(
    fault =>
      fault.about === about && fault.status === undefined && (!isLook || fault.truncatedTo !== undefined),
  );
  return isLook || at < 0 ? faults[at] : faults.splice(at, 1)[0];
}

function refuse(
  response: ServerResponse,
  status: number,
  code: string,
  headers: Readonly<Record<string, string>> = {},
): ServerResponse {
  response.writeHead(status, { ...headers, 'x-error-code': code, 'content-type': 'application/json' });
  return response.end(JSON.stringify({ error: `a message of the hub: ${code}` }));
}

function sendJson(
  response: ServerResponse,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): ServerResponse {
  return response
    .writeHead(200, { ...headers, 'content-type': 'application/json' })
    .end(JSON.stringify(value));
}

function isLarge({ large }: HubRepo, path: string): boolean {
  return large?.test(path) ?? true;
}

function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

function gitOid(content: string | Buffer): string {
  return createHash('sha1')
    .update(`blob ${Buffer.byteLength(content)}\0`)
    .update(content)
    .digest('hex');
}

async function listen(
  serve: (request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
  const server: Server = createServer(serve).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a TCP server that listens
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
