import { InputError } from '../../errors.js';
import { firstChars, grouped } from '../../lib/text.js';

/** What a paper is called by, in one of the ways in which it can be asked for. */
export type PaperId =
  | {
      readonly kind: 'arxiv';
      readonly value: string /** `v2`, or empty for the newest. */;
      readonly version: string;
    }
  | {
      readonly kind: 'doi' | 's2' | 'corpus' | 'acl' | 'pmid' | 'pmcid' | 'mag' | 'openalex';
      readonly value: string;
    };

const FORMS =
  'Give an arXiv number (2410.22553), a DOI (10.18653/v1/N19-1423), an address on arxiv.org, doi.org, semanticscholar.org or aclanthology.org, a Semantic Scholar id or CorpusID:NUMBER; search_papers finds them.';
const MAX_CHARS = 500;

const ARXIV_NEW = /^(\d{4}\.\d{4,5})(v\d{1,3})?$/i;
const ARXIV_OLD = /^([a-z-]{2,20}(?:\.[a-z]{2})?\/\d{7})(v\d{1,3})?$/i;
const ARXIV_DOI = /^10\.48550\/arxiv\.(.+)$/i;
const DOI = /^10\.\d{4,9}\/\S+$/;
const S2 = /^[0-9a-f]{40}$/i;
const OPENALEX = /^w\d{4,12}$/i;

const PREFIXES: Readonly<Record<string, (value: string) => PaperId | undefined>> = {
  arxiv: arxivId,
  doi: doiId,
  corpusid: numberId('corpus'),
  corpus: numberId('corpus'),
  mag: numberId('mag'),
  pmid: numberId('pmid'),
  pmcid: value => numberId('pmcid')(value.replace(/^pmc/i, '')),
  acl: value => (/^[A-Za-z0-9.-]{3,60}$/.test(value) ? { kind: 'acl', value } : undefined),
  s2: s2Id,
  url: addressId,
};

/** Reads any form in which people name a paper. @throws InputError that lists the forms. */
export function parsePaperId(text: string): PaperId {
  const name = text.trim().replace(/^<|>$/g, '');
  if (name === '') throw new InputError(`The paper_id is empty. ${FORMS}`);
  if (name.length > MAX_CHARS) {
    throw new InputError(
      `The paper_id has ${grouped(name.length)} characters, which no id of a paper has. ${FORMS}`,
    );
  }
  const found = plainId(name) ?? prefixedId(name) ?? addressId(name);
  if (found === undefined) throw new InputError(`"${firstChars(name, 80)}" is no id of a paper. ${FORMS}`);
  return found;
}

function plainId(name: string): PaperId | undefined {
  return arxivId(name) ?? doiId(name) ?? s2Id(name) ?? openAlexId(name);
}

function prefixedId(name: string): PaperId | undefined {
  const [, prefix = '', value = ''] = /^([a-z0-9]+)\s*:\s*(.+)$/i.exec(name) ?? [];
  return PREFIXES[prefix.toLowerCase()]?.(value);
}

function arxivId(name: string): PaperId | undefined {
  const [, value, version = ''] = ARXIV_NEW.exec(name) ?? ARXIV_OLD.exec(name) ?? [];
  if (value === undefined) return undefined;
  // Old numbers are kept without the subject class: math.GT/0309136 is math/0309136.
  const plain = value.replace(/^([a-z-]+)\.[A-Za-z]{2}\//i, '$1/').toLowerCase();
  return { kind: 'arxiv', value: plain, version: version.toLowerCase() };
}

function doiId(name: string): PaperId | undefined {
  const inArxiv = ARXIV_DOI.exec(name)?.[1];
  if (inArxiv !== undefined) return arxivId(inArxiv);
  return DOI.test(name) ? { kind: 'doi', value: name.replace(/[.,;]+$/, '').toLowerCase() } : undefined;
}

function s2Id(name: string): PaperId | undefined {
  return S2.test(name) ? { kind: 's2', value: name.toLowerCase() } : undefined;
}

function openAlexId(name: string): PaperId | undefined {
  return OPENALEX.test(name) ? { kind: 'openalex', value: name.toUpperCase() } : undefined;
}

function numberId(kind: 'corpus' | 'mag' | 'pmid' | 'pmcid'): (value: string) => PaperId | undefined {
  return value => (/^\d{1,12}$/.test(value) ? { kind, value } : undefined);
}

/** The paper that an address shows. */
function addressId(name: string): PaperId | undefined {
  const address = /^[a-z]+:\/\//i.test(name) ? name : `https://${name}`;
  if (!URL.canParse(address)) return undefined;
  const { hostname, pathname } = new URL(address);
  const host = hostname.replace(/^(www|export|browse|api|dx|m)\./, '');
  const path = decode(pathname).replace(/\/+$/, '');
  switch (host) {
    case 'arxiv.org':
    case 'alphaxiv.org':
    case 'ar5iv.org':
    case 'ar5iv.labs.arxiv.org':
      return arxivId(
        path.replace(/^\/(abs|pdf|html|format|src|e-print|overview)\//, '').replace(/\.pdf$/i, ''),
      );
    case 'huggingface.co':
      return arxivId(path.replace(/^\/papers\//, ''));
    case 'doi.org':
      return doiId(path.slice(1));
    case 'semanticscholar.org':
      return s2Address(path);
    case 'aclanthology.org':
    case 'aclweb.org':
      return PREFIXES.acl?.(path.replace(/^\/(anthology\/)?/, '').replace(/\.pdf$/i, ''));
    case 'openalex.org':
      return openAlexId(path.replace(/^\/(works\/)?/, ''));
    case 'pubmed.ncbi.nlm.nih.gov':
      return numberId('pmid')(path.slice(1));
    default:
      return undefined;
  }
}

function s2Address(path: string): PaperId | undefined {
  const last = path.split('/').at(-1) ?? '';
  return s2Id(last) ?? prefixedId(last);
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** The id as people write it, which `parsePaperId` reads again. */
export function showPaperId(id: PaperId): string {
  switch (id.kind) {
    case 'arxiv':
      return `arXiv:${id.value}${id.version}`;
    case 'corpus':
      return `CorpusID:${id.value}`;
    case 'acl':
    case 'pmid':
    case 'pmcid':
    case 'mag':
      return `${id.kind.toUpperCase()}:${id.value}`;
    default:
      return id.value;
  }
}
