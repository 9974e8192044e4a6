"""Rows as JSON lines, one file a finished subtask. A file is there whole or not at all, so that a killed evaluation goes on behind it."""
import json
import math
import os


class RowFiles:
    def __init__(self, folder):
        self.folder = folder

    def read(self, suite, subtask):
        """The rows of a finished subtask; None if it is not finished."""
        try:
            with open(self.path(suite, subtask), encoding="utf-8") as file:
                lines = file.read()
            return [json.loads(line) for line in lines.splitlines()] if lines.endswith("\n") else None
        except (FileNotFoundError, ValueError):
            return None

    def write(self, suite, subtask, rows):
        path = self.path(suite, subtask)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + ".part", "w", encoding="utf-8") as file:
            file.writelines(json.dumps(row, allow_nan=False) + "\n" for row in rows)
            file.flush()
            os.fsync(file.fileno())
        os.replace(path + ".part", path)

    def path(self, suite, subtask):
        return os.path.join(self.folder, suite, f"{subtask}.jsonl")


def finite(value):
    return float(value) if math.isfinite(value) else None
