import { z } from 'zod';
import { InputError } from '../../errors.js';
import { firstChars } from '../../lib/text.js';
import type { ResearchCall } from '../support/research-call.js';
import type { GitHubClient } from './github-client.js';
import { describeRepository, noRef, type Repository } from './repository.js';
import type { TreeEntry } from './tree-listing.js';

const Tree = z.object({
  sha: z.string(),
  truncated: z.boolean(),
  tree: z.array(
    z.object({
      path: z.string(),
      mode: z.string(),
      type: z.string(),
      sha: z.string(),
      size: z.number().optional(),
    }),
  ),
});
type Tree = z.infer<typeof Tree>;
const LINK_MODE = '120000';

export interface FolderTree {
  /** Everything below the folder, paths relative to it. */
  readonly entries: readonly TreeEntry[];
  /** Whether GitHub left some out: the repository is too large for one answer. */
  readonly truncated: boolean;
}

/** Everything below a folder, in one request where GitHub's answer holds it all. @throws InputError if it is no folder. */
export async function readTree(
  repository: Repository,
  folder: string,
  github: GitHubClient,
  call: ResearchCall,
): Promise<FolderTree> {
  const whole = await fetchTree(repository, repository.ref, true, github, call);
  if (folder === '') return below(whole, '');
  const entry = whole.tree.find(({ path }) => path === folder);
  if (entry !== undefined && entry.type !== 'tree')
    throw noFolder(repository, folder, entry.type, entry.mode);
  if (!whole.truncated) {
    if (entry === undefined) throw missing(repository, folder);
    return below(whole, folder);
  }
  const sha = entry?.sha ?? (await findFolder(repository, folder, github, call));
  return below(await fetchTree(repository, sha, true, github, call), '');
}

/** Walks down to a folder that a cut answer does not show. */
async function findFolder(
  repository: Repository,
  folder: string,
  github: GitHubClient,
  call: ResearchCall,
): Promise<string> {
  let sha = repository.ref;
  for (const name of folder.split('/')) {
    const { tree } = await fetchTree(repository, sha, false, github, call);
    const entry = tree.find(({ path }) => path === name);
    if (entry === undefined) throw missing(repository, folder);
    if (entry.type !== 'tree') throw noFolder(repository, folder, entry.type, entry.mode);
    sha = entry.sha;
  }
  return sha;
}

async function fetchTree(
  repository: Repository,
  sha: string,
  recursive: boolean,
  github: GitHubClient,
  call: ResearchCall,
): Promise<Tree> {
  const path = `/repos/${repository.fullName}/git/trees/${encodeURIComponent(sha)}${recursive ? '?recursive=1' : ''}`;
  const answer = await github.json({ path, fixed: /^[0-9a-f]{40}$/.test(sha) }, Tree, call);
  if (answer.found) return answer.value;
  if (answer.status === 409) {
    throw new InputError(
      `${repository.fullName} is empty: nothing was ever put there. Look for another repository.`,
    );
  }
  throw noRef(repository.fullName, repository.refName);
}

function below({ tree, truncated }: Tree, folder: string): FolderTree {
  const prefix = folder === '' ? '' : `${folder}/`;
  const inside = tree.filter(({ path }) => path.startsWith(prefix));
  return {
    entries: inside.map(({ path, mode, type, size = 0 }) => ({
      path: path.slice(prefix.length),
      type: kindOf(type, mode),
      sizeBytes: size,
    })),
    truncated,
  };
}

function kindOf(type: string, mode: string): TreeEntry['type'] {
  if (type === 'tree') return 'folder';
  if (type === 'commit') return 'submodule';
  return mode === LINK_MODE ? 'link' : 'file';
}

function missing(repository: Repository, folder: string): InputError {
  return new InputError(
    `${describeRepository(repository)} has no folder ${firstChars(folder, 200)}. Leave the path out to see what is there.`,
  );
}

function noFolder(repository: Repository, path: string, type: string, mode: string): InputError {
  const what = kindOf(type, mode);
  if (what === 'submodule') {
    return new InputError(
      `${path} in ${repository.fullName} is a submodule: another repository. .gitmodules, read with github_get_file_code, names its address.`,
    );
  }
  return new InputError(
    `${path} in ${describeRepository(repository)} is a ${what}, no folder. Read it with github_get_file_code.`,
  );
}
