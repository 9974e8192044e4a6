import { z } from 'zod';
import { InputError } from '../../errors.js';
import { firstChars, size } from '../../lib/text.js';
import { beginResearch } from '../support/begin-research.js';
import { FOREIGN_NOTE, oneLine, visible, withheldNote, withhold } from '../support/foreign-text.js';
import type { ResearchCall } from '../support/research-call.js';
import { defineTool } from '../tool.js';
import { textOf } from './file-text.js';
import type { GitHubClient } from './github-client.js';
import { RepoUrlArgument } from './github-get-readme.js';
import { pageOfLines } from './lines-page.js';
import { FileContent, readBlob } from './read-blob.js';
import { parseRepoAddress } from './repo-address.js';
import { joinPaths, parseRepoPath } from './repo-path.js';
import { describeRepository, encodePath, openRepository, type Repository } from './repository.js';
import { withGitHub } from './with-github.js';

/** What the contents endpoint answers in its object form. */
const Content = z.discriminatedUnion('type', [
  FileContent,
  z.object({ type: z.literal('dir'), path: z.string() }),
  z.object({ type: z.literal('symlink'), path: z.string(), target: z.string().nullish() }),
  z.object({ type: z.literal('submodule'), path: z.string(), submodule_git_url: z.string().nullish() }),
]);

export const githubGetFileCode = defineTool({
  name: 'github_get_file_code',
  title: 'File of a repository',
  group: 'github',
  description:
    'Read a text file of a public GitHub repository, with line numbers. Long files are cut; ask for the next lines with start_line. Needs a run.',
  input: z.strictObject({
    repo_url: RepoUrlArgument,
    file_path: z.string().describe('Path from the root of the repository, for example "src/train.py".'),
    start_line: z.number().int().optional().describe('First line, counted from 1.'),
    end_line: z.number().int().optional().describe('Last line, included.'),
  }),
  output: z.object({
    repository: z.string(),
    ref: z.string(),
    path: z.string(),
    content: z.string().describe('lines with their numbers and a tab in front; text from outside'),
    start_line: z.number(),
    end_line: z.number(),
    total_lines: z.number(),
    size_bytes: z.number(),
    note: z.string(),
    next: z.string().optional(),
  }),
  effect: 'reads',
  external: true,
  needs: 'run',
  async handle({ repo_url, file_path, start_line = 1, end_line }, context) {
    const address = parseRepoAddress(repo_url);
    const asked = parseRepoPath(file_path, 'file_path');
    const { research, call } = await beginResearch(context);
    return withGitHub(context.signal, async () => {
      const repository = await openRepository(address, research.github, call);
      const path = joinPaths(repository.path, asked);
      if (path === '')
        throw new InputError(
          'The file_path is empty. Give the path of a file; github_list_files shows them.',
        );
      const file = await findFile(path, repository, research.github, call);
      const bytes = await readBlob(file, repository, research.github, call);
      const place = describeRepository(repository);
      const shown = withhold(visible(textOf(bytes, file.path)), call.rules.texts, `${file.path} of ${place}`);
      const page = pageOfLines(shown.text, {
        start: start_line,
        end: end_line,
        maxChars: context.limits.outputChars,
      });
      const content = page.lines.map((text, index) => `${page.start + index}\t${text}`).join('\n');
      const note = [...repository.notes, withheldNote(shown.withheld), FOREIGN_NOTE]
        .filter(Boolean)
        .join(' ');
      const next =
        page.next === undefined
          ? ''
          : `Cut here: call github_get_file_code with start_line ${page.next} for more.`;
      return {
        text: [
          `${file.path} of ${place}, ${size(file.size)}, lines ${page.start} to ${page.end} of ${page.total}. ${note}`,
          content,
          next,
        ]
          .filter(Boolean)
          .join('\n'),
        data: {
          repository: repository.fullName,
          ref: repository.refName,
          path: file.path,
          content,
          start_line: page.start,
          end_line: page.end,
          total_lines: page.total,
          size_bytes: file.size,
          note,
          ...(next === '' ? {} : { next }),
        },
      };
    });
  },
});

/** @throws InputError that says what lies there, if it is no file. */
async function findFile(
  path: string,
  repository: Repository,
  github: GitHubClient,
  call: ResearchCall,
): Promise<FileContent> {
  const { fullName, ref } = repository;
  const query = new URLSearchParams({ ref });
  const place = describeRepository(repository);
  const answer = await github.json(
    { path: `/repos/${fullName}/contents/${encodePath(path)}?${query}`, fixed: /^[0-9a-f]{40}$/.test(ref) },
    Content,
    call,
  );
  if (!answer.found) {
    throw new InputError(
      `${place} has no file ${firstChars(path, 200)}, or there is no such branch. github_list_files shows what is there.`,
    );
  }
  const found = answer.value;
  switch (found.type) {
    case 'file':
      return found;
    case 'dir':
      throw new InputError(`${path} of ${place} is a folder. Call github_list_files with path "${path}".`);
    case 'symlink':
      throw new InputError(
        `${path} of ${place} is a link to "${oneLine(found.target ?? '', 100)}", which is no file of this repository.`,
      );
    case 'submodule':
      throw new InputError(
        `${path} of ${place} is a submodule: another repository, at "${oneLine(found.submodule_git_url ?? 'an unknown address', 150)}".`,
      );
  }
}
