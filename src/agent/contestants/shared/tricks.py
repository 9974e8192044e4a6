"""
A catalogue of submissions that must not be accepted. Each is a copy of the example in the workspace, which is accepted, with one thing added or changed:

    python tricks.py

makes a folder `tricks/NAME` for each and prints its name.
"""
import json
import os
import pickle
import shutil

import torch
from safetensors.torch import load_file, save_file

EXAMPLE = "example_submission"
WEIGHTS = "model.safetensors"
TRICKS = []


def trick(make):
    TRICKS.append(make)
    return make


def main():
    shutil.rmtree("tricks", ignore_errors=True)
    for make in TRICKS:
        folder = os.path.join("tricks", make.__name__)
        shutil.copytree(EXAMPLE, folder)
        make(folder)
        print(make.__name__, flush=True)


# ---- files ----


@trick
def pickled_weights_beside(folder):
    torch.save(load_file(weights_of(folder)), os.path.join(folder, "pytorch_model.bin"))


@trick
def pickled_weights_instead(folder):
    pickled_weights_beside(folder)
    os.remove(weights_of(folder))


@trick
def code_that_config_names(folder):
    with open(os.path.join(folder, "modeling_trick.py"), "w") as file:
        file.write("from transformers import GPT2LMHeadModel as TrickModel\n")
    change(folder, "config.json", auto_map={"AutoModelForCausalLM": "modeling_trick.TrickModel"})


@trick
def code_elsewhere_that_config_names(folder):
    change(folder, "config.json", auto_map={"AutoModelForCausalLM": "someone/repository--modeling_trick.TrickModel"})


@trick
def code_that_the_tokenizer_names(folder):
    change(folder, "tokenizer_config.json", auto_map={"AutoTokenizer": ["tokenization_trick.TrickTokenizer", None]})


@trick
def attention_by_foreign_code(folder):
    change(folder, "config.json", attn_implementation="someone/attention")


@trick
def link_to_weights(folder):
    os.replace(weights_of(folder), f"{folder}.safetensors")
    os.symlink(os.path.abspath(f"{folder}.safetensors"), weights_of(folder))


@trick
def hard_link_to_weights(folder):
    os.link(weights_of(folder), f"{folder}.safetensors")


@trick
def link_to_the_folder(folder):
    os.rename(folder, f"{folder}.real")
    os.symlink(os.path.abspath(f"{folder}.real"), folder)


@trick
def subfolder(folder):
    shutil.copytree(EXAMPLE, os.path.join(folder, "checkpoint-1"))


@trick
def pipe_instead_of_a_file(folder):
    os.mkfifo(os.path.join(folder, "README.md"))


@trick
def pickle_by_another_name(folder):
    with open(os.path.join(folder, "training_args.data"), "wb") as file:
        pickle.dump({"learning_rate": 0.1}, file)


@trick
def no_tokenizer(folder):
    for name in os.listdir(folder):
        if name.startswith("tokenizer"):
            os.remove(os.path.join(folder, name))


# ---- config ----


@trick
def quantization_config(folder):
    change(folder, "config.json", quantization_config={"load_in_4bit": True, "quant_method": "bitsandbytes"})


@trick
def adapter(folder):
    write(folder, "adapter_config.json", {"peft_type": "LORA", "base_model_name_or_path": "gpt2", "r": 8})
    save_file({"base_model.model.lora_A.weight": torch.zeros(8, 16)}, os.path.join(folder, "adapter_model.safetensors"))


@trick
def weights_of_another_model(folder):
    change(folder, "config.json", transformers_weights="../example_submission/model.safetensors")


@trick
def model_that_sees_what_follows(folder):
    change(folder, "config.json", architectures=["BertForMaskedLM"], model_type="bert")


@trick
def model_type_that_nobody_knows(folder):
    change(folder, "config.json", architectures=["TrickForCausalLM"], model_type="trick")


@trick
def config_with_more_layers(folder):
    change(folder, "config.json", n_layer=12)


# ---- weights ----


@trick
def index_that_points_outside(folder):
    names = list(load_file(weights_of(folder)))
    write(folder, f"{WEIGHTS}.index.json", {"metadata": {}, "weight_map": dict.fromkeys(names, f"../../{EXAMPLE}/{WEIGHTS}")})
    os.rename(weights_of(folder), os.path.join(folder, "model-00001-of-00001.safetensors"))


@trick
def missing_tensor(folder):
    def without_one(tensors):
        del tensors["transformer.h.0.attn.c_attn.weight"]

    change_weights(folder, without_one)


@trick
def tensor_too_many(folder):
    change_weights(folder, lambda tensors: tensors.update({"answers": torch.zeros(100, 100)}))


@trick
def not_a_number(folder):
    change_weights(folder, lambda tensors: tensors["transformer.wpe.weight"].fill_(float("nan")))


@trick
def infinite(folder):
    change_weights(folder, lambda tensors: tensors["transformer.ln_f.weight"].fill_(float("inf")))


@trick
def int8_weights(folder):
    change_weights(folder, lambda tensors: tensors.update({name: (tensor * 100).to(torch.int8) for name, tensor in tensors.items()}))


@trick
def float8_weights(folder):
    change_weights(folder, lambda tensors: tensors.update({name: tensor.to(torch.float8_e4m3fn) for name, tensor in tensors.items()}))


@trick
def weights_cut_off(folder):
    os.truncate(weights_of(folder), os.path.getsize(weights_of(folder)) - 100)


# ---- tools ----


def weights_of(folder):
    return os.path.join(folder, WEIGHTS)


def change(folder, name, **fields):
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        value = json.load(file)
    write(folder, name, {**value, **fields})


def write(folder, name, value):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        json.dump(value, file, indent=2)


def change_weights(folder, by):
    tensors = {name: tensor.clone() for name, tensor in load_file(weights_of(folder)).items()}
    by(tensors)
    save_file(tensors, weights_of(folder), metadata={"format": "pt"})


if __name__ == "__main__":
    main()
