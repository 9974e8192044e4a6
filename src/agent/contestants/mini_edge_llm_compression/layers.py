"""A GPT-2 with some of its layers only."""
import copy

import torch

# What two of the four layers, the embeddings and the tokenizer take in float16 is below the limit; with three it would not be.
KEPT = 2


def keep_layers(model, layers):
    """A copy of the model without the others."""
    kept = copy.deepcopy(model)
    kept.transformer.h = torch.nn.ModuleList(kept.transformer.h[layer] for layer in layers)
    for index, block in enumerate(kept.transformer.h):
        block.attn.layer_idx = index
    kept.config.n_layer = len(layers)
    return kept
