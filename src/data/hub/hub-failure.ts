import { ConfigError } from '../../errors.js';
import { duration } from '../../lib/text.js';

/** A repository on the hub, as its addresses name it. */
export interface Repo {
  readonly name: string;
  readonly type: 'dataset' | 'model';
}

export interface HubFacts {
  readonly url: string;
  readonly hasToken: boolean;
  readonly repo: Repo;
}

/** What an answer of the hub that is no success means for the operator. */
export function failureOf(status: number, errorCode: string, facts: HubFacts): ConfigError {
  const { url, hasToken, repo } = facts;
  const page = pageOf(url, repo);
  if (errorCode === 'RevisionNotFound')
    return new ConfigError(`The hub has no such revision of ${repo.name} any more. Look at ${page}.`);
  if (errorCode === 'GatedRepo' || status === 403)
    return new ConfigError(
      hasToken
        ? `The hub does not let the owner of HF_TOKEN have ${repo.name}. Accept its terms at ${page}, and fetch again.`
        : `${repo.name} is given only to those who accept its terms. Accept them at ${page}, set HF_TOKEN to a token of that account, and fetch again.`,
    );
  if (status === 401)
    return new ConfigError(
      hasToken
        ? 'The hub does not know the token in HF_TOKEN. Make a new one in the settings of your account there.'
        : `The hub does not give ${repo.name} to everyone, or does not have it. Look at ${page}; if it is there, set HF_TOKEN to a token of an account that may have it.`,
    );
  if (status === 404)
    return new ConfigError(`The hub does not have what was asked of ${repo.name}. Look at ${page}.`);
  return new ConfigError(
    `The hub at ${url} answered ${status} again and again. Try later: what has arrived is kept.`,
  );
}

/** No answer came at all, or it broke off, more often than is tried. */
export function unreachable(url: string, cause: unknown): ConfigError {
  return new ConfigError(
    `The hub at ${url} cannot be reached, or breaks off again and again. Check the network and its proxy, or name a mirror with --hub-url, and fetch again: what has arrived is kept.`,
    { cause },
  );
}

/** The hub asks for more patience than a command has. */
export function tooManyRequests(url: string, seconds: number): ConfigError {
  return new ConfigError(
    `The hub at ${url} asks to wait for ${duration(seconds)}. Fetch again after that: what has arrived is kept. A token in HF_TOKEN allows more requests.`,
  );
}

function pageOf(url: string, { name, type }: Repo): string {
  return `${url}/${type === 'dataset' ? 'datasets/' : ''}${name}`;
}
