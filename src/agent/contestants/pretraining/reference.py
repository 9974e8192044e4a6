"""
An honest small solution of the tasks that train from scratch on the two small texts: a tokenizer and a small GPT-2, both trained on the articles.

What helps within two minutes on two cores: plain sentences one at a time, as they are scored; endings such as "-s" and "-ed" as tokens of
their own, so that agreement is learnt once and not word by word; a small vocabulary, since half of the work is predicting over it.
"""
import random

from program import arguments, save
from sentences import new_model, read_sentences, train_tokenizer
from timed_training import padded, train

BATCH_TOKENS = 1024
LONGEST = 64
LEARNING_RATE = 4e-3


def main():
    options = arguments(seconds=130, steps=1500)
    sentences = read_sentences(options.data)
    print(f"{len(sentences):,} sentences", flush=True)
    tokenizer = train_tokenizer(sentences)
    rows = encode(sentences, tokenizer)
    print(f"{len(tokenizer):,} tokens in the vocabulary, {sum(map(len, rows)):,} in the text", flush=True)
    model = new_model(tokenizer, options.seed)
    train(model, batches(rows, random.Random(options.seed)), options.seconds, options.steps, LEARNING_RATE)
    save(model, tokenizer, options.out)


def encode(sentences, tokenizer):
    """Each sentence between two end tokens: the first is what precedes it when it is scored. A long one is cut into several."""
    end = tokenizer.bos_token_id
    rows = []
    for ids in tokenizer(sentences, add_special_tokens=False)["input_ids"]:
        ids = ids + [end]
        rows += [[end] + ids[start : start + LONGEST] for start in range(0, len(ids), LONGEST)]
    return rows


def batches(rows, chance):
    """One pass after the other: sentences of like length together, so that little is padding; the batches in random order."""
    while True:
        order = sorted(range(len(rows)), key=lambda index: (len(rows[index]), chance.random()))
        groups = []
        while order:
            size = max(1, BATCH_TOKENS // len(rows[order[-1]]))
            groups.append([rows[index] for index in order[-size:]])
            del order[-size:]
        chance.shuffle(groups)
        yield from map(padded, groups)


if __name__ == "__main__":
    main()
