import { InputError } from '../errors.js';
import { unknownName } from '../lib/suggest.js';
import type { Dataset } from './dataset.js';
import { blimp } from './sources/blimp.js';
import { alpaca, dolly, lima, oasst1 } from './sources/instructions.js';
import { llmMerging } from './sources/llm-merging.js';
import { mathReasoning, mathReasoningHeldOut } from './sources/math-reasoning.js';
import { minif2fHeldOut, minif2fTrain } from './sources/minif2f.js';
import { mmlu, mmluDev } from './sources/mmlu.js';
import { phi2 } from './sources/phi-2.js';
import { babylm, c4, minipile } from './sources/pretraining.js';
import { miniBase, miniExpertShakespeare, miniExpertWikitext } from './sources/small-models.js';
import {
  tinyShakespeare,
  tinyShakespeareHeldOut,
  tinyShakespeareTrain,
  wikitext2HeldOut,
  wikitext2Train,
  wikitext2Valid,
} from './sources/small-texts.js';
import type { Source } from './sources/source.js';
import { superGlue, superGlueDev } from './sources/super-glue.js';
import { wikitext2Test } from './sources/wikitext.js';

/** Every data set, what needs no network first. */
export const SOURCES: readonly Source[] = [
  blimp,
  tinyShakespeare,
  tinyShakespeareTrain,
  tinyShakespeareHeldOut,
  wikitext2Valid,
  wikitext2Train,
  wikitext2HeldOut,
  miniBase,
  miniExpertShakespeare,
  miniExpertWikitext,
  mmlu,
  mmluDev,
  superGlue,
  superGlueDev,
  wikitext2Test,
  llmMerging,
  minif2fTrain,
  minif2fHeldOut,
  mathReasoning,
  mathReasoningHeldOut,
  alpaca,
  dolly,
  oasst1,
  lima,
  babylm,
  c4,
  minipile,
  phi2,
];

/** Every data set as data. */
export const DATASETS: readonly Dataset[] = SOURCES.map(({ dataset }) => dataset);

/** @throws InputError that names the nearest known data set. */
export function findSource(id: string): Source {
  const found = SOURCES.find(({ dataset }) => dataset.id === id);
  if (found !== undefined) return found;
  throw new InputError(
    unknownName(
      'data set',
      id,
      DATASETS.map(dataset => dataset.id),
    ),
  );
}
