import { describe, expect, test } from 'vitest';
import { parseRepoAddress } from '../../../src/tools/github/repo-address.js';

describe('any form in which people give a repository', () => {
  test.each([
    'https://github.com/octo/tool.kit',
    'http://www.github.com/octo/tool.kit/',
    'https://github.com/octo/tool.kit.git',
    'git@github.com:octo/tool.kit.git',
    'ssh://git@github.com/octo/tool.kit.git',
    'git://github.com/octo/tool.kit',
    'git+https://github.com/octo/tool.kit.git#egg=x',
    'github.com/octo/tool.kit',
    'octo/tool.kit',
    'octo/tool.kit/',
    'github:octo/tool.kit',
    'https://api.github.com/repos/octo/tool.kit',
    ' <https://github.com/octo/tool.kit#readme> ',
    'https://github.com/octo/tool.kit?tab=readme-ov-file',
    'https://github.com/octo/tool.kit/issues/12',
  ])('%s', given => {
    expect(parseRepoAddress(given)).toEqual({ owner: 'octo', name: 'tool.kit', rest: [], ref: undefined });
  });

  test.each([
    ['https://github.com/o/r/tree/main', { ref: 'main', rest: [] }],
    ['https://github.com/o/r/tree/feature/x/src/', { ref: undefined, rest: ['feature', 'x', 'src'] }],
    [
      'https://github.com/o/r/blob/main/a%20b/c.py#L10-L20',
      { ref: undefined, rest: ['main', 'a b', 'c.py'] },
    ],
    ['https://github.com/o/r/commit/0123abc', { ref: '0123abc', rest: [] }],
    ['https://github.com/o/r/releases/tag/v1.0', { ref: 'v1.0', rest: [] }],
    [
      'https://raw.githubusercontent.com/o/r/refs/heads/main/x/y.py',
      { ref: undefined, rest: ['main', 'x', 'y.py'] },
    ],
    ['git@github.com:o/r/tree/dev', { ref: 'dev', rest: [] }],
  ])('%s points to a place', (given, place) => {
    expect(parseRepoAddress(given)).toMatchObject({ owner: 'o', name: 'r', ...place });
  });

  test.each([
    ['', 'The repo_url is empty'],
    ['x'.repeat(5000), 'which no address has'],
    ['https://gist.github.com/octo/0123456789abcdef', 'is a gist; these tools read repositories'],
    ['https://gitlab.com/octo/toolkit', 'is not on github.com'],
    ['https://example.org', 'is not on github.com'],
    ['toolkit', 'is no address of a repository on GitHub'],
    ['octo/..', 'is no address of a repository on GitHub'],
    ['https://github.com/orgs/octo', 'is no address of a repository on GitHub'],
    ['https://github.com/octo', 'is no address of a repository on GitHub'],
    ['file:///etc/passwd', 'is not on github.com'],
    ['https://github.com@evil.org/o/r', 'is not on github.com'],
  ])('refuses %j', (given, sentence) => {
    expect(() => parseRepoAddress(given)).toThrow(sentence);
  });
});
