"""
An honest small solution of mini_baby_lm: a tokenizer and a small GPT-2, both trained from scratch on the given text.

    python reference.py --data DIR --out DIR [--seconds 130] [--seed 1234]

What helps within two minutes on two cores: plain sentences one at a time, as they are scored; endings such as "-s" and "-ed" as tokens of
their own, so that agreement is learnt once and not word by word; a small vocabulary, since half of the work is predicting over it.
"""
import argparse
import math
import os
import random
import re
import time

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # where others use the cores too, waiting threads must not spin

import torch  # noqa: E402
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers  # noqa: E402
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast  # noqa: E402

# ---- the same in base.py and reference.py: texts, tokenizer and shape ----

END = "<|endoftext|>"
VOCABULARY = 4096
SHAPE = dict(n_positions=128, n_embd=128, n_layer=2, n_head=4, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0)

# "waiters" -> "waiter" + "s", "walked" -> "walk" + "ed"; not "this", "was", "glass".
ENDINGS = r"(?<=[A-Za-z]{2}[a-hj-rtv-z])s(?![A-Za-z])|(?<=[A-Za-z]{3})(?:ed|ing|self|selves)(?![A-Za-z])|(?<=[A-Za-z])n't"


def read_sentences(data):
    """The articles only: the sentences that are scored are modern prose, and time is too short for verse besides."""
    with open(os.path.join(data, "wikitext2_valid.txt"), encoding="utf-8") as file:
        text = detokenise(file.read())
    return [sentence for line in text.split("\n") for sentence in split_sentences(line)]


def detokenise(text):
    """WikiText sets tokens apart by spaces; sentences as people write them have none before a comma."""
    text = re.sub(r"^ =.*= *$", "", text, flags=re.M)
    text = re.sub(r" @(.)@ ", r"\1", text)
    text = re.sub(r" ('(?:s|t|re|ve|ll|d|m)?|n't)(?= )", r"\1", text)
    text = re.sub(r" ([,.;:!?)\]%])", r"\1", text)
    text = re.sub(r"([(\[$]) ", r"\1", text)
    return re.sub(r'" ([^"]*) "', r'"\1"', text)


def split_sentences(text):
    """With a space in front, as the evaluation has it."""
    parts = re.split(r"(?<=[.!?])[\"']? +(?=[A-Z\"'])", text)
    tidy = (re.sub(r"\s+", " ", part).strip() for part in parts)
    return [" " + part for part in tidy if len(part) > 1]


def train_tokenizer(sentences):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(ENDINGS), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=[END], initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(sentences, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=END, eos_token=END)


def new_model(tokenizer, seed):
    torch.manual_seed(seed)
    end = tokenizer.bos_token_id
    return GPT2LMHeadModel(GPT2Config(vocab_size=len(tokenizer), bos_token_id=end, eos_token_id=end, **SHAPE))


def save(model, tokenizer, out):
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    print(f"saved a model of {parameters:,} parameters", flush=True)


# ---- until here ----

BATCH_TOKENS = 1024
LONGEST = 64
LEARNING_RATE = 4e-3
WARM_UP = 0.04  # of the time


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--seconds", type=float, default=130, help="for training; reading and saving take a few more")
    parser.add_argument("--seed", type=int, default=1234)
    arguments = parser.parse_args()

    sentences = read_sentences(arguments.data)
    print(f"{len(sentences):,} sentences", flush=True)
    tokenizer = train_tokenizer(sentences)
    rows = encode(sentences, tokenizer)
    print(f"{len(tokenizer):,} tokens in the vocabulary, {sum(map(len, rows)):,} in the text", flush=True)
    model = new_model(tokenizer, arguments.seed)
    train(model, rows, arguments.seconds, random.Random(arguments.seed))
    save(model, tokenizer, arguments.out)


def encode(sentences, tokenizer):
    """Each sentence between two end tokens: the first is what precedes it when it is scored. A long one is cut into several."""
    end = tokenizer.bos_token_id
    rows = []
    for ids in tokenizer(sentences, add_special_tokens=False)["input_ids"]:
        ids = ids + [end]
        rows += [[end] + ids[start : start + LONGEST] for start in range(0, len(ids), LONGEST)]
    return rows


def train(model, rows, seconds, chance):
    """One pass after the other until the time is up. The learning rate follows the time, so it reaches its end on any machine."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, betas=(0.9, 0.98), weight_decay=0.1)
    start = shown = time.monotonic()
    step, smooth, passes = 0, None, 0
    model.train()
    torch.set_num_threads(fastest_threads(model))
    while True:
        for inputs, targets in batches(rows, chance):
            now = time.monotonic()
            part = (now - start) / max(seconds, 1e-9)
            if part >= 1:
                return
            for group in optimizer.param_groups:
                group["lr"] = LEARNING_RATE * min(1, part / WARM_UP) * (0.02 + 0.49 * (1 + math.cos(math.pi * part)))
            loss = torch.nn.functional.cross_entropy(model(inputs, use_cache=False).logits.flatten(0, 1), targets.flatten(), ignore_index=-100)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            step += 1
            smooth = loss.item() if smooth is None else 0.98 * smooth + 0.02 * loss.item()
            if now - shown >= 10:
                shown = now
                print(f"{now - start:4.0f} of {seconds:.0f} s, pass {passes + 1}, step {step}, loss {smooth:.3f}", flush=True)
        passes += 1


def fastest_threads(model):
    """All cores if they are free; one if others use them, since the slowest thread sets the pace."""
    times = {}
    sample = torch.zeros(BATCH_TOKENS // 32, 32, dtype=torch.long)
    for threads in sorted({1, torch.get_num_threads()}):
        torch.set_num_threads(threads)
        start = time.monotonic()
        for _ in range(8):
            model(sample, labels=sample).loss.backward()
        times[threads] = time.monotonic() - start
    model.zero_grad()
    return min(times, key=times.get)


def batches(rows, chance):
    """Sentences of like length together, so that little is padding; the batches in random order."""
    order = sorted(range(len(rows)), key=lambda index: (len(rows[index]), chance.random()))
    groups = []
    while order:
        size = max(1, BATCH_TOKENS // len(rows[order[-1]]))
        groups.append([rows[index] for index in order[-size:]])
        del order[-size:]
    chance.shuffle(groups)
    for group in groups:
        length = max(map(len, group))
        inputs = torch.zeros(len(group), length, dtype=torch.long)
        targets = torch.full((len(group), length), -100)
        for index, row in enumerate(group):
            inputs[index, : len(row)] = targets[index, : len(row)] = torch.tensor(row)
        yield inputs[:, :-1], targets[:, 1:]


if __name__ == "__main__":
    main()
