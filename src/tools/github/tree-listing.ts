/** An entry of a repository's tree. */
export interface TreeEntry {
  readonly path: string;
  readonly type: 'file' | 'folder' | 'link' | 'submodule';
  readonly sizeBytes: number;
}

/** A line of a listing: a file, or a folder with all that is in it. */
export interface ListedEntry {
  /** Relative to the listed folder. */
  readonly path: string;
  readonly type: TreeEntry['type'];
  readonly sizeBytes: number;
  /** Set for a folder that is not opened: files below it. */
  readonly files?: number;
}

/**
 * What lies below a folder, opened as deep as `maxLines` allows: folders deeper than that are one line each, with the
 * number and the size of the files in them.
 */
export function listTree(entries: readonly TreeEntry[], maxLines: number): ListedEntry[] {
  const leaves = entries.filter(({ type }) => type !== 'folder');
  let listed = atDepth(leaves, 1);
  for (
    let depth = 2;
    listed.length <= maxLines && listed.some(({ files }) => files !== undefined);
    depth += 1
  ) {
    const deeper = atDepth(leaves, depth);
    if (deeper.length > maxLines) break;
    listed = deeper;
  }
  return listed;
}

/** Everything down to a depth; what lies deeper is counted in its folder. */
function atDepth(leaves: readonly TreeEntry[], depth: number): ListedEntry[] {
  const listed: ListedEntry[] = [];
  const folders = new Map<string, { files: number; sizeBytes: number }>();
  for (const { path, type, sizeBytes } of leaves) {
    const cut = cutAt(path, depth);
    if (cut === undefined) {
      listed.push({ path, type, sizeBytes });
      continue;
    }
    const known = folders.get(cut) ?? { files: 0, sizeBytes: 0 };
    folders.set(cut, { files: known.files + 1, sizeBytes: known.sizeBytes + sizeBytes });
  }
  for (const [path, facts] of folders) listed.push({ path, type: 'folder', ...facts });
  return listed.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The folder at that depth which holds the path; undefined if the path is not deeper. */
function cutAt(path: string, depth: number): string | undefined {
  let at = -1;
  for (let level = 0; level < depth; level += 1) {
    at = path.indexOf('/', at + 1);
    if (at < 0) return undefined;
  }
  return path.slice(0, at);
}
