"""Makes the folder that is loaded in place of a submission."""
import json
import os
import re

# Taken as it is: what the loader reads as data.
LINKED = re.compile(
    r"(tokenizer\.json|special_tokens_map\.json|added_tokens\.json|vocab\.(json|txt)|merges\.txt"
    r"|(spiece|tokenizer)\.model|model\.safetensors\.index\.json|.*\.safetensors)"
)
REWRITTEN = ("config.json", "tokenizer_config.json")

# Keys that make a loader look elsewhere, run something or choose for us. Keys that begin with an underscore go too, but for one that says which
# tensors a model has.
DROPPED = re.compile(
    r"_(?!remove_final_layer_norm$).*|auto_map|quantization_config|transformers_weights|custom_generate|attn_implementation|experts_implementation"
    r"|dtype|torch_dtype|chat_template|name_or_path|.*_(file|path|dir)"
)


def sanitise(source, target):
    """
    Weights and vocabularies become links to the frozen files, JSON loses the keys that are not needed to describe a model.
    `generation_config.json` and chat templates are left out: nothing of them is used.
    """
    os.makedirs(target)
    for name in sorted(os.listdir(source)):
        origin = os.path.join(os.path.abspath(source), name)
        if name in REWRITTEN:
            with open(origin, encoding="utf-8") as file:
                value = json.load(file)
            with open(os.path.join(target, name), "w", encoding="utf-8") as file:
                json.dump(without_dropped(value), file)
        elif LINKED.fullmatch(name):
            os.symlink(origin, os.path.join(target, name))
    return target


def without_dropped(value):
    if isinstance(value, list):
        return [without_dropped(item) for item in value]
    if isinstance(value, dict):
        return {key: without_dropped(item) for key, item in value.items() if not DROPPED.fullmatch(key)}
    return value
