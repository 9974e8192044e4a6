import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { InputError, LimitError } from '../../errors.js';
import { isTimeout, orAbort, timeLimit } from '../../lib/time-limit.js';
import { Turns } from '../../lib/turns.js';
import type { Logger } from '../../logger.js';
import type { Kept } from '../support/http/disk-cache.js';
import type { HttpClient } from '../support/http/http-client.js';
import type { HttpAnswer } from '../support/http/http-request.js';
import { UpstreamFailure } from '../support/http/upstream-failure.js';
import { type OffLimitsRules, offLimitsError } from '../support/off-limits.js';
import type { ResearchCall } from '../support/research-call.js';
import { unanswered } from '../support/unanswered.js';
import { extractPdfText, PdfFailure, type PdfFault, PdfText } from './pdf-text.js';

const MAX_PDF_BYTES = 60_000_000;
const WEEK_MS = 7 * 86_400_000;
/** A download may take this much longer than the call that asked for it; the next call finds it. */
const LINGER_MS = 120_000;
const ATTEMPTS = 3;
/** Extractions of one server at once. */
const PROCESSES = 2;
/** A PDF begins with its mark, after at most this much of anything. */
const MARK_BYTES = 1024;

const FAULTS: Readonly<Record<PdfFault, string>> = {
  encrypted: 'is locked with a password and cannot be read',
  malformed: 'is damaged and cannot be read',
  too_heavy: 'takes more memory or time to read than is allowed',
};

export interface PaperTextsOptions {
  readonly http: HttpClient;
  /** Origin of arXiv's PDF files. */
  readonly arxivUrl: string;
  readonly log: Logger;
}

/** A PDF that cannot be had as text from one place; another place may do better. */
export class NoText extends Error {
  override readonly name = 'NoText';
  /** How the place answered, as the end of a sentence. */
  readonly why: string;

  constructor(why: string) {
    super(why);
    this.why = why;
  }
}

/** PDFs of papers as text. Each is fetched and extracted once, whoever asks. */
export class PaperTexts implements AsyncDisposable {
  readonly #options: PaperTextsOptions;
  readonly #processes = new Turns(PROCESSES);
  readonly #underWay = new Map<string, Promise<PdfText>>();
  readonly #closing = new AbortController();

  constructor(options: PaperTextsOptions) {
    this.#options = options;
  }

  /** Where arXiv has the PDF of one of its papers. `version` is empty for the newest. */
  arxivPdf(number: string, version: string): string {
    return `${this.#options.arxivUrl.replace(/\/$/, '')}/pdf/${number}${version}`;
  }

  /**
   * The text of the PDF at an address.
   * @throws NoText if there is none to be had there; LimitError if it takes longer than the call may; InputError if off limits.
   */
  async fetch(url: string, call: ResearchCall): Promise<PdfText> {
    const answer = await this.#fetchPdf(url, call);
    if (answer.status !== 200 || answer.path === undefined)
      throw new NoText(`there is nothing there (${answer.status})`);
    using limit = timeLimit(call.deadline - Date.now(), call.signal);
    try {
      return await orAbort(this.#textOf(answer.path), limit.signal);
    } catch (error) {
      if (isTimeout(error)) {
        throw new LimitError(
          'The paper was fetched and its text is being extracted. Call download_paper again in 10 s.',
        );
      }
      if (error instanceof PdfFailure) throw new NoText(`it ${FAULTS[error.fault]}`);
      throw error;
    }
  }

  async #fetchPdf(url: string, call: ResearchCall): Promise<HttpAnswer> {
    const { http, arxivUrl } = this.#options;
    const source = new URL(url).origin === new URL(arxivUrl).origin ? 'arxiv' : 'pdf';
    try {
      return await http.get({
        source,
        url,
        headers: { accept: 'application/pdf' },
        maxBytes: MAX_PDF_BYTES,
        freshMs: WEEK_MS,
        attempts: ATTEMPTS,
        deadline: call.deadline,
        lingerMs: LINGER_MS,
        check: checkMark,
        allow: address => refuseOffLimits(address, call.rules),
        record: call.record,
        signal: call.signal,
      });
    } catch (error) {
      if (!(error instanceof UpstreamFailure)) throw error;
      throw asNoText(error, new URL(url).hostname);
    }
  }

