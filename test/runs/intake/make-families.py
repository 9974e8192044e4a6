"""
Makes tiny models of many families below a folder, sound and spoilt, and writes beside them what the library says of each: `truth.json` maps
a folder to whether it loads whole.
"""
import json
import os
import random
import sys

import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

TOKENS = dict(vocab_size=61, bos_token_id=0, eos_token_id=0, pad_token_id=0)
LLAMA = dict(TOKENS, hidden_size=16, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, intermediate_size=24, max_position_embeddings=32)
GPT2 = dict(TOKENS, n_embd=16, n_layer=2, n_head=4, n_positions=32)
NEO = dict(TOKENS, hidden_size=16, num_layers=2, num_heads=4, max_position_embeddings=32, attention_types=[[["global", "local"], 1]])
NEOX = dict(TOKENS, hidden_size=16, num_hidden_layers=2, num_attention_heads=4, intermediate_size=24, max_position_embeddings=32)
OPT = dict(TOKENS, hidden_size=16, num_hidden_layers=2, num_attention_heads=4, ffn_dim=24, max_position_embeddings=32, word_embed_proj_dim=16)
BLOOM = dict(TOKENS, hidden_size=16, n_layer=2, n_head=4)
T5 = dict(TOKENS, d_model=16, d_kv=4, d_ff=24, num_layers=2, num_heads=4, relative_attention_num_buckets=8, decoder_start_token_id=0)
BART = dict(TOKENS, d_model=16, encoder_layers=2, decoder_layers=1, encoder_attention_heads=4, decoder_attention_heads=2, encoder_ffn_dim=24, decoder_ffn_dim=20, max_position_embeddings=32, decoder_start_token_id=0, forced_eos_token_id=0)
MARIAN = dict(BART, decoder_vocab_size=61)

# Each switch of a configuration that changes which tensors there are, both ways.
USUAL = [
    ("gpt2", GPT2, {}),
    ("gpt2", GPT2, dict(n_inner=20, tie_word_embeddings=False)),
    ("gptj", GPT2, dict(rotary_dim=4)),
    ("gptj", GPT2, dict(rotary_dim=4, n_inner=20)),
    ("gpt_neo", NEO, {}),
    ("gpt_neo", NEO, dict(intermediate_size=20, tie_word_embeddings=False)),
    ("gpt_neox", NEOX, {}),
    ("gpt_neox", NEOX, dict(attention_bias=False, tie_word_embeddings=True)),
    ("bloom", BLOOM, {}),
    ("bloom", BLOOM, dict(tie_word_embeddings=False)),
    ("opt", OPT, {}),
    ("opt", OPT, dict(word_embed_proj_dim=8)),
    ("opt", OPT, dict(enable_bias=False, layer_norm_elementwise_affine=False)),
    ("opt", OPT, dict(do_layer_norm_before=False, tie_word_embeddings=False)),
    ("opt", OPT, dict(_remove_final_layer_norm=True)),
    ("llama", LLAMA, {}),
    ("llama", LLAMA, dict(attention_bias=True, mlp_bias=True, tie_word_embeddings=True)),
    ("llama", LLAMA, dict(head_dim=6, num_key_value_heads=4)),
    ("mistral", LLAMA, {}),
    ("mistral", LLAMA, dict(head_dim=6, tie_word_embeddings=True)),
    ("qwen2", LLAMA, {}),
    ("qwen2", LLAMA, dict(tie_word_embeddings=True)),
    ("qwen3", LLAMA, dict(head_dim=6)),
    ("qwen3", LLAMA, dict(attention_bias=True, tie_word_embeddings=True)),
    ("gemma", LLAMA, dict(head_dim=6)),
    ("gemma", LLAMA, dict(head_dim=4, attention_bias=True, tie_word_embeddings=False)),
    ("gemma2", LLAMA, dict(head_dim=4)),
    ("gemma2", LLAMA, dict(head_dim=6, attention_bias=True)),
    ("phi", LLAMA, {}),
    ("phi", LLAMA, dict(qk_layernorm=True, tie_word_embeddings=True)),
    ("phi3", LLAMA, {}),
    ("phi3", LLAMA, dict(tie_word_embeddings=True)),
    ("t5", T5, {}),
    ("t5", T5, dict(num_decoder_layers=1, feed_forward_proj="gated-gelu", tie_word_embeddings=False)),
    ("mt5", T5, {}),
    ("mt5", T5, dict(tie_word_embeddings=True)),
    ("bart", BART, {}),
    ("bart", BART, dict(tie_word_embeddings=False)),
    ("mbart", BART, {}),
    ("mbart", BART, dict(tie_word_embeddings=False)),
]
# Models of other builds: layers that share weights or differ, no attention, experts, sizes that the class computes, other names of the head.
UNUSUAL = [
    ("bert-generation", NEOX, dict(is_decoder=True)),
    ("biogpt", NEOX, {}),
    ("codegen", GPT2, dict(rotary_dim=4)),
    ("falcon", NEOX, {}),
    ("gpt_bigcode", GPT2, {}),
    ("gpt_oss", LLAMA, dict(head_dim=4, num_local_experts=4, num_experts_per_tok=2)),
    ("hrm_text", LLAMA, {}),
    ("lfm2", LLAMA, {}),
    ("mamba", dict(TOKENS, hidden_size=16, num_hidden_layers=2), {}),
    ("mixtral", LLAMA, dict(num_local_experts=4, num_experts_per_tok=2)),
    ("olmo2", LLAMA, {}),
    ("olmoe", LLAMA, dict(num_experts=4, num_experts_per_tok=2)),
    ("recurrent_gemma", LLAMA, dict(num_hidden_layers=3)),
    ("rwkv", dict(TOKENS, hidden_size=16, num_hidden_layers=2), {}),
    ("smollm3", LLAMA, {}),
    ("stablelm", LLAMA, {}),
    ("xglm", dict(TOKENS, d_model=16, num_layers=2, attention_heads=4, ffn_dim=24, max_position_embeddings=32), {}),
    ("blenderbot", BART, {}),
    ("longt5", T5, {}),
    ("marian", MARIAN, {}),
    ("pegasus", BART, {}),
    ("switch_transformers", T5, dict(num_experts=2)),
]
SEQ2SEQ = {"t5", "mt5", "bart", "mbart", "blenderbot", "longt5", "marian", "pegasus", "switch_transformers"}
SIZES = ("vocab_size", "hidden_size", "n_embd", "d_model", "num_hidden_layers", "n_layer", "num_layers", "encoder_layers", "intermediate_size", "ffn_dim", "d_ff", "num_key_value_heads", "head_dim", "max_position_embeddings", "n_positions")


