"""What must hold of the sentences of an evaluation before they are scored."""
import json
import os

from channel import BadModel


def of_blimp(folder, rows):
    for name in sorted(name for name in os.listdir(folder) if name.endswith(".jsonl")):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            for _, line in zip(range(rows), file):
                pair = json.loads(line)
                yield " " + pair["sentence_good"]
                yield " " + pair["sentence_bad"]


def check(engine, sentences):
    """Each sentence must fit into the model whole: cut, it would be another sentence."""
    sentences = list(sentences)
    with engine.acting():
        check_each(engine, sentences)


def check_each(engine, sentences):
    vocabulary = {token.strip() for token in map(plain, engine.encoder.tokenizer.get_vocab()) if len(token) > 20}
    if any(sentence.strip() in vocabulary for sentence in sentences):
        raise BadModel("no_evaluation_text", "The tokenizer's vocabulary holds whole sentences of the evaluation. Train the tokenizer on the given texts only.")
    longest = max(map(len, engine.encoder.encode(sentences, special=False)))
    if longest + 1 > engine.max_length:
        raise BadModel("config", f"The model takes {engine.max_length} tokens at most, a sentence of the evaluation has up to {longest + 1}. Give it more positions or a larger vocabulary.")


def plain(token):
    """A token as text, with the marks for spaces of the usual families undone."""
    return token.replace("Ġ", " ").replace("▁", " ")
