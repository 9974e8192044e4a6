import { describe, expect, it } from 'vitest';
import { findScript } from '../../src/agent/find-script.js';

describe('naming a contestant', () => {
  it('finds the scripted ones of a task, and those that play any task', () => {
    for (const name of ['nop', 'base', 'reference']) {
      expect(findScript(`script:${name}`, 'mini_baby_lm')).toBeTypeOf('function');
    }
    expect(findScript('script:nop', 'any_other_task')).toBeTypeOf('function');
  });

  it.each([
    [
      'script:refrence',
      /Did you mean "script:reference"\? Known: script:nop, script:base, script:reference\./,
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
