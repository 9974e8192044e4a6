"""What the scorer tells the process that started it: JSON lines on file descriptor 3. Nothing else is written there."""
import json
import os
import threading

_out = os.fdopen(3, "w", encoding="utf-8")
_lock = threading.Lock()


def send(message_type, **fields):
    with _lock:
        _out.write(json.dumps({"type": message_type, **fields}, allow_nan=False) + "\n")
        _out.flush()


class BadModel(Exception):
    """The submission is at fault. The message is one sentence for the contestant."""

    def __init__(self, rule, message):
        super().__init__(message)
        self.rule = rule
        self.message = message


class Progress:
    """Reports a step at most a few hundred times, however many parts it has."""

    def __init__(self, step, total):
        self.step, self.total, self.done, self.shown = step, total, 0, -1
        self.advance(0)

    def advance(self, count):
        self.done = min(self.total, self.done + count)
        percent = self.done * 100 // max(1, self.total)
        if percent != self.shown:
            self.shown = percent
            send("progress", step=self.step, done=self.done, total=self.total)
