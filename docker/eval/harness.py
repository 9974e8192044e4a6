"""The harness as the source of tasks, prompts and requests, over local files, and as the judge of each item."""
import functools
import json
import logging
import os
from pathlib import Path

import lm_eval
import lm_eval.utils
from lm_eval.api.task import ConfigurableTask
from lm_eval.tasks._yaml_loader import load_yaml

# The harness compiles the same few templates for every row; compiling each once changes no request and saves most of the time.
lm_eval.utils.env.from_string = functools.lru_cache(maxsize=4096)(lm_eval.utils.env.from_string)
logging.getLogger("lm_eval").setLevel(logging.ERROR)

TASKS = os.path.join(os.path.dirname(lm_eval.__file__), "tasks")
SUPER_GLUE = ("boolq", "cb", "copa", "multirc", "record", "rte", "wic", "wsc")


def subtasks_of(suite, folder):
    """The names of the subtasks of a suite, as its data folder has them."""
    if suite == "blimp":
        return sorted(name[: -len(".jsonl")] for name in os.listdir(folder) if name.endswith(".jsonl"))
    if suite == "mmlu":
        return sorted(name for name in os.listdir(folder) if os.path.isdir(os.path.join(folder, name)))
    return SUPER_GLUE


def task_file(suite, folder, subtask):
    """A task file that includes the harness's own and replaces nothing but where the rows come from."""
    place = os.path.join(folder, subtask)
    if suite == "blimp":
        origin, name, splits = f"blimp/{subtask}.yaml", f"blimp_{subtask}", {"train": f"{place}.jsonl"}
    elif suite == "mmlu":
        origin, name, splits = f"mmlu/default/mmlu_{subtask}.yaml", f"mmlu_{subtask}", {"test": os.path.join(place, "test.jsonl")}
    else:
        origin, name = f"super_glue/{subtask}/default.yaml", "sglue_rte" if subtask == "rte" else subtask
        splits = {"validation": os.path.join(place, "validation.jsonl")}
    return {
        "include": os.path.join(TASKS, origin),
        "task": name,
        "dataset_kwargs": {"splits": splits},
        "training_split": None,
        "fewshot_split": None,  # no examples are shown, and the set that they would come from is not here
    }


def load_task(suite, folder, subtask, scratch):
    """One task of the harness over the local file, with its rows read."""
    path = os.path.join(scratch, "tasks", suite, f"{subtask}.yaml")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    content = json.dumps(task_file(suite, folder, subtask))  # JSON is YAML, but for the tag
    with open(path, "w", encoding="utf-8") as file:
        file.write(f'{content[:-1]}, "custom_dataset": !function "jsonl_rows.read_splits"}}')
    task = ConfigurableTask(config=load_yaml(Path(path)))
    task.doc_to_choice = remembered(task.doc_to_choice)
    return task


def remembered(options_of):
    """The harness asks for the options of an item three times; they come from a template that is filled in once."""
    known = {}

    def doc_to_choice(doc, doc_to_choice=None):
        if doc_to_choice is not None:
            return options_of(doc, doc_to_choice)
        found = known.get(id(doc))
        if found is None or found[0] is not doc:
            found = known[id(doc)] = doc, options_of(doc)
        return found[1]

    return doc_to_choice


def right_options(suite, subtask, task, doc, options):
    """
    The numbers of the right options. MultiRC's are those of the data set: the harness has the two answers the wrong way round, so that
    what it takes for right is wrong.
    """
    target = task.doc_to_target(doc)
    if not isinstance(target, int):
        return [k for k in range(options) if is_right(judge(task, doc, one_hot(k, options)))]
    return [1 - target] if (suite, subtask) == ("super_glue", "multirc") else [target]


def is_right(verdict):
    return verdict.get("acc", verdict.get("em")) == 1


def one_hot(k, options):
    return [0.0 if at == k else -1.0 for at in range(options)]


def judge(task, doc, values):
    """The harness's own verdict on one item, as it comes from its `process_results`."""
    verdict = task.process_results(doc, [(value, False) for value in values])
    return {name: float(value) for name, value in verdict.items() if name in ("acc", "em", "f1") and not isinstance(value, tuple)}
