import { z } from 'zod';
import { InputError, LimitError } from '../../errors.js';
import { charCount, count, size } from '../../lib/text.js';
import type { Research } from '../research.js';
import { beginResearch } from '../support/begin-research.js';
import {
  beginning,
  FOREIGN_NOTE,
  oneLine,
  quoted,
  visible,
  withheldNote,
  withhold,
} from '../support/foreign-text.js';
import { type ResearchCall, withShare } from '../support/research-call.js';
import { defineTool } from '../tool.js';
import { PaperIdArgument } from './get-paper-details.js';
import type { Paper } from './paper.js';
import { type PaperId, parsePaperId, showPaperId } from './paper-id.js';
import { NoText, noTextError } from './paper-texts.js';
import type { PdfText } from './pdf-text.js';

/** Of the answer; the whole is in the file. */
const SHOWN_SHARE = 0.6;
/** Fewer letters on a page than this: it was scanned, or shows pictures only. */
const CHARS_OF_A_PAGE = 20;

export const downloadPaper = defineTool({
  name: 'download_paper',
  title: 'Download a paper as text',
  group: 'papers',
  description:
    'Fetch the PDF of a paper (arXiv, or an open-access address), extract its text and save it as papers/<id>.txt in the workspace, with a mark at each page. Answers with the path, the number of pages and the beginning.',
  input: z.strictObject({ paper_id: PaperIdArgument }),
  output: z.object({
    paper_id: z.string(),
    title: z.string(),
    path: z.string().describe('file with the whole text'),
    pages: z.number(),
    characters: z.number(),
    beginning: z.string(),
    source: z.string().describe('host that the PDF is from'),
    note: z.string(),
    next: z.string(),
  }),
  effect: 'repeatable',
  external: true,
  needs: 'sandbox',
  async handle({ paper_id }, context) {
    const id = parsePaperId(paper_id);
    const { research, call } = await beginResearch(context);
    const name = showPaperId(id);
    const paper = await findPaper(id, research, call);
    const found = await findText(id, paper, research, call);
    const title = oneLine(paper?.title || found.text.title || name);
    const marked = withhold(visible(withPageMarks(found.text)), call.rules.texts, `The paper ${name}`);
    const head = `${title}\n${name}, PDF from ${found.host}. ${FOREIGN_NOTE}\n`;
    const file = await context.sandbox.writeFile(
      { path: `papers/${fileName(id, found.version)}.txt`, text: `${head}\n${marked.text}\n` },
      { signal: context.signal },
    );
    const shown = beginning(marked.text, Math.floor(context.limits.outputChars * SHOWN_SHARE));
    const note = [found.note, withheldNote(marked.withheld), lengthNote(found.text), FOREIGN_NOTE]
      .filter(Boolean)
      .join(' ');
    const next = `Read on with read_code, path "${file.path}", or search in it with run_bash and grep.`;
    const pages = found.text.page_count;
    return {
      text: [
        `Saved ${file.path}: "${title}", ${count(pages, 'page')}, ${count(charCount(marked.text), 'character')}, ${size(file.size_bytes)}, PDF from ${found.host}.`,
        note,
        quoted(shown),
        next,
      ].join('\n'),
      data: {
        paper_id: name,
        title,
        path: file.path,
        pages,
        characters: marked.text.length,
        beginning: shown,
        source: found.host,
        note,
        next,
      },
    };
  },
});

/** What is known of the paper. Of an arXiv paper the PDF can be had even where nobody answers, unless a date must be known. */
async function findPaper(id: PaperId, { papers }: Research, call: ResearchCall): Promise<Paper | undefined> {
  const share = id.kind === 'arxiv' ? withShare(call, 3) : call;
  try {
    return (await papers.details(id, share)).value;
  } catch (error) {
    const needed = id.kind !== 'arxiv' || call.rules.publishedBefore !== null;
    if (needed || !(error instanceof LimitError)) throw error;
    return undefined;
  }
}

interface Place {
  readonly url: string;
  readonly version: string;
  readonly note: string;
}

interface FoundText {
  readonly text: PdfText;
  readonly host: string;
  readonly version: string;
  readonly note: string;
}