def main(folder):
    truth, chosen = {}, random.Random(1)
    for model_type, base, changes in UNUSUAL:
        config, tensors, loader = make(folder, model_type, {**base, **changes})
        truth[f"{model_type} whole"] = save(folder, f"{model_type} whole", config, tensors, loader)
    for number, (model_type, base, changes) in enumerate(USUAL):
        config, tensors, loader = make(folder, model_type, {**base, **changes})
        for what, variant in variants(config, tensors, {**base, **changes}, chosen):
            name = f"{model_type} {number} {what}"
            truth[name] = save(folder, name, *variant, loader)
    with open(os.path.join(folder, "truth.json"), "w", encoding="utf-8") as file:
        json.dump(truth, file)


def make(folder, model_type, settings):
    loader = AutoModelForSeq2SeqLM if model_type in SEQ2SEQ else AutoModelForCausalLM
    model = loader.from_config(CONFIG_MAPPING[model_type](**settings))
    path = os.path.join(folder, "original")
    model.save_pretrained(path)
    with open(os.path.join(path, "config.json"), encoding="utf-8") as file:
        config = json.load(file)
    return config, load_file(os.path.join(path, "model.safetensors")), loader


def variants(config, tensors, settings, chosen):
    yield "whole", (config, tensors)
    yield "with a short configuration", ({key: value for key, value in config.items() if key in {"model_type", "architectures", *settings}}, tensors)
    yield "with a tensor more", (config, {**tensors, "extra.weight": torch.zeros(1)})
    for name in chosen.sample(sorted(tensors), 4):
        yield f"without {name}", (config, {key: value for key, value in tensors.items() if key != name})
    name = chosen.choice([key for key, value in tensors.items() if value.dim() == 2])
    yield f"with a row more in {name}", (config, {**tensors, name: torch.zeros(tensors[name].shape[0] + 1, tensors[name].shape[1])})
    for key in chosen.sample([key for key in SIZES if isinstance(config.get(key), int)], 2):
        yield f"with twice the {key}", ({**config, key: config[key] * 2}, tensors)


def save(folder, name, config, tensors, loader):
    path = os.path.join(folder, name)
    os.makedirs(path)
    with open(os.path.join(path, "config.json"), "w", encoding="utf-8") as file:
        json.dump(config, file)
    save_file({key: value.contiguous().clone() for key, value in tensors.items()}, os.path.join(path, "model.safetensors"), metadata={"format": "pt"})
    return loads_whole(path, loader)


def loads_whole(path, loader):
    try:
        _, report = loader.from_pretrained(path, local_files_only=True, use_safetensors=True, dtype=torch.float32, attn_implementation="eager", output_loading_info=True)
    except Exception:
        return False
    return not any(report[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys"))


if __name__ == "__main__":
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    main(sys.argv[1])
