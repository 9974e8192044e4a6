import { oneEach, type Source } from './source.js';

const WANTED =
  /^(LICENSE|merges\.txt|(config|generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab|model\.safetensors\.index)\.json|model(-\d+-of-\d+)?\.safetensors)$/;

export const phi2: Source = {
  dataset: {
    id: 'phi-2',
    title: 'phi-2, a language model of 2.7 billion parameters',
    role: 'train',
    format: 'model',
    files: [],
    origin: {
      kind: 'hub',
      repo: 'microsoft/phi-2',
      repo_type: 'model',
      revision: 'ef382358ec9e382308935a992d908de099b64c23',
      gated: false,
    },
    licence: 'MIT',
    source: 'https://huggingface.co/microsoft/phi-2',
  },
  hub: oneEach(WANTED, name => name, { kind: 'copy' }),
};
