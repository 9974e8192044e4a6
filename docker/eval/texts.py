"""Bits per byte of running texts: how well a model predicts them, whatever its tokens are."""
import os

from channel import BadModel
from lm_eval import utils
from row_files import finite

CHUNK_BYTES = 1000
LOSSY = "The tokenizer loses a part of the held-out text: decoding its tokens does not give the text back. Hand in one that keeps every character, such as byte-level BPE."


class TextSuite:
    """
    Texts cut into chunks of whole lines. A chunk is scored by itself, after the token that begins a text, in the harness's rolling windows: each
    token is predicted once, from those before it in its window.
    """

    name = "bits_per_byte"
    step = "scoring {}"

    def __init__(self, request, scratch):
        self.folders = {text["subtask"]: text["folder"] for text in request["texts"]}
        self.parts = list(self.folders)

    def check(self, engine):
        """Only a tokenizer that gives the text back makes its model's bits comparable with another's: one that drops letters saves bits."""
        tokenizer = engine.encoder.tokenizer
        for part in self.parts:
            chunks = self.chunks(part)
            with engine.acting():
                backs = [tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False) for ids in engine.encoder.encode(chunks, special=False)]
            if any(back.removeprefix(" ") != chunk.removeprefix(" ") for back, chunk in zip(backs, chunks)):  # some families put a space before every text
                raise BadModel("tokenizer", LOSSY)

    def items(self, part):
        return len(self.chunks(part))

    def chunks(self, part):
        folder = self.folders[part]
        found = []
        for name in sorted(name for name in os.listdir(folder) if name.endswith(".txt")):
            with open(os.path.join(folder, name), encoding="utf-8", newline="") as file:
                found += whole_lines(file.read())
        return found

    def score(self, part, engine, advance):
        chunks = self.chunks(part)
        return [
            {"suite": self.name, "subtask": part, "item": at, "bytes": len(chunk.encode("utf-8")), "nats": finite(nats), "untrained": None}
            for at, (chunk, nats) in enumerate(zip(chunks, self.nats(chunks, engine, advance)))
        ]

    def add_floor(self, part, rows, engine, advance):
        return [{**row, "untrained": finite(nats)} for row, nats in zip(rows, self.nats(self.chunks(part), engine, advance))]

    def nats(self, chunks, engine, advance):
        """Minus the log-likelihood of every chunk."""
        with engine.acting():
            encoded = engine.encoder.encode(chunks, special=False)
        windows, owners = [], []
        for at, ids in enumerate(encoded):
            for before, after in map(utils.make_disjoint_window, utils.get_rolling_token_windows(ids, engine.prefix_token, engine.max_length, context_len=1)):
                windows.append((list(before), list(after)))
                owners.append(at)
        total = [0.0] * len(chunks)
        for at, value in zip(owners, engine.loglikelihoods(windows)):
            total[at] -= value
        advance(len(chunks))
        return total


def whole_lines(text):
    """Consecutive lines together, as many as make up at least so many bytes."""
    chunk, size = [], 0
    for line in text.splitlines(keepends=True):
        chunk.append(line)
        size += len(line.encode("utf-8"))
        if size >= CHUNK_BYTES:
            yield "".join(chunk)
            chunk, size = [], 0
    if chunk:
        yield "".join(chunk)
