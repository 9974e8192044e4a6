"""Makes the models of test/eval/evaluate-model.test.ts below a folder: small, seeded, each with one property."""
import os
import sys

import torch
import transformers
from transformers import AutoTokenizer, BertConfig, BertLMHeadModel, GPT2LMHeadModel, StableLmConfig, StableLmForCausalLM, T5Config, T5ForConditionalGeneration


def save(folder, name, model, tokenizer):
    path = os.path.join(folder, name)
    model.save_pretrained(path)
    tokenizer.save_pretrained(path)


def main(example, folder):
    torch.manual_seed(1)
    tokenizer = AutoTokenizer.from_pretrained(example)
    t5 = T5Config(vocab_size=260, d_model=32, d_kv=16, d_ff=64, num_layers=1, num_heads=2, pad_token_id=0, eos_token_id=0, decoder_start_token_id=0)
    save(folder, "seq2seq", T5ForConditionalGeneration(t5), tokenizer)
    shape = dict(vocab_size=260, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64, max_position_embeddings=256)
    save(folder, "sees_ahead", BertLMHeadModel(BertConfig(**shape, is_decoder=False)), tokenizer)
    save(folder, "unusual", StableLmForCausalLM(StableLmConfig(**shape, num_key_value_heads=2)), tokenizer)
    constant = GPT2LMHeadModel.from_pretrained(example)
    with torch.no_grad():
        for parameter in constant.parameters():
            parameter.zero_()
    save(folder, "constant", constant, tokenizer)
    overflow = GPT2LMHeadModel.from_pretrained(example)
    with torch.no_grad():
        overflow.transformer.ln_f.weight.fill_(3e38)
        overflow.transformer.ln_f.bias.fill_(3e38)
    save(folder, "overflows", overflow, tokenizer)


if __name__ == "__main__":
    transformers.utils.logging.disable_progress_bar()
    main(sys.argv[1], sys.argv[2])
