import { isIP } from 'node:net';
import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici';
import { isPublicAddress } from './public-address.js';
import { lookUpPublic } from './public-lookup.js';
import { UpstreamFailure } from './upstream-failure.js';

const CONNECT_TIMEOUT_MS = 10_000;
const HEADERS_TIMEOUT_MS = 20_000;
const BODY_TIMEOUT_MS = 20_000;
const MAX_HEADER_BYTES = 64_000;
/** Names that only mean something inside a network. */
const LOCAL_NAME = /(^|\.)(localhost|local|internal|intranet|lan|home|corp|home\.arpa)\.?$/i;

export interface WayOutOptions {
  readonly proxy: string;
  readonly noProxy: string;
  /** Origins that the operator set: they may have a private address. */
  readonly trustedOrigins: readonly string[];
}

/** The one place where connections to the world are made. Private addresses are refused where the name is resolved. */
export class WayOut implements AsyncDisposable {
  readonly #options: WayOutOptions;
  readonly #guarded: Dispatcher;
  readonly #trusting: Dispatcher;

  constructor(options: WayOutOptions) {
    this.#options = options;
    this.#guarded = makeAgent(options, { timeout: CONNECT_TIMEOUT_MS, lookup: lookUpPublic });
    this.#trusting = makeAgent(options, { timeout: CONNECT_TIMEOUT_MS });
  }

  /**
   * What a request to this address goes through.
   * @throws UpstreamFailure `refused` for an address that no tool of ours may ask, whatever it was given by.
   */
  async dispatcherFor(url: URL, source: string): Promise<Dispatcher> {
    if (this.#isTrusted(url)) return this.#trusting;
    const reason = faultOf(url);
    if (reason !== undefined) throw refused(source, reason);
    if (this.#options.proxy !== '' && (await resolvesPrivately(url.hostname))) {
      throw refused(source, 'private address'); // through a proxy no lookup of ours sees the name
    }
    return this.#guarded;
  }

  #isTrusted(url: URL): boolean {
    return this.#options.trustedOrigins.includes(url.origin);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#guarded.destroy(), this.#trusting.destroy()]);
  }
}

type Connect = { readonly timeout: number; readonly lookup?: typeof lookUpPublic };

function makeAgent({ proxy, noProxy }: WayOutOptions, connect: Connect): Dispatcher {
  const options = {
    connect,
    connections: 32, // for each host; how many are really used at once is the gate's to say
    headersTimeout: HEADERS_TIMEOUT_MS,
    bodyTimeout: BODY_TIMEOUT_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
    keepAliveTimeout: 10_000,
  };
  if (proxy === '') return new Agent(options);
  return new EnvHttpProxyAgent({ ...options, httpProxy: proxy, httpsProxy: proxy, noProxy });
}

/** What speaks against an address before anything is asked. */
function faultOf(url: URL): string | undefined {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'protocol';
  if (url.username !== '' || url.password !== '') return 'password in the address';
  if (url.port !== '') return 'unusual port';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0) return isPublicAddress(host) ? undefined : 'private address';
  return LOCAL_NAME.test(host) || !host.includes('.') ? 'local name' : undefined;
}

function refused(source: string, reason: string): UpstreamFailure {
  return new UpstreamFailure('refused', { source, cause: reason });
}

function resolvesPrivately(hostname: string): Promise<boolean> {
  return new Promise(resolve => {
    lookUpPublic(hostname, { all: true }, error => resolve(error instanceof UpstreamFailure));
  });
}
