"""
An honest small solution of mini_math_reasoning: a small GPT-2 trained from scratch on the given problems, in the form in which the evaluation puts them. So few
problems teach how such theorems look rather than what a problem says.
"""
import random

from problems import SHAPE, new_model, read_problems, train_tokenizer
from program import arguments, save
from timed_training import padded, train

LEARNING_RATE = 3e-3
BATCH = 8
HALF = SHAPE["n_positions"] // 2  # as much as is generated at most


def main():
    options = arguments(seconds=80, steps=300)
    problems = read_problems(options.data)
    tokenizer = train_tokenizer(problems)
    rows = [encode(problem, tokenizer) for problem in problems]
    print(f"{len(rows)} problems, {sum(len(ids) for ids, _ in rows):,} tokens", flush=True)
    model = new_model(tokenizer, options.seed)
    train(model, batches(rows, random.Random(options.seed)), options.seconds, options.steps, LEARNING_RATE)
    save(model, tokenizer, options.out)


def encode(problem, tokenizer):
    """The end of the prompt, and the answer up to the token that ends it; only the answer is learnt."""
    prompt, answer = (tokenizer(text, add_special_tokens=False)["input_ids"] for text in problem)
    prompt = prompt[-HALF:]
    return prompt + answer[: HALF - 1] + [tokenizer.eos_token_id], len(prompt)


def batches(rows, chance):
    while True:
        order = sorted(rows, key=lambda row: len(row[0]) + chance.random() * 50)
        groups = [order[at : at + BATCH] for at in range(0, len(order), BATCH)]
        chance.shuffle(groups)
        yield from map(padded, groups)


if __name__ == "__main__":
    main()
