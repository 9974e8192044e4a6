import { afterEach, beforeEach, expect, test } from 'vitest';
import { ConfigError } from '../../src/errors.js';
import { makeHome } from '../helpers/home.js';
import { inProcess } from '../helpers/in-process.js';

let home: Awaited<ReturnType<typeof makeHome>>;

beforeEach(async () => {
  home = await makeHome();
});

afterEach(async () => {
  await home[Symbol.asyncDispose]();
});

test('where the data of a task is missing the contestant is told, and no run is begun', async () => {
  const lack = 'The data set phi-2 is not here. `mlrb data fetch phi-2` gets it.';
  await using me = await inProcess(
    home.path,
    {},
    {
      trainingData: async () => {
        throw new ConfigError(lack);
      },
    },
  );
  const answer = await me.call('start_run', { task_id: 'edge_llm_compression' });
  expect(answer).toMatchObject({ isError: true, text: expect.stringContaining(lack) });
  expect(await me.runs.list()).toEqual([]);
});
