"""Makes tiny real models for the tests of the merging package: python make_mergeable_models.py FOLDER."""
import os
import sys

import torch
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration
from transformers.utils import logging as transformers_logging

transformers_logging.disable_progress_bar()
root = sys.argv[1]


def tokenizer():
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    core = Tokenizer(models.BPE(vocab={token: number for number, token in enumerate([*alphabet, "<s>", "</s>", "<pad>"])}, merges=[]))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=core, bos_token="<s>", eos_token="</s>", pad_token="<pad>")


def save(model, name):
    model.save_pretrained(os.path.join(root, name))
    tokenizer().save_pretrained(os.path.join(root, name))


def gpt2(seed):
    torch.manual_seed(seed)
    return GPT2LMHeadModel(GPT2Config(vocab_size=259, n_positions=512, n_embd=16, n_layer=2, n_head=2, bos_token_id=256, eos_token_id=257))


def llama(seed):
    torch.manual_seed(seed)
    return LlamaForCausalLM(
        LlamaConfig(vocab_size=259, hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=512)
    )


def t5(seed):
    torch.manual_seed(seed)
    return T5ForConditionalGeneration(
        T5Config(vocab_size=259, d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2, decoder_start_token_id=258, pad_token_id=258, eos_token_id=257)
    )


def adapter(model, name, rank, seed, **options):
    """Both factors are random: peft begins with one of them zero, which would change nothing. The model that peft itself merges lies beside."""
    torch.manual_seed(seed)
    wrapped = get_peft_model(model, LoraConfig(r=rank, lora_alpha=2 * rank, **options))
    for parameter_name, parameter in wrapped.named_parameters():
        if "lora_" in parameter_name:
            torch.nn.init.normal_(parameter, std=0.2)
    wrapped.save_pretrained(os.path.join(root, name))
    save(wrapped.merge_and_unload(), f"{name}_merged")


for make, kind in ((gpt2, "gpt2"), (t5, "t5"), (llama, "llama")):
    for seed, name in ((1, "a"), (2, "b")):
        save(make(seed), f"{kind}_{name}")
for rank in (2, 6):
    adapter(gpt2(1), f"gpt2_lora{rank}", rank, rank, target_modules=["c_attn"], fan_in_fan_out=True)
    adapter(llama(1), f"llama_lora{rank}", rank, rank, target_modules=["q_proj", "v_proj"], use_rslora=rank == 6)
    adapter(t5(1), f"t5_lora{rank}", rank, rank, target_modules=["q", "v"])
