"""Reads model folders one tensor at a time, so that models larger than the memory can be merged."""
import contextlib
import hashlib
import json
import os

import torch
from safetensors import safe_open

from llm_merging.errors import MergeError

ADAPTER_CONFIG = "adapter_config.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"


class Checkpoint:
    """A full checkpoint in safetensors, in one file or in shards."""

    def __init__(self, path):
        self.path = path
        self.files = weight_files(path)
        self._where = {}
        self._open = {}
        for file in self.files:
            for name in self._handle(file).keys():
                self._where[name] = file

    def names(self):
        return sorted(self._where)

    def __contains__(self, name):
        return name in self._where

    def tensor(self, name):
        """In float32, whatever it is stored as; tensors of integers stay as they are."""
        tensor = self._handle(self._where[name]).get_tensor(name)
        return tensor.float() if tensor.is_floating_point() else tensor

    def shape(self, name):
        return tuple(self._handle(self._where[name]).get_slice(name).get_shape())

    def _handle(self, file):
        if file not in self._open:
            self._open[file] = opened(os.path.join(self.path, file))
        return self._open[file]


class Adapter:
    """A LoRA adapter as peft saves it."""

    def __init__(self, path):
        self.path = path
        self.files = [ADAPTER_WEIGHTS]
        self._weights = opened(os.path.join(path, ADAPTER_WEIGHTS))
        self.config = read_json(os.path.join(path, ADAPTER_CONFIG))
        if self.config.get("peft_type") != "LORA":
            raise MergeError(f"{path} is an adapter of the type {self.config.get('peft_type')!r}; only LORA adapters are merged.")
        for key in ("use_dora", "lora_bias", "alpha_pattern", "rank_pattern"):
            if self.config.get(key):
                raise MergeError(f"{path}: adapters with {key} are not merged.")
        if self.config.get("bias", "none") != "none" or self.config.get("modules_to_save"):
            raise MergeError(f"{path}: the adapter carries whole modules or biases besides its LoRA matrices, which are not merged.")
        self._pairs = pairs_of(self._weights.keys(), path)

    def targets(self):
        """Names of the base's tensors that the adapter changes."""
        return sorted(f"{module}.weight" for module in self._pairs)

    def delta(self, target):
        """What the adapter adds to a tensor of the base: scale × B A, in float32 and in the tensor's own orientation."""
        a_name, b_name = self._pairs[target[: -len(".weight")]]
        a = self._weights.get_tensor(a_name).float()
        b = self._weights.get_tensor(b_name).float()
        if a.ndim != 2 or b.ndim != 2 or b.shape[1] != a.shape[0]:
            raise MergeError(f"{self.path}: the LoRA matrices of {target} do not fit together.")
        rank = a.shape[0]
        alpha = self.config.get("lora_alpha", rank)
        scale = alpha / rank**0.5 if self.config.get("use_rslora") else alpha / rank
        product = scale * (b @ a)
        return product.T if self.config.get("fan_in_fan_out") else product


def is_adapter(path):
    return os.path.isfile(os.path.join(path, ADAPTER_CONFIG))


def weight_files(path):
    """Names of the weight files of a folder; only files beside the index are followed."""
    index = os.path.join(path, "model.safetensors.index.json")
    if os.path.isfile(index):
        files = sorted(set(read_json(index).get("weight_map", {}).values()))
        if any(os.path.basename(file) != file for file in files):
            raise MergeError(f"{index} names files outside its folder.")
        return files
    if os.path.isfile(os.path.join(path, "model.safetensors")):
        return ["model.safetensors"]
    raise MergeError(f"{path} holds no model.safetensors and no index of shards. Save the model as safetensors first.")


def digest_of(path, files):
    """SHA-256 over the names and contents of files."""
    total = hashlib.sha256()
    for file in sorted(files):
        content = hashlib.sha256()
        with open(os.path.join(path, file), "rb") as handle:
            while block := handle.read(1 << 20):
                content.update(block)
        total.update(f"{file} {content.hexdigest()}\n".encode())
    return total.hexdigest()


def opened(path):
    try:
        return safe_open(path, framework="pt")
    except Exception as error:  # the library raises an exception type of its own
        raise MergeError(f"{path} cannot be read as safetensors: {error}.") from None


def read_json(path):
    with contextlib.suppress(OSError, ValueError):
        with open(path, encoding="utf-8") as file:
            value = json.load(file)
        if isinstance(value, dict):
            return value
    raise MergeError(f"{path} cannot be read as a JSON object.")


def dtype_of(name):
    return getattr(torch, name)


def pairs_of(names, path):
    pairs = {}
    for name in names:
        for part, place in ((".lora_A.weight", 0), (".lora_B.weight", 1)):
            if name.endswith(part):
                module = name[: -len(part)].removeprefix("base_model.model.")
                pairs.setdefault(module, [None, None])[place] = name
                break
        else:
            raise MergeError(f"{path}: {name} is not a LoRA matrix of a linear layer, so it cannot be merged.")
    broken = [module for module, pair in pairs.items() if None in pair]
    if broken:
        raise MergeError(f"{path}: {broken[0]} has only one of its two LoRA matrices.")
    return pairs
