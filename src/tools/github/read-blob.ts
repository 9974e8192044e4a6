import { createHash } from 'node:crypto';
import { z } from 'zod';
import { InputError } from '../../errors.js';
import { size } from '../../lib/text.js';
import { UpstreamFailure } from '../support/http/upstream-failure.js';
import type { ResearchCall } from '../support/research-call.js';
import type { GitHubClient } from './github-client.js';
import type { Repository } from './repository.js';

const MAX_FILE_BYTES = 5_000_000;

/** A file as the contents and readme endpoints answer it; above 1 MB its content is left out. */
export const FileContent = z.object({
  type: z.literal('file'),
  name: z.string(),
  path: z.string(),
  sha: z.string(),
  size: z.number(),
  encoding: z.string().nullish(),
  content: z.string().nullish(),
});
export type FileContent = z.infer<typeof FileContent>;

/** The bytes of a file. @throws InputError if it is larger than 5 MB. */
export async function readBlob(
  file: FileContent,
  { fullName }: Repository,
  github: GitHubClient,
  call: ResearchCall,
): Promise<Buffer> {
  if (file.size > MAX_FILE_BYTES) {
    throw new InputError(
      `${file.path} has ${size(file.size)}; files up to ${size(MAX_FILE_BYTES)} are shown. Look for a smaller one with github_list_files.`,
    );
  }
  if (file.encoding === 'base64' && (file.content != null || file.size === 0)) {
    return Buffer.from(file.content ?? '', 'base64');
  }
  const answer = await github.bytes(
    {
      path: `/repos/${fullName}/git/blobs/${file.sha}`,
      accept: 'application/vnd.github.raw+json',
      fixed: true,
      isRight: body => hashOf(body, file.sha) === file.sha,
    },
    call,
  );
  if (!answer.found) throw new UpstreamFailure('unavailable', { source: 'GitHub', status: answer.status });
  return answer.value;
}

/** The name of a blob as git makes it, with SHA-1 or SHA-256 as the other name has. */
function hashOf(body: Buffer, like: string): string {
  const hash = createHash(like.length === 64 ? 'sha256' : 'sha1');
  return hash.update(`blob ${body.length}\0`).update(body).digest('hex');
}
