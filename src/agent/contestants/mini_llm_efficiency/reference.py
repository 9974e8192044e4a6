"""
An honest small solution of mini_llm_efficiency: the whole base model is trained on, on the plays, for a minute or so. A tenth of the text is kept to tell
how well it goes.
"""
import os

from program import arguments, load, save
from running_text import random_windows, read_tokens, text_loss
from timed_training import train

LEARNING_RATE = 1e-3


def main():
    options = arguments(seconds=75, steps=180)
    model, tokenizer = load(os.path.join(options.data, "mini_base"))
    tokens = read_tokens(options.data, "tinyshakespeare_train.txt", tokenizer)
    cut = len(tokens) * 9 // 10
    print(f"{len(tokens):,} tokens, loss at first {text_loss(model, tokens[cut:]):.3f}", flush=True)
    train(model, random_windows(tokens[:cut], model, options.seed), options.seconds, options.steps, LEARNING_RATE)
    print(f"loss in the end {text_loss(model, tokens[cut:]):.3f}", flush=True)
    save(model, tokenizer, options.out)


if __name__ == "__main__":
    main()
