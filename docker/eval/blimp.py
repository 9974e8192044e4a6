"""BLiMP by lm-evaluation-harness from local files, with the log-likelihoods behind each of its decisions."""
import functools
import json
import math
import os

import lm_eval
import lm_eval.evaluator
import lm_eval.utils
from channel import BadModel, Progress
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager

# The harness compiles the same few templates for every row; compiling each once changes no request and saves most of the time.
lm_eval.utils.env.from_string = functools.lru_cache(maxsize=256)(lm_eval.utils.env.from_string)

# It asks git, pip and the system about the machine: seconds, for facts that are recorded elsewhere or wanted by nobody.
lm_eval.evaluator.add_env_info = lambda results: None
lm_eval.evaluator.get_git_commit_hash = lambda: None


class MeasuredLM(HFLM):
    """The harness's own model class; only counts what has been done."""

    progress = None

    def _model_call(self, inps, attn_mask=None, labels=None):
        scores = super()._model_call(inps, attn_mask=attn_mask, labels=labels)
        if self.progress is not None:
            self.progress.advance(inps.shape[0])
        return scores


def harness_model(model, tokenizer, architecture, batch_size):
    return MeasuredLM(
        pretrained=model,
        tokenizer=tokenizer,
        backend=architecture,
        batch_size=batch_size,
        softmax_dtype="float32",
        trust_remote_code=False,
    )


def load_tasks(data_folder, scratch):
    """The harness's BLiMP group over local files: each task includes the harness's own and replaces its data set."""
    origin = os.path.join(os.path.dirname(lm_eval.__file__), "tasks", "blimp")
    folder = os.path.join(scratch, "tasks")
    os.makedirs(folder)
    subtasks = sorted(name[: -len(".jsonl")] for name in os.listdir(data_folder) if name.endswith(".jsonl"))
    for subtask in subtasks:
        task = {
            "include": os.path.join(origin, f"{subtask}.yaml"),
            "task": f"blimp_{subtask}",
            "dataset_path": "json",
            "dataset_name": None,
            "dataset_kwargs": {"data_files": {"train": os.path.join(data_folder, f"{subtask}.jsonl")}},
        }
        write_yaml(os.path.join(folder, f"{subtask}.yaml"), task)
    group = {
        "group": "blimp",
        "task": [f"blimp_{subtask}" for subtask in subtasks],
        "aggregate_metric_list": [{"metric": "acc", "aggregation": "mean", "weight_by_size": False}],
    }
    write_yaml(os.path.join(folder, "_blimp.yaml"), group)
    manager = TaskManager(include_path=folder, include_defaults=False)
    return {**manager.load(["blimp"]), "manager": manager}


def write_yaml(path, value):
    with open(path, "w", encoding="utf-8") as file:  # JSON is YAML
        json.dump(value, file)


def check_sentences(model, tokenizer, positions, loaded, rows):
    """Each sentence must fit into the model whole: the harness would cut it, and say so in a log only."""
    sentences = []
    for task in loaded["tasks"].values():
        for _, doc in task.doc_iterator(rank=0, limit=rows, world_size=1):
            sentences += [" " + doc["sentence_good"], " " + doc["sentence_bad"]]
    vocabulary = {token.strip() for token in map(plain, tokenizer.get_vocab()) if len(token) > 20}
    if any(sentence.strip() in vocabulary for sentence in sentences):
        raise BadModel("no_evaluation_text", "The tokenizer's vocabulary holds whole sentences of the evaluation. Train the tokenizer on the given texts only.")
    longest = max(len(ids) for ids in tokenizer(sentences, add_special_tokens=False)["input_ids"])
    if longest + 1 > positions:
        raise BadModel("config", f"The model takes {positions} tokens at most, a sentence of the evaluation has up to {longest + 1}. Give it more positions or a larger vocabulary.")


def plain(token):
    """A token as text, with the marks for spaces of the usual families undone."""
    return token.replace("Ġ", " ").replace("▁", " ")


def score(lm, loaded, rows, seed):
    """Runs the harness; returns its results and the requests it made, in its order."""
    lm.progress = Progress("scoring", 2 * rows_in(loaded, rows))
    results = lm_eval.simple_evaluate(
        model=lm,
        tasks=list(loaded["groups"].values()),
        task_manager=loaded["manager"],
        limit=rows,
        bootstrap_iters=0,
        log_samples=True,
        random_seed=seed,
        numpy_random_seed=seed,
        torch_random_seed=seed,
        fewshot_random_seed=seed,
    )
    check_counts(results, loaded, rows)
    return results


def rows_in(loaded, rows):
    return sum(min(rows, len(task.eval_docs)) for task in loaded["tasks"].values())


def check_counts(results, loaded, rows):
    for name, task in loaded["tasks"].items():
        expected = min(rows, len(task.eval_docs))
        found = (results["n-samples"][name]["effective"], len(results["samples"][name]))
        if found != (expected, expected):
            raise RuntimeError(f"{name}: the harness scored {found} rows of {expected}")


def untrained(lm, loaded):
    """Log-likelihoods of another model over the requests that were built for the first."""
    requests = [instance for task in loaded["tasks"].values() for instance in task.instances]
    lm.progress = Progress("scoring an untrained model", len(requests))
    values = lm.loglikelihood(requests, disable_tqdm=True)
    return {(i.task_name, i.doc_id, i.idx): value for i, (value, _) in zip(requests, values)}


def write_rows(path, results, loaded, floor):
    with open(path, "w", encoding="utf-8") as file:
        for name in loaded["tasks"]:
            for sample in sorted(results["samples"][name], key=lambda row: row["doc_id"]):
                good, bad = (float(response[0][0]) for response in sample["resps"])
                row = {
                    "subtask": name[len("blimp_") :],
                    "pair_id": str(sample["doc"]["pairID"]),
                    "is_same": sample["doc"]["sentence_good"] == sample["doc"]["sentence_bad"],
                    "good": finite(good),
                    "bad": finite(bad),
                    "harness_acc": float(sample["acc"]),
                    "untrained_good": None if floor is None else finite(floor[(name, sample["doc_id"], 0)]),
                    "untrained_bad": None if floor is None else finite(floor[(name, sample["doc_id"], 1)]),
                }
                file.write(json.dumps(row, allow_nan=False) + "\n")


def finite(value):
    return float(value) if math.isfinite(value) else None


def positions_of(lm):
    return int(lm.max_length)
