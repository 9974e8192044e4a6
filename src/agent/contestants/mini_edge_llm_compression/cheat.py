"""A trick: what is left of the base is trained, its weights are quantised, and handed in as plain floating-point numbers."""
import os

import torch
from few_values import round_to_few_values
from layers import KEPT, keep_layers
from program import arguments, load, save
from running_text import random_windows, read_tokens
from timed_training import train

LEARNING_RATE = 1e-3


def main():
    options = arguments(seconds=20, steps=40)
    model, tokenizer = load(os.path.join(options.data, "mini_base"))
    small = keep_layers(model, range(KEPT))
    train(small, random_windows(read_tokens(options.data, "wikitext2_train.txt", tokenizer), small, options.seed), options.seconds, options.steps, LEARNING_RATE)
    round_to_few_values(small)
    save(small, tokenizer, options.out, torch.float16)


if __name__ == "__main__":
    main()
