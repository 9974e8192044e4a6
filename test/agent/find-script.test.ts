import { describe, expect, it } from 'vitest';
import { findScript, scriptNames } from '../../src/agent/find-script.js';
import { tasks } from '../../src/tasks/tasks.js';

describe('naming a contestant', () => {
  const minis = tasks.filter(({ task }) => task.suite === 'mini').map(({ task }) => task.id);

  it.each(minis)('finds the four controls of %s', taskId => {
    expect(scriptNames(taskId)).toEqual(['nop', 'base', 'reference', 'cheat']);
    for (const name of scriptNames(taskId))
      expect(findScript(`script:${name}`, taskId)).toBeTypeOf('function');
  });

  it('finds the one that plays any task', () => {
    expect(findScript('script:nop', 'any_other_task')).toBeTypeOf('function');
  });

  it.each([
    [
      'script:refrence',
      /Did you mean "script:reference"\? Known: script:nop, script:base, script:reference, script:cheat\./,
    ],
    ['script:constructor', /No contestant named "script:constructor".* Known: script:nop/],
    [
      'openai:gpt',
      /Models of "openai" are not in this version yet, but script: is\. Known for mini_baby_lm: script:nop/,
    ],
    ['anthropic:claude', /not in this version yet/],
    ['reference', /not of the form PROVIDER:NAME\. Known for mini_baby_lm: script:nop/],
    ['', /not of the form PROVIDER:NAME/],
  ])('answers "%s" with what there is', (model, sentence) => {
    expect(() => findScript(model, 'mini_baby_lm')).toThrow(sentence);
  });
});
