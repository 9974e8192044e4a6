"""Compares the scorer's engine with the harness's own `hf` model class on the same items. Arguments: a JSON object; prints another."""
import json
import os
import sys
from importlib.metadata import version

os.dup2(os.open(os.devnull, os.O_WRONLY), 3)  # where the scorer's messages go
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "..", "docker", "eval")]

import bare_harness  # noqa: E402
import loading  # noqa: E402
import numpy  # noqa: E402
from choices import ChoiceSuite  # noqa: E402
from loglikelihood import make_engine  # noqa: E402


def ours(wanted, scratch, budget=None):
    """(task, item) → log-likelihoods and verdicts, by the scorer."""
    tokenizer = loading.load_tokenizer(wanted["model"])
    engine = make_engine(loading.load_model(wanted["model"], wanted["architecture"], "cpu"), tokenizer, wanted["architecture"], budget)
    found = {}
    for name in wanted["suites"]:
        suite = ChoiceSuite({"suite": name, "folder": os.path.join(wanted["data"], name), "rows": wanted["rows"]}, scratch)
        for part in suite.parts:
            task = suite.load(part).config.task
            for row in suite.score(part, engine, lambda count: None):
                found[task, row["item"]] = row
    return found, engine


def theirs(wanted, scratch):
    folder = os.path.join(scratch, "bare")
    names = bare_harness.task_files(folder, wanted["data"], wanted["suites"])
    return bare_harness.evaluate(wanted["model"], [name for suite in names.values() for name in suite], folder, wanted["rows"])


def best(values):
    return max(range(len(values)), key=values.__getitem__)


def distance(one, other):
    """How far two log-likelihoods are apart, in nats, beyond the step between neighbours in float32: below -1024 that alone is more than 1e-4."""
    return max(0.0, abs(one - other) - float(numpy.spacing(numpy.float32(abs(one)))))


def fixture(results, rows):
    """What the harness wrote, without the texts: enough to recompute every aggregate of it and of ours."""
    samples = {
        name: [
            {
                "doc_id": sample["doc_id"],
                "target": sample["target"] if isinstance(sample["target"], int) else None,
                "gold": rows[name, sample["doc_id"]]["gold"],
                "resps": [response[0][0] for response in sample["resps"]],
                **{metric: sample[metric] for metric in ("acc", "em", "f1") if isinstance(sample.get(metric), (int, float))},
            }
            for sample in sorted(found, key=lambda each: each["doc_id"])
        ]
        for name, found in results["samples"].items()
    }
    return {
        "lm_eval": version("lm_eval"),
        "results": {name: numbers(found) for name, found in results["results"].items()},
        "groups": {name: numbers(found) for name, found in results.get("groups", {}).items()},
        "samples": samples,
    }


def numbers(found):
    """The metrics, without the errors that were not computed."""
    return {name.split(",")[0]: value for name, value in found.items() if name.endswith(",none") and isinstance(value, float)}


def main(wanted):
    results = theirs(wanted, wanted["scratch"])
    rows, engine = ours(wanted, wanted["scratch"])
    other, _ = ours(wanted, wanted["scratch"], budget=1)  # every sequence by itself
    compared = [(rows[name, sample["doc_id"]], other[name, sample["doc_id"]], sample) for name, found in results["samples"].items() for sample in found]
    far = [distance(a, b[0][0]) for row, _, sample in compared for a, b in zip(row["values"], sample["resps"])]
    if wanted.get("fixture"):
        with open(wanted["fixture"], "w", encoding="utf-8") as file:
            json.dump(fixture(results, rows), file, allow_nan=False)
            file.write("\n")
    return {
        "items": len(compared),
        "rows": len(rows),
        "same_choice": sum(best(row["values"]) == best([response[0][0] for response in sample["resps"]]) for row, _, sample in compared),
        "same_verdict": sum(all(sample[name] == value for name, value in row["harness"].items()) for row, _, sample in compared),
        "same_alone": sum(best(row["values"]) == best(alone["values"]) for row, alone, _ in compared),
        "worst_difference": max(far),
        "worst_alone": max(distance(a, b) for row, alone, _ in compared for a, b in zip(row["values"], alone["values"])),
        "picks_positions": engine.reader.picks,
        "cuts_at_spaces": engine.encoder.cuts_at_spaces,
    }


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
