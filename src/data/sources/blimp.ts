import { z } from 'zod';
import { canonicalFiles } from '../canonical-files.js';
import { type MadeFile, oneEach, type Source } from './source.js';

const BlimpRow = z.object({
  sentence_good: z.string().min(1),
  sentence_bad: z.string().min(1),
  field: z.string(),
  linguistics_term: z.string(),
  UID: z.string().regex(/^\w+$/),
  pairID: z.string(),
});

export const blimp: Source = {
  dataset: {
    id: 'blimp',
    title: 'BLiMP, complete: 67 subtasks of 1,000 pairs of sentences',
    role: 'eval',
    format: 'rows',
    files: canonicalFiles('blimp'),
    origin: { kind: 'package' },
    licence: 'CC BY 4.0',
    source: 'https://github.com/alexwarstadt/blimp (Warstadt et al., 2020)',
  },
  folder: oneEach(/^blimp\/\w+\.jsonl$/, name => name.slice('blimp/'.length), {
    kind: 'rows',
    schema: BlimpRow,
  }),
  make: async ({ packed }) => bySubtask((await packed('eval/blimp.jsonl')).toString('utf8')),
  made_by: 'package',
};

function bySubtask(content: string): MadeFile[] {
  const parts = new Map<string, string[]>();
  for (const line of content.trimEnd().split('\n')) {
    const { UID } = BlimpRow.parse(JSON.parse(line));
    const lines = parts.get(UID) ?? [];
    lines.push(line);
    parts.set(UID, lines);
  }
  return [...parts].map(([subtask, lines]) => ({
    path: `${subtask}.jsonl`,
    content: `${lines.join('\n')}\n`,
  }));
}
