import { z } from 'zod';
import { InputError } from '../../errors.js';
import { firstChars } from '../../lib/text.js';
import { offLimitsError, tooNewError } from '../support/off-limits.js';
import { type ResearchCall, recordRefusal } from '../support/research-call.js';
import type { GitHubClient } from './github-client.js';
import type { RepoAddress } from './repo-address.js';

/** A public repository, at one branch, tag or commit. */
export interface Repository {
  /** `owner/name` as GitHub has it now. */
  readonly fullName: string;
  /** What requests name: a commit's hash, or a branch or tag without slashes. */
  readonly ref: string;
  /** How the ref is told to people. */
  readonly refName: string;
  /** Where the address points to below the root, without slashes at its ends. */
  readonly path: string;
  /** What a reader should know: renamed, archived, a fork, an older commit. */
  readonly notes: readonly string[];
}

const Named = z.object({ full_name: z.string() });
const Meta = z.object({
  full_name: z.string(),
  default_branch: z.string(),
  private: z.boolean(),
  visibility: z.string().optional(),
  archived: z.boolean().default(false),
  fork: z.boolean().default(false),
  parent: Named.nullish(),
  source: Named.nullish(),
});
const Refs = z.array(z.object({ ref: z.string(), object: z.object({ sha: z.string(), type: z.string() }) }));
const Commits = z.array(
  z.object({ sha: z.string(), commit: z.object({ committer: z.object({ date: z.string() }).nullish() }) }),
);

const HASH = /^[0-9a-f]{40}$/;

/**
 * Finds a repository and what its address points to.
 * @throws InputError if there is no such public repository or ref, or it is off limits; UpstreamFailure if GitHub does not answer.
 */
export async function openRepository(
  address: RepoAddress,
  github: GitHubClient,
  call: ResearchCall,
): Promise<Repository> {
  const asked = `${address.owner}/${address.name}`;
  refuse(asked, asked, call);
  const answer = await github.json({ path: `/repos/${asked}`, fixed: false }, Meta, call);
  if (!answer.found) throw noRepository(asked, answer.status);
  const meta = answer.value;
  if (meta.private || (meta.visibility ?? 'public') !== 'public') throw noRepository(asked, 404);
  for (const { full_name } of [meta, meta.parent, meta.source].filter(known => known != null))
    refuse(full_name, asked, call);

  const pointer = await resolvePointer(address, meta, github, call);
  const dated = await heldToDate(pointer, meta.full_name, github, call);
  return {
    fullName: meta.full_name,
    ...pointer,
    ...dated.at,
    notes: [...notesOn(meta, asked), ...dated.notes],
  };
}

/** @throws InputError for what is off limits; the attempt is recorded. */
function refuse(fullName: string, asked: string, call: ResearchCall): void {
  if (!call.rules.hidesRepository(fullName)) return;
  recordRefusal(call, 'github', `https://github.com/${asked}`);
  throw offLimitsError(`The repository ${asked}`);
}

function noRepository(asked: string, status: number): InputError {
  if (status === 451 || status === 403) {
    return new InputError(
      `GitHub has blocked the repository ${asked}. Look for another one, or for the paper behind it.`,
    );
  }
  return new InputError(
    `There is no public repository ${asked} on GitHub: the name is wrong, or it is private or gone. Check the address, or look for another one.`,
  );
}

function notesOn(meta: z.output<typeof Meta>, asked: string): string[] {
  return [
    meta.full_name.toLowerCase() === asked.toLowerCase() ? '' : `${asked} is now called ${meta.full_name}.`,
    meta.archived ? 'It is archived: nothing changes there any more.' : '',
    meta.source == null ? '' : `It is a fork of ${meta.source.full_name}.`,
  ].filter(note => note !== '');
}

type Pointer = Pick<Repository, 'ref' | 'refName' | 'path'>;

/** Where the ref ends and the path begins: branches and tags may have slashes in their names. */
async function resolvePointer(
  { rest, ref }: RepoAddress,
  meta: z.output<typeof Meta>,
  github: GitHubClient,
  call: ResearchCall,
): Promise<Pointer> {
  if (ref !== undefined) return { ref, refName: ref, path: '' };
  const [first] = rest;
  if (first === undefined) return { ref: meta.default_branch, refName: meta.default_branch, path: '' };
  if (!HASH.test(first)) {
    for (const kind of ['heads', 'tags']) {
      const found = await longestRef(kind, rest, meta.full_name, github, call);
      if (found !== undefined) return found;
    }
  }
  return { ref: first, refName: first, path: rest.slice(1).join('/') };
}

async function longestRef(
  kind: string,
  rest: readonly string[],
  fullName: string,
  github: GitHubClient,
  call: ResearchCall,
): Promise<Pointer | undefined> {
  const path = `/repos/${fullName}/git/matching-refs/${kind}/${encodeURIComponent(rest[0] ?? '')}`;
  const answer = await github.json({ path, fixed: false }, Refs, call);
  if (!answer.found) return undefined;
  const whole = `${rest.join('/')}/`;
  const names = answer.value.map(({ ref, object }) => ({ name: ref.replace(`refs/${kind}/`, ''), object }));
  const [longest] = names
    .filter(({ name }) => whole.startsWith(`${name}/`))
    .sort((a, b) => b.name.length - a.name.length);
  if (longest === undefined) return undefined;
  const { name, object } = longest;
  // A name with slashes would be cut off in an address; the hash of its commit says the same.
  const ref = name.includes('/') && object.type === 'commit' ? object.sha : name;
  return { ref, refName: name, path: whole.slice(name.length + 1, -1) };
}

/** With a date bound, the last commit before it. */
async function heldToDate(
  { ref, refName }: Pointer,
  fullName: string,
  github: GitHubClient,
  call: ResearchCall,
): Promise<{ at: Partial<Pointer>; notes: string[] }> {
  const bound = call.rules.publishedBefore;
  if (bound === null) return { at: {}, notes: [] };
  const query = new URLSearchParams({ sha: ref, until: `${bound}T00:00:00Z`, per_page: '1' });
  const answer = await github.json(
    { path: `/repos/${fullName}/commits?${query}`, fixed: false },
    Commits,
    call,
  );
  if (!answer.found && answer.status !== 409) throw noRef(fullName, refName);
  const commit = answer.found ? answer.value[0] : undefined;
  if (commit === undefined || (HASH.test(ref) && commit.sha !== ref))
    throw tooNewError(`${fullName} at ${refName}`, call.rules);
  if (commit.sha === ref) return { at: {}, notes: [] };
  const day = commit.commit.committer?.date.slice(0, 10) ?? '';
  return { at: { ref: commit.sha }, notes: [`Shown as of ${day}: later commits are hidden in this run.`] };
}

/** The sentence for a branch, tag or commit that is not there. */
export function noRef(fullName: string, refName: string): InputError {
  return new InputError(
    `${fullName} has no branch, tag or commit "${firstChars(refName, 100)}". Leave it out of the address for the default branch.`,
  );
}

/** A path as part of an address. */
export function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

/** `owner/name at branch` */
export function describeRepository({ fullName, refName }: Repository): string {
  return `${fullName} at ${refName}`;
}
