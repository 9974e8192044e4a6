import { expect, it } from 'vitest';
import { checkApprovedBase } from '../../../src/eval/rules/approved-base.js';
import { editJson, modelFolder } from '../../runs/intake/model-folder.js';

it('a model of an approved family breaks nothing', async () => {
  expect(await checkApprovedBase(modelFolder(), ['llama', 'gpt2'])).toEqual([]);
});

it.each([['llama'], [7], [null]])(
  'the model type %j is refused where another family is approved',
  async type => {
    const folder = modelFolder();
    editJson(folder, 'config.json', { model_type: type });
    const [finding] = await checkApprovedBase(folder, ['gpt2', 'opt']);
    expect(finding).toMatchObject({ rule: 'approved_base', severity: 'broken' });
    expect(finding?.message).toContain('gpt2, opt');
  },
);
