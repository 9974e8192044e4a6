"""
An honest small solution of mini_edge_llm_compression: of all ways to leave layers out, the one after which the given text is predicted best; what is left is trained on
that text for a minute, and stored in float16.
"""
import itertools
import os

import torch
from layers import KEPT, keep_layers
from program import arguments, load, save
from running_text import random_windows, read_tokens, text_loss
from timed_training import train

LEARNING_RATE = 1e-3


def main():
    options = arguments(seconds=60, steps=250)
    model, tokenizer = load(os.path.join(options.data, "mini_base"))
    tokens = read_tokens(options.data, "wikitext2_train.txt", tokenizer)
    small = keep_layers(model, best_layers(model, tokens))
    train(small, random_windows(tokens, small, options.seed), options.seconds, options.steps, LEARNING_RATE)
    print(f"loss in the end {text_loss(small, tokens):.3f}, of the whole base {text_loss(model, tokens):.3f}", flush=True)
    save(small, tokenizer, options.out, torch.float16)


def best_layers(model, tokens):
    losses = {}
    for layers in itertools.combinations(range(model.config.n_layer), KEPT):
        losses[layers] = text_loss(keep_layers(model, layers), tokens)
        print(f"layers {layers} alone: loss {losses[layers]:.3f}", flush=True)
    return min(losses, key=losses.get)


if __name__ == "__main__":
    main()
