import { describe, expect, test } from 'vitest';
import { parsePaperId, showPaperId } from '../../../src/tools/papers/paper-id.js';

const SHA = '649def34f8be52c8b66281af98ae884c09aef38b';

describe('any form in which people name a paper', () => {
  test.each([
    ['2410.22553', 'arXiv:2410.22553'],
    ['2410.22553v2', 'arXiv:2410.22553v2'],
    [' arXiv:2410.22553V2 ', 'arXiv:2410.22553v2'],
    ['ARXIV: 0704.0001', 'arXiv:0704.0001'],
    ['https://arxiv.org/abs/2410.22553v1', 'arXiv:2410.22553v1'],
    ['http://www.arxiv.org/pdf/2410.22553.pdf', 'arXiv:2410.22553'],
    ['arxiv.org/html/2410.22553v3#S2', 'arXiv:2410.22553v3'],
    ['https://export.arxiv.org/abs/cs/0112017', 'arXiv:cs/0112017'],
    ['math.GT/0309136', 'arXiv:math/0309136'],
    ['https://huggingface.co/papers/2410.22553', 'arXiv:2410.22553'],
    ['10.48550/arXiv.2410.22553', 'arXiv:2410.22553'],
    ['https://doi.org/10.48550/ARXIV.2410.22553', 'arXiv:2410.22553'],
    ['10.18653/v1/N19-1423', '10.18653/v1/n19-1423'],
    ['doi:10.18653/v1/N19-1423', '10.18653/v1/n19-1423'],
    ['https://dx.doi.org/10.1145/3292500.3330701', '10.1145/3292500.3330701'],
    [SHA.toUpperCase(), SHA],
    [`https://www.semanticscholar.org/paper/Some-Title-Here/${SHA}`, SHA],
    ['CorpusID:215416146', 'CorpusID:215416146'],
    ['CorpusId: 215416146', 'CorpusID:215416146'],
    ['https://api.semanticscholar.org/CorpusID:215416146', 'CorpusID:215416146'],
    ['https://aclanthology.org/2020.acl-main.1/', 'ACL:2020.acl-main.1'],
    ['ACL:W12-3903', 'ACL:W12-3903'],
    ['PMID:19872477', 'PMID:19872477'],
    ['https://openalex.org/W2741809807', 'W2741809807'],
  ])('%s', (given, name) => {
    expect(showPaperId(parsePaperId(given))).toBe(name);
    expect(showPaperId(parsePaperId(showPaperId(parsePaperId(given))))).toBe(name);
  });

  test.each([
    '',
    '   ',
    'attention is all you need',
    '12345',
    'https://example.org/paper.pdf',
    'javascript:alert(1)',
    '../../etc/passwd',
    'x'.repeat(10_000),
    '10.1/x',
    'arXiv:hello',
  ])('refuses %j and lists the forms', given => {
    expect(() => parsePaperId(given)).toThrow(/Give an arXiv number \(2410\.22553\), a DOI/);
  });
});
