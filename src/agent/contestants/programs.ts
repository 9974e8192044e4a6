import type { OwnTrick } from './cheat.js';
import { heldOutPlays } from './held-out-plays.js';
import type { Program } from './program.js';

/** What the controls of a task run. */
export interface Controls {
  readonly base: Program;
  readonly reference: Program;
  readonly cheat: OwnTrick;
}

const OPTIONS = 'shared/program.py';
const TRAINING = 'shared/timed_training.py';
const TEXT = 'shared/running_text.py';
const FEW_VALUES = 'shared/few_values.py';

const SENTENCES = [OPTIONS, 'pretraining/sentences.py'];
const PRETRAINING: Controls = {
  base: program('pretraining/base.py', SENTENCES),
  reference: program('pretraining/reference.py', [...SENTENCES, TRAINING]),
  cheat: { program: program('pretraining/cheat_by_tokenizer.py', SENTENCES) },
};
const LAYERS = [OPTIONS, 'mini_edge_llm_compression/layers.py'];
const MERGING = [OPTIONS, 'mini_llm_merging/merging.py'];
const PROBLEMS = [OPTIONS, 'mini_math_reasoning/problems.py'];

/** By task. */
export const PROGRAMS: ReadonlyMap<string, Controls> = new Map<string, Controls>([
  ['mini_baby_lm', PRETRAINING],
  ['mini_mini_pile', PRETRAINING],
  [
    'mini_edge_llm_training',
    {
      ...PRETRAINING,
      cheat: {
        program: program('pretraining/cheat_by_few_values.py', [
          ...SENTENCES,
          'pretraining/reference.py',
          TRAINING,
          FEW_VALUES,
        ]),
      },
    },
  ],
  [
    'mini_llm_efficiency',
    {
      base: program('mini_llm_efficiency/base.py', [OPTIONS]),
      reference: program('mini_llm_efficiency/reference.py', [OPTIONS, TRAINING, TEXT]),
      cheat: {
        program: program('mini_llm_efficiency/cheat.py', [OPTIONS, TRAINING, TEXT]),
        found: async () => [['found.txt', await heldOutPlays()]],
      },
    },
  ],
  [
    'mini_llm_merging',
    {
      base: program('mini_llm_merging/base.py', MERGING),
      reference: program('mini_llm_merging/reference.py', [...MERGING, TRAINING, TEXT]),
      cheat: { program: program('mini_llm_merging/cheat.py', MERGING) },
    },
  ],
  [
    'mini_edge_llm_compression',
    {
      base: program('mini_edge_llm_compression/base.py', LAYERS),
      reference: program('mini_edge_llm_compression/reference.py', [...LAYERS, TRAINING, TEXT]),
      cheat: {
        program: program('mini_edge_llm_compression/cheat.py', [...LAYERS, TRAINING, TEXT, FEW_VALUES]),
      },
    },
  ],
  [
    'mini_math_reasoning',
    {
      base: program('mini_math_reasoning/base.py', PROBLEMS),
      reference: program('mini_math_reasoning/reference.py', [...PROBLEMS, TRAINING]),
      cheat: { program: program('mini_math_reasoning/cheat.py', PROBLEMS) },
    },
  ],
]);

/** Paths relative to this folder. */
function program(main: string, modules: readonly string[]): Program {
  return { main: here(main), modules: modules.map(here) };
}

function here(path: string): URL {
  return new URL(`./${path}`, import.meta.url);
}
