"""Makes small models for the tests of the rules, below a folder: honest ones, and ones that break a rule."""
import os
import shutil
import sys

import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM


def gpt2(seed):
    torch.manual_seed(seed)
    return GPT2LMHeadModel(GPT2Config(vocab_size=512, n_positions=128, n_embd=128, n_layer=2, n_head=4, bos_token_id=0, eos_token_id=0))


def trained(model, steps, seed, rate=3e-3):
    """On tokens that follow a rule, so that weights move as they do in training."""
    torch.manual_seed(seed)
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate)
    for _ in range(steps):
        start = torch.randint(0, 512, (8, 1))
        ids = (start + 7 * torch.arange(32)) % 512
        optimiser.zero_grad()
        model(ids, labels=ids).loss.backward()
        optimiser.step()
    return model


def save(folder, name, model):
    model.save_pretrained(os.path.join(folder, name))


def edited(folder, name, original, change):
    """A copy of a model with every matrix changed."""
    path = os.path.join(folder, name)
    os.makedirs(path)
    shutil.copyfile(os.path.join(folder, original, "config.json"), os.path.join(path, "config.json"))
    tensors = load_file(os.path.join(folder, original, "model.safetensors"))
    save_file({key: change(value).contiguous() if value.ndim > 1 else value for key, value in tensors.items()}, os.path.join(path, "model.safetensors"), {"format": "pt"})


def int8_of_all(w):
    step = w.abs().max() / 127
    return (w / step).round() * step


def int8_of_columns(w):
    step = w.abs().amax(0, keepdim=True) / 127
    return (w / step).round() * step


def int4_of_groups(w, size=64):
    groups = w.reshape(-1, size)
    low, high = groups.amin(1, keepdim=True), groups.amax(1, keepdim=True)
    step = (high - low) / 15
    return (((groups - low) / step).round() * step + low).reshape(w.shape)


NF4 = torch.tensor([-1.0, -0.6962, -0.5251, -0.3949, -0.2844, -0.1848, -0.0911, 0.0, 0.0796, 0.1609, 0.2461, 0.3379, 0.4407, 0.5626, 0.7230, 1.0])


def nf4(w):
    groups = w.reshape(-1, 64)
    scale = groups.abs().amax(1, keepdim=True)
    nearest = (groups[..., None] / scale[..., None] - NF4).abs().argmin(-1)
    return (NF4[nearest] * scale).reshape(w.shape)


def ternary(w):
    return w.sign() * (w.abs() > 0.7 * w.abs().mean()) * w.abs().mean()


def pruned(w, share=0.8):
    return w * (w.abs() > w.abs().flatten().kthvalue(int(share * w.numel())).values)


def quantisation(folder):
    save(folder, "float32", trained(gpt2(1), 20, 1))
    save(folder, "fresh", gpt2(2))
    torch.manual_seed(3)
    llama = LlamaConfig(vocab_size=512, hidden_size=128, intermediate_size=256, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=128)
    save(folder, "llama_bfloat16", LlamaForCausalLM(llama).to(torch.bfloat16))
    for name, change in {
        "float16": lambda w: w.half(),
        "bfloat16": lambda w: w.bfloat16(),
        "pruned": lambda w: pruned(w).half(),
        "zero": lambda w: torch.zeros_like(w) if w.shape == (128, 128) else w,
        "tiny_float16": lambda w: (w * 1e-5).half(),
        "int8_of_all": int8_of_all,
        "int8_of_columns": int8_of_columns,
        "int8_in_float16": lambda w: int8_of_columns(w).half(),
        "int4_of_groups": int4_of_groups,
        "int4_in_bfloat16": lambda w: int4_of_groups(w, 128).bfloat16(),
        "nf4": nf4,
        "ternary": ternary,
        "float8": lambda w: w.to(torch.float8_e4m3fn).float(),
        "pruned_int4": lambda w: pruned(int4_of_groups(w, 64), 0.2),
    }.items():
        edited(folder, name, "float32", change)


def renamed(folder, name, original):
    """The same weights under other names, in another order and some of them turned, under the configuration of the original."""
    path = os.path.join(folder, name)
    os.makedirs(path)
    tensors = load_file(os.path.join(folder, original, "model.safetensors"))
    save_file({f"layer.{at}": value.T.contiguous() for at, value in enumerate(reversed(list(tensors.values())))}, os.path.join(path, "model.safetensors"))


def origins(folder):
    """Two models of one shape that were trained on the same from different seeds, and what can be done to hide where weights come from."""
    known = trained(gpt2(10), 60, 10)
    save(folder, "known", known)
    save(folder, "other_seed", trained(gpt2(11), 60, 10))
    save(folder, "other_seed_fresh", gpt2(12))
    save(folder, "fine_tuned", trained(known, 30, 13))
    part = trained(gpt2(14), 30, 14)
    part.transformer.h[1].attn.c_proj.load_state_dict(known.transformer.h[1].attn.c_proj.state_dict())
    save(folder, "small_part", part)
    torch.manual_seed(15)
    for name, change in {
        "float16": lambda w: w.half(),
        "scaled": lambda w: -3.7 * w,
        "noise": lambda w: w + 0.5 * w.std() * torch.randn_like(w),
        "rounded": int8_of_columns,
    }.items():
        edited(folder, name, "known", change)
    renamed(folder, "renamed", "known")


def merging(folder):
    """A base and two experts as the small merging task gives them."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(sys.argv[3])
    for seed, name in enumerate(("mini_base", "mini_expert_shakespeare", "mini_expert_wikitext", "own")):
        torch.manual_seed(seed)
        config = GPT2Config(vocab_size=len(tokenizer), n_positions=64, n_embd=32, n_layer=1, n_head=2, bos_token_id=0, eos_token_id=0)
        save(folder, name, GPT2LMHeadModel(config))
        tokenizer.save_pretrained(os.path.join(folder, name))


if __name__ == "__main__":
    torch.set_num_threads(1)
    transformers.utils.logging.disable_progress_bar()
    globals()[sys.argv[1]](sys.argv[2])