  /** Waits for an extraction that is under way, or finds an earlier one, or starts one. */
  async #textOf(path: string): Promise<PdfText> {
    const digest = await digestOf(path);
    const known = this.#underWay.get(digest);
    if (known !== undefined) return known;
    const text = this.#extractOnce(path, `pdf-text:1:${digest}`).finally(() => this.#underWay.delete(digest));
    text.catch(() => undefined); // whoever waits hears of it; nobody may be left to wait
    this.#underWay.set(digest, text);
    return text;
  }

  async #extractOnce(path: string, key: string): Promise<PdfText> {
    const { http, log } = this.#options;
    const kept = await readText(await http.cache.find(key));
    if (kept !== undefined) return kept;
    const leave = await this.#processes.take(this.#closing.signal);
    try {
      const text = await extractPdfText(path, this.#closing.signal);
      const head = {
        version: 1,
        url: 'pdf-text:',
        status: 200,
        content_type: 'application/json',
        etag: null,
        last_modified: null,
      } as const;
      await http.cache
        .keep(key, head, { body: Readable.from([JSON.stringify(text)]) })
        .catch(error => log.warn({ error: String(error) }, 'the text of a paper could not be kept'));
      return text;
    } finally {
      leave();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new DOMException('The server is closing.', 'AbortError'));
    await Promise.allSettled(this.#underWay.values());
  }
}

/** @throws InputError for pages and repositories that are off limits. */
function refuseOffLimits(url: URL, rules: OffLimitsRules): void {
  const onGitHub = /(^|\.)(github\.com|githubusercontent\.com)$/i.test(url.hostname);
  const repository = url.pathname.split('/').slice(1, 3).join('/');
  if (rules.hidesPage(url) || (onGitHub && rules.hidesRepository(repository))) {
    throw offLimitsError(`${url.hostname}${url.pathname}`);
  }
}

/** @throws NoText if the body is something else: it is not kept, and not asked for again. */
async function checkMark(kept: Kept): Promise<void> {
  const begin = (await readBegin(kept.path, kept.bytes)).toString('latin1');
  if (begin.includes('%PDF-')) return;
  if (/<(!doctype|html|head|body)/i.test(begin)) throw new NoText('it is a web page, not a PDF');
  throw new NoText(kept.bytes === 0 ? 'it is empty' : 'it is not a PDF');
}

/** The beginning of the body, which lies after the first line of the file. */
async function readBegin(path: string, bodyBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of createReadStream(path, { end: 16_383 })) chunks.push(chunk);
  const begin = Buffer.concat(chunks);
  const from = begin.indexOf(0x0a) + 1;
  return begin.subarray(from, from + Math.min(bodyBytes, MARK_BYTES));
}

function asNoText(failure: UpstreamFailure, name: string): Error {
  if (failure.reason === 'too_large') return new NoText(`it is larger than ${MAX_PDF_BYTES / 1e6} MB`);
  if (failure.reason === 'refused') return new NoText('it lies where no request may go');
  return unanswered([{ name, failure }]);
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

async function readText(kept: Kept | undefined): Promise<PdfText | undefined> {
  if (kept === undefined) return undefined;
  try {
    return PdfText.parse(JSON.parse((await kept.read()).toString('utf8')));
  } catch {
    return undefined;
  }
}

/** The sentence for a paper whose text no place gives. */
export function noTextError(
  name: string,
  tried: readonly { readonly host: string; readonly why: string }[],
): InputError {
  if (tried.length === 0) {
    return new InputError(
      `No PDF of ${name} that anyone may read is known. get_paper_details has its abstract; look for another version with search_papers.`,
    );
  }
  const places = tried.map(({ host, why }) => `at ${host} ${why}`).join('; ');
  return new InputError(
    `The text of ${name} cannot be had: ${places}. get_paper_details has its abstract; look for another version with search_papers.`,
  );
}