/** The first place that has the text. @throws InputError that says what each place had instead. */
async function findText(
  id: PaperId,
  paper: Paper | undefined,
  research: Research,
  call: ResearchCall,
): Promise<FoundText> {
  const tried: { host: string; why: string }[] = [];
  let late: LimitError | undefined;
  for await (const { url, version, note } of places(id, paper, research, call)) {
    const host = hostOf(url);

    try {
      const text = await research.texts.fetch(url, call);
      if (isScan(text))
        throw new NoText(`its ${count(text.page_count, 'page')} hold pictures and no text (a scan)`);
      return { text, host, version, note };
    } catch (error) {
      if (error instanceof NoText) tried.push({ host, why: error.why });
      else if (error instanceof LimitError) late ??= error;
      else throw error;
    }
  }
  if (late !== undefined) throw late;
  throw (
    (await withdrawnError(id, paper, research, call)) ?? noTextError(`the paper ${showPaperId(id)}`, tried)
  );
}

async function* places(
  id: PaperId,
  paper: Paper | undefined,
  research: Research,
  call: ResearchCall,
): AsyncGenerator<Place> {
  const number = id.kind === 'arxiv' ? id.value : paper?.arxivId;
  if (number != null) yield arxivPlace(number, id, await versionFor(id, number, research, call), research);
  if (paper?.pdfUrl != null && URL.canParse(paper.pdfUrl)) yield { url: paper.pdfUrl, version: '', note: '' };
  const doi = paper?.doi == null ? id : ({ kind: 'doi', value: paper.doi.toLowerCase() } as const);
  const open = await research.papers.openPdf(doi, call);
  if (open !== null && open !== paper?.pdfUrl && URL.canParse(open))
    yield { url: open, version: '', note: '' };
}

function arxivPlace(number: string, id: PaperId, version: string, { texts }: Research): Place {
  const asked = id.kind === 'arxiv' ? id.version : '';
  const note =
    version === asked
      ? ''
      : `Version ${version.slice(1)}: later ones are not known to be from before the date that this run is held to.`;
  return { url: texts.arxivPdf(number, version), version, note };
}

/** With a date bound only the first version is sure to be old enough, unless arXiv says so of the newest. */
async function versionFor(
  id: PaperId,
  number: string,
  { papers }: Research,
  call: ResearchCall,
): Promise<string> {
  const asked = id.kind === 'arxiv' ? id.version : '';
  const bound = call.rules.publishedBefore;
  if (bound === null || asked === 'v1') return asked;
  const onArxiv = await papers
    .arxivDetails({ kind: 'arxiv', value: number, version: '' }, withShare(call, 3))
    .catch(() => undefined);
  const newest = onArxiv?.version;
  return newest != null && newest.updated < bound ? asked : 'v1';
}

/** arXiv keeps no PDF of the version that withdrew a paper. */
async function withdrawnError(
  id: PaperId,
  paper: Paper | undefined,
  { papers }: Research,
  call: ResearchCall,
): Promise<InputError | undefined> {
  const number = id.kind === 'arxiv' ? id.value : paper?.arxivId;
  if (number == null) return undefined;
  const onArxiv = await papers
    .arxivDetails({ kind: 'arxiv', value: number, version: '' }, call)
    .catch(() => undefined);
  if (onArxiv?.withdrawn == null) return undefined;
  const earlier =
    (onArxiv.version?.number ?? 1) > 1
      ? ` An earlier version may still be there: call download_paper with paper_id "arXiv:${number}v1".`
      : '';
  return new InputError(
    `The paper arXiv:${number} was withdrawn; its authors say (quoted from outside): "${oneLine(onArxiv.withdrawn, 200)}"${earlier}`,
  );
}

function withPageMarks({ pages, page_count }: PdfText): string {
  return pages
    .map((text, index) => `--- page ${index + 1} of ${page_count} ---\n${text.trim()}`)
    .join('\n\n');
}

function isScan({ pages }: PdfText): boolean {
  const letters = pages.reduce((sum, text) => sum + text.replaceAll(/\s/g, '').length, 0);
  return letters < CHARS_OF_A_PAGE * Math.max(1, pages.length);
}

function lengthNote({ pages, page_count }: PdfText): string {
  return pages.length < page_count
    ? `Only the first ${pages.length} of ${page_count} pages were taken: the text is very long.`
    : '';
}

function fileName(id: PaperId, version: string): string {
  const name = id.kind === 'arxiv' ? `${id.value}${version}` : showPaperId(id);
  return name
    .replaceAll(/[^A-Za-z0-9._-]+/g, '_')
    .replace(/^\.+/, '')
    .slice(0, 100);
}

function hostOf(url: string): string {
  return new URL(url).hostname;
}
