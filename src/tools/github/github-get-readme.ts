import { z } from 'zod';
import { InputError } from '../../errors.js';
import { beginResearch } from '../support/begin-research.js';
import { FOREIGN_NOTE, quoted, visible, withheldNote, withhold } from '../support/foreign-text.js';
import { defineTool } from '../tool.js';
import { textOf } from './file-text.js';
import { pageOfLines } from './lines-page.js';
import { FileContent, readBlob } from './read-blob.js';
import { parseRepoAddress } from './repo-address.js';
import { describeRepository, encodePath, openRepository } from './repository.js';
import { withGitHub } from './with-github.js';

export const RepoUrlArgument = z
  .string()
  .describe('Repository on GitHub: https or ssh address, also with /tree/BRANCH/FOLDER, or owner/name.');

export const githubGetReadme = defineTool({
  name: 'github_get_readme',
  title: 'README of a repository',
  group: 'github',
  description: 'Read the README of a public GitHub repository, or of a folder in it. Needs a run.',
  input: z.strictObject({
    repo_url: RepoUrlArgument,
    start_line: z
      .number()
      .int()
      .optional()
      .describe('First line, counted from 1, for a README that was cut.'),
  }),
  output: z.object({
    repository: z.string(),
    ref: z.string().describe('branch, tag or commit'),
    path: z.string(),
    content: z.string().describe('text from outside'),
    start_line: z.number(),
    end_line: z.number(),
    total_lines: z.number(),
    note: z.string(),
    next: z.string().optional(),
  }),
  effect: 'reads',
  external: true,
  needs: 'run',
  async handle({ repo_url, start_line = 1 }, context) {
    const address = parseRepoAddress(repo_url);
    const { research, call } = await beginResearch(context);
    return withGitHub(context.signal, async () => {
      const repository = await openRepository(address, research.github, call);
      const { fullName, ref, path } = repository;
      const folder = path === '' ? '' : `/${encodePath(path)}`;
      const answer = await research.github.json(
        { path: `/repos/${fullName}/readme${folder}?ref=${encodeURIComponent(ref)}`, fixed: false },
        FileContent,
        call,
      );
      const place = describeRepository(repository);
      if (!answer.found) {
        throw new InputError(
          `${place}${path === '' ? '' : `, folder ${path},`} has no README, or there is no such branch or folder. github_list_files shows what is there.`,
        );
      }
      const bytes = await readBlob(answer.value, repository, research.github, call);
      const shown = withhold(
        visible(textOf(bytes, answer.value.path)),
        call.rules.texts,
        `The README of ${place}`,
      );
      const page = pageOfLines(shown.text, {
        start: start_line,
        end: undefined,
        maxChars: context.limits.outputChars,
      });
      const note = [...repository.notes, withheldNote(shown.withheld), FOREIGN_NOTE]
        .filter(Boolean)
        .join(' ');
      const next =
        page.next === undefined
          ? ''
          : `Cut here: call github_get_readme with start_line ${page.next} for more.`;
      const content = page.lines.join('\n');
      return {
        text: [
          `${answer.value.path} of ${place}, lines ${page.start} to ${page.end} of ${page.total}. ${note}`,
          quoted(content),
          next,
        ]
          .filter(Boolean)
          .join('\n'),
        data: {
          repository: fullName,
          ref: repository.refName,
          path: answer.value.path,
          content,
          start_line: page.start,
          end_line: page.end,
          total_lines: page.total,
          note,
          ...(next === '' ? {} : { next }),
        },
      };
    });
  },
});
