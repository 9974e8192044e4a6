"""Suites whose items offer options to choose from: the option with the highest log-likelihood is the model's choice."""
import harness
import sentences
from row_files import finite


class ChoiceSuite:
    """One suite over a folder of rows, the first `rows` of each subtask."""

    step = "scoring {}"

    def __init__(self, request, scratch):
        self.name, self.folder, self.limit, self.scratch = request["suite"], request["folder"], request["rows"], scratch
        self.parts = harness.subtasks_of(self.name, self.folder)
        self.requests = {}

    def check(self, engine):
        if self.name == "blimp":
            sentences.check(engine, sentences.of_blimp(self.folder, self.limit))

    def items(self, part):
        """How many items a subtask has, without loading it."""
        splits = harness.task_file(self.name, self.folder, part)["dataset_kwargs"]["splits"]
        with open(*splits.values(), encoding="utf-8") as file:
            return min(self.limit, sum(1 for line in file if line.strip()))

    def score(self, part, engine, advance):
        task = self.load(part)
        per_item, values = self.values(part, task, engine, advance)
        return [self.row(part, task, doc, found, engine) for doc, found in zip(self.docs(task), regroup(per_item, values))]

    def row(self, part, task, doc, values, engine):
        row = {
            "suite": self.name,
            "subtask": part,
            "item": doc[0],
            "gold": harness.right_options(self.name, part, task, doc[1], len(values)),
            "values": [finite(value) for value in values],
            "untrained": None,
            "harness": harness.judge(task, doc[1], values),
        }
        if self.name == "blimp":
            row["is_same"] = doc[1]["sentence_good"] == doc[1]["sentence_bad"]
        return row

    def add_floor(self, part, rows, engine, advance):
        """The same rows with the log-likelihoods of an untrained model."""
        per_item, values = self.values(part, None, engine, advance)
        found = regroup(per_item, values)
        return [{**row, "untrained": [finite(value) for value in values]} for row, values in zip(rows, found)]

    def values(self, part, task, engine, advance):
        per_item, requests = self.encoded(part, task, engine)
        total, told = sum(per_item), [0, 0]

        def tell(count):
            told[0] += count
            items = told[0] * len(per_item) // total
            advance(items - told[1])
            told[1] = items

        return per_item, engine.loglikelihoods(requests, tell)

    def encoded(self, part, task, engine):
        """How many options each item has, and the requests of all; kept for the untrained model, whose tokenizer is the same."""
        if part not in self.requests:
            task = task or self.load(part)
            task.build_all_requests(limit=self.limit)
            per_item = [0] * len(self.docs(task))
            for instance in task.instances:
                per_item[instance.doc_id] += 1
            self.requests[part] = per_item, engine.encode([instance.args for instance in task.instances])
        return self.requests[part]

    def load(self, part):
        return harness.load_task(self.name, self.folder, part, self.scratch)

    def docs(self, task):
        return list(task.doc_iterator(limit=self.limit))


def regroup(sizes, values):
    start = 0
    for size in sizes:
        yield values[start : start + size]
        start += size
