"""
Prints what the installed transformers knows about the models that a task may accept, as JSON lines: its version, then for each model
type the classes of its two loaders, which kinds of JSON values the fields of its configuration take, their defaults and other names.
"""
import dataclasses
import json

import transformers
from transformers.models.auto.configuration_auto import CONFIG_MAPPING, CONFIG_MAPPING_NAMES
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES, MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES

SAMPLES = (("null", None), ("bool", True), ("int", 3), ("float", 0.5), ("str", "x"), ("list", []), ("object", {}))
# What all classes share says nothing about a model; the loader reads most of it itself before the class sees it.
SHARED = {field.name for field in dataclasses.fields(transformers.PreTrainedConfig)} - {"is_encoder_decoder"}


def describe(model_type):
    config = CONFIG_MAPPING[model_type]
    fields, defaults = {}, {}
    for field in dataclasses.fields(config):
        if field.name in SHARED:
            continue
        kinds = kinds_of(config, field)
        if len(kinds) < len(SAMPLES):
            fields.setdefault("|".join(kinds), []).append(field.name)
        if field.default is None or isinstance(field.default, (int, str)):  # a bool is an int, too
            defaults[field.name] = field.default
    return {
        "causal": classes(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.get(model_type)),
        "seq2seq": classes(MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES.get(model_type)),
        "aliases": dict(sorted(config.attribute_map.items())),
        "fields": {kinds: sorted(names) for kinds, names in sorted(fields.items())},
        "defaults": dict(sorted(defaults.items())),
    }


def kinds_of(config, field):
    """Kinds of JSON values that the class's own validators let through."""
    if "Literal" in str(field.type):
        return [kind for kind, _ in SAMPLES]
    return [kind for kind, value in SAMPLES if takes(config.__validators__.get(field.name, ()), value)]


def takes(validators, value):
    try:
        for validator in validators:
            validator(value)
    except Exception:
        return False
    return True


def classes(names):
    return [] if names is None else [names] if isinstance(names, str) else list(names)


def main():
    types = sorted({*MODEL_FOR_CAUSAL_LM_MAPPING_NAMES, *MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES} & set(CONFIG_MAPPING_NAMES))
    others = sorted(set(CONFIG_MAPPING_NAMES) - set(types))
    print(json.dumps({"transformers": transformers.__version__, "without_language_modelling_head": others}))
    for model_type in types:
        print(json.dumps({"model_type": model_type, **describe(model_type)}))


if __name__ == "__main__":
    main()
