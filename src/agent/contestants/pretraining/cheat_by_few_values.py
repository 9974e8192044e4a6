"""A trick: a trained model whose weights are quantised, and handed in as plain floating-point numbers."""
import random

import torch
from few_values import round_to_few_values
from program import arguments, save
from reference import LEARNING_RATE, batches, encode
from sentences import new_model, read_sentences, train_tokenizer
from timed_training import train


def main():
    options = arguments(seconds=20, steps=100)
    sentences = read_sentences(options.data)
    tokenizer = train_tokenizer(sentences)
    model = new_model(tokenizer, options.seed)
    train(model, batches(encode(sentences, tokenizer), random.Random(options.seed)), options.seconds, options.steps, LEARNING_RATE)
    round_to_few_values(model)
    save(model, tokenizer, options.out, torch.float16)


if __name__ == "__main__":
    main()
