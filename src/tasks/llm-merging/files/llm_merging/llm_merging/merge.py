"""Carries out a plan: reads, merges, stores, checks that the result loads, and writes the record."""
import json
import os
import shutil
import time

from safetensors.torch import save_file

from llm_merging.checkpoint import digest_of, dtype_of, read_json
from llm_merging.errors import MergeError
from llm_merging.methods import find_method
from llm_merging.record import write_record

# What a model folder needs besides its weights.
COPIED = (
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "vocab.json",
    "merges.txt",
    "spiece.model",
)
SHARD_BYTES = 4_000_000_000


def merge(plan, out, on_tensor=lambda done, total: None, record_path=None, shard_bytes=SHARD_BYTES):
    """Writes the merged model to the folder `out`, which must not hold a model yet; returns the record."""
    started = time.monotonic()
    if os.path.exists(out) and os.listdir(out):
        raise MergeError(f"{out} is not empty. Give a new folder, or empty it first.")
    method = find_method(plan.method)(plan)
    half_made = f"{out.rstrip(os.sep)}.half-made"
    shutil.rmtree(half_made, ignore_errors=True)
    os.makedirs(half_made)
    try:
        files = write_weights(method, half_made, plan, on_tensor, shard_bytes)
        write_config(plan, half_made)
        for name in COPIED:
            if os.path.isfile(os.path.join(plan.base, name)):
                shutil.copyfile(os.path.join(plan.base, name), os.path.join(half_made, name))
        check_loads(half_made)
        if os.path.isdir(out):
            os.rmdir(out)
        os.rename(half_made, out)
    except BaseException:
        shutil.rmtree(half_made, ignore_errors=True)
        raise
    return write_record(plan, method, out, digest_of(out, files), time.monotonic() - started, record_path)


def write_weights(method, folder, plan, on_tensor, shard_bytes):
    """Stores tensors as they come, a new file whenever one is full."""
    dtype = dtype_of(plan.dtype)
    shards, shard, size = [], {}, 0
    total = len(method.base.names())
    for done, (name, tensor) in enumerate(method.tensors(), 1):
        stored = tensor.to(dtype).contiguous() if tensor.is_floating_point() else tensor.contiguous()
        bytes_ = stored.numel() * stored.element_size()
        if shard and size + bytes_ > shard_bytes:
            shards.append(save_shard(folder, len(shards), shard))
            shard, size = {}, 0
        shard[name] = stored
        size += bytes_
        on_tensor(done, total)
    if not shard:
        raise MergeError(f"The method {method.name} yielded no tensor.")
    shards.append(save_shard(folder, len(shards), shard))
    return name_shards(folder, shards)


def save_shard(folder, number, tensors):
    file = f"part-{number:05d}.safetensors"
    save_file(tensors, os.path.join(folder, file), metadata={"format": "pt"})
    return file, {name: tensor.numel() * tensor.element_size() for name, tensor in tensors.items()}


def name_shards(folder, shards):
    """The names that transformers expects, which hold the number of shards."""
    if len(shards) == 1:
        os.rename(os.path.join(folder, shards[0][0]), os.path.join(folder, "model.safetensors"))
        return ["model.safetensors"]
    weight_map, files, total = {}, [], 0
    for number, (file, sizes) in enumerate(shards, 1):
        name = f"model-{number:05d}-of-{len(shards):05d}.safetensors"
        os.rename(os.path.join(folder, file), os.path.join(folder, name))
        files.append(name)
        weight_map.update(dict.fromkeys(sizes, name))
        total += sum(sizes.values())
    write_json(os.path.join(folder, "model.safetensors.index.json"), {"metadata": {"total_size": total}, "weight_map": weight_map})
    return files


def write_config(plan, folder):
    config = read_json(os.path.join(plan.base, "config.json"))
    config.pop("torch_dtype", None)
    write_json(os.path.join(folder, "config.json"), {**config, "dtype": plan.dtype})


def write_json(path, value):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=2)
        file.write("\n")


def check_loads(folder):
    """A model that lacks a tensor loads all the same, with random numbers in its place: so ask."""
    from llm_merging.models import load

    _, report = load(folder)
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        names = sorted(str(name) for name in report.get(kind, ()))
        if names:
            raise MergeError(f"The merged model does not fit its config.json: {kind.replace('_', ' ')}, for instance {names[0]}.")
