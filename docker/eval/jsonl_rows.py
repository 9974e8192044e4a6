"""Local JSON lines as a data set of the harness. Task files name `read_splits` as their `custom_dataset`."""
import json


class Rows(list):
    """The rows of one split, with as much of `datasets.Dataset` as the harness's tasks use."""

    @property
    def features(self):
        return dict.fromkeys(self[0])

    def map(self, change):
        return Rows({**row, **change(row)} for row in self)


def read_splits(splits, **_):
    """`splits` maps the name of a split to the path of its file."""
    return {split: read(path) for split, path in splits.items()}


def read(path):
    with open(path, encoding="utf-8") as file:
        return Rows(json.loads(line) for line in file)
