import { InputError } from '../../errors.js';
import { firstChars, grouped } from '../../lib/text.js';

/** A repository on GitHub, and what its address points to in it. */
export interface RepoAddress {
  readonly owner: string;
  readonly name: string;
  /** What followed `/tree/` or `/blob/`: a branch, tag or commit, then a path. Where the one ends and the other begins only GitHub knows. */
  readonly rest: readonly string[];
  /** Set where the address names a branch, tag or commit and nothing else. */
  readonly ref: string | undefined;
}

const EXAMPLES =
  'Give an address such as https://github.com/owner/name, https://github.com/owner/name/tree/branch/folder, or owner/name.';
const MAX_CHARS = 2000;
const OWNER = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})$/;
const NAME = /^[\w.-]{1,100}$/;
/** First parts of addresses on github.com that are no owner. */
const NO_OWNERS = [
  'orgs',
  'topics',
  'search',
  'settings',
  'marketplace',
  'features',
  'sponsors',
  'about',
  'login',
  'explore',
  'collections',
];

/** Reads any form in which people give a repository. @throws InputError that shows the forms. */
export function parseRepoAddress(text: string): RepoAddress {
  const given = text.trim().replace(/^<|>$/g, '');
  if (given === '') throw new InputError(`The repo_url is empty. ${EXAMPLES}`);
  if (given.length > MAX_CHARS)
    throw new InputError(
      `The repo_url has ${grouped(given.length)} characters, which no address has. ${EXAMPLES}`,
    );
  const segments = segmentsOf(given);
  const [owner = '', rawName = '', ...more] = segments;
  const name = rawName.replace(/\.git$/i, '');
  if (
    !OWNER.test(owner) ||
    !NAME.test(name) ||
    name === '.' ||
    name === '..' ||
    NO_OWNERS.includes(owner.toLowerCase())
  ) {
    throw new InputError(`"${firstChars(given, 120)}" is no address of a repository on GitHub. ${EXAMPLES}`);
  }
  return { owner, name, ...pointer(more) };
}

/** Owner, name, and what follows. */
function segmentsOf(given: string): string[] {
  const address = given
    .replace(/^git\+/i, '')
    .replace(/^(?:ssh:\/\/)?git@([^:/]+)[:/]/i, 'https://$1/')
    .replace(/^(?:ssh|git):\/\//i, 'https://')
    .replace(/^(?:github|gh):(?!\/\/)/i, 'https://github.com/');
  if (!/^[a-z]+:\/\//i.test(address)) return bareSegments(address, given);
  if (!URL.canParse(address)) throw notOnGitHub(given);
  return urlSegments(new URL(address), given);
}

function bareSegments(address: string, given: string): string[] {
  if (/^(www\.)?(raw\.|gist\.|api\.)?github(usercontent)?\.com\//i.test(address))
    return urlSegments(new URL(`https://${address}`), given);
  if (/^[\w-]+(\.[\w-]+)+\//.test(address) && !/^[\w.-]+\/[\w.-]+\/?$/.test(address))
    throw notOnGitHub(given);
  return pathSegments(address.split(/[?#]/)[0] ?? '');
}

function urlSegments(url: URL, given: string): string[] {
  const path = pathSegments(url.pathname);
  switch (url.hostname.toLowerCase().replace(/^www\./, '')) {
    case 'github.com':
      return path;
    case 'api.github.com':
      return path[0] === 'repos' ? path.slice(1, 3) : path;
    case 'raw.githubusercontent.com':
      return [...path.slice(0, 2), 'blob', ...withoutRefs(path.slice(2))];
    case 'gist.github.com':
    case 'gist.githubusercontent.com':
      throw new InputError(
        `"${firstChars(given, 120)}" is a gist; these tools read repositories. Look for a repository that holds the same, or for the paper behind it.`,
      );
    default:
      throw notOnGitHub(given);
  }
}

function withoutRefs(path: string[]): string[] {
  return path[0] === 'refs' && (path[1] === 'heads' || path[1] === 'tags') ? path.slice(2) : path;
}

function pathSegments(path: string): string[] {
  return path
    .split('/')
    .filter(segment => segment !== '')
    .map(segment => decode(segment));
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function pointer([kind, ...rest]: string[]): Pick<RepoAddress, 'rest' | 'ref'> {
  switch (kind) {
    case 'tree':
    case 'blob':
    case 'raw':
    case 'blame':
    case 'edit':
    case 'commits':
      return rest.length === 1 ? { rest: [], ref: rest[0] } : { rest, ref: undefined };
    case 'commit':
      return { rest: [], ref: rest[0] };
    case 'releases':
      return { rest: [], ref: rest[0] === 'tag' ? rest.slice(1).join('/') || undefined : undefined };
    default:
      return { rest: [], ref: undefined };
  }
}

function notOnGitHub(given: string): InputError {
  return new InputError(
    `"${firstChars(given, 120)}" is not on github.com, and these tools read GitHub only. ${EXAMPLES}`,
  );
}
