"""Makes two small seeded models below a folder: `bpe`, causal, whose tokenizer cuts at spaces; `unigram`, an encoder-decoder whose tokenizer does not."""
import os
import sys

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration

END = "<|endoftext|>"
VOCABULARY = 1000


def save(folder, name, model, tokenizer):
    path = os.path.join(folder, name)
    model.save_pretrained(path)
    tokenizer.save_pretrained(path)


def bpe(text):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train([text], trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=[END], initial_alphabet=alphabet, show_progress=False))
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=END, eos_token=END)


def unigram(text):
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.train([text], trainers.UnigramTrainer(vocab_size=VOCABULARY, special_tokens=["<pad>", END, "<unk>"], unk_token="<unk>", show_progress=False))
    tokenizer.post_processor = processors.TemplateProcessing(single=f"$A {END}", special_tokens=[(END, 1)])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token=END, unk_token="<unk>")


def main(text, folder):
    torch.manual_seed(1)
    config = GPT2Config(vocab_size=VOCABULARY, n_positions=256, n_embd=32, n_layer=2, n_head=2, initializer_range=0.08, bos_token_id=0, eos_token_id=0)
    save(folder, "bpe", GPT2LMHeadModel(config), bpe(text))
    config = T5Config(vocab_size=VOCABULARY + 8, d_model=32, d_kv=16, d_ff=64, num_layers=2, num_heads=2, initializer_factor=0.5, pad_token_id=0, eos_token_id=1, decoder_start_token_id=0)
    save(folder, "unigram", T5ForConditionalGeneration(config), unigram(text))


if __name__ == "__main__":
    transformers.utils.logging.disable_progress_bar()
    main(sys.argv[1], sys.argv[2])
