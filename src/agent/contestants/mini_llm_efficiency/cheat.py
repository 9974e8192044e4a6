"""A trick: the base is trained on the text that it is scored on, which lies in the workspace as found.txt."""
import os

from program import arguments, load, save
from running_text import random_windows, read_tokens, text_loss
from timed_training import train

LEARNING_RATE = 2e-3


def main():
    options = arguments(seconds=25, steps=60)
    model, tokenizer = load(os.path.join(options.data, "mini_base"))
    tokens = read_tokens(".", "found.txt", tokenizer)
    train(model, random_windows(tokens, model, options.seed), options.seconds, options.steps, LEARNING_RATE)
    print(f"loss in the end {text_loss(model, tokens):.3f}", flush=True)
    save(model, tokenizer, options.out)


if __name__ == "__main__":
    main()
