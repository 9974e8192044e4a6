"""The harness by itself, with its own `hf` model class, over local files: task files as its documentation describes them, and nothing of ours."""
import json
import os
import sys


def task_files(folder, data, suites):
    """Writes one task file a subtask into `folder`; what the harness is asked for, by suite: its groups, whose tasks are then those."""
    import lm_eval

    origin = os.path.join(os.path.dirname(lm_eval.__file__), "tasks")
    names = {}
    for suite in suites:
        place = os.path.join(data, suite)
        if suite == "blimp":
            found = [(name[:-6], f"blimp/{name[:-6]}.yaml", f"blimp_{name[:-6]}", {"train": name}) for name in sorted(os.listdir(place))]
        elif suite == "mmlu":
            subjects = sorted(name for name in os.listdir(place) if os.path.isdir(os.path.join(place, name)))
            found = [(name, f"mmlu/default/mmlu_{name}.yaml", f"mmlu_{name}", {"test": f"{name}/test.jsonl"}) for name in subjects]
        else:
            parts = ("boolq", "cb", "copa", "multirc", "record", "rte", "wic", "wsc")
            found = [(name, f"super_glue/{name}/default.yaml", "sglue_rte" if name == "rte" else name, {"validation": f"{name}/validation.jsonl"}) for name in parts]
        for name, include, task, splits in found:
            files = {split: os.path.join(place, path) for split, path in splits.items()}
            content = {"include": os.path.join(origin, include), "task": task, "dataset_path": "json", "dataset_name": None, "dataset_kwargs": {"data_files": files}}
            content |= {"training_split": None, "fewshot_split": None}  # without examples, and so without the sets that they come from
            os.makedirs(folder, exist_ok=True)
            with open(os.path.join(folder, f"{task}.yaml"), "w", encoding="utf-8") as file:
                json.dump(content, file)
        names[suite] = [task for _, _, task, _ in found] if suite == "super_glue" else [suite]
    return names


def evaluate(model, names, folder, rows):
    """What `lm-eval run --model hf --model_args pretrained=…,dtype=float32` computes on the first rows of each task."""
    import lm_eval
    from lm_eval.tasks import TaskManager

    return lm_eval.simple_evaluate(
        model="hf",
        model_args={"pretrained": model, "dtype": "float32", "trust_remote_code": False},
        tasks=names,
        task_manager=TaskManager(include_path=folder),
        device="cpu",
        batch_size=16,
        limit=rows,
        bootstrap_iters=0,
        log_samples=True,
    )


if __name__ == "__main__":
    print(json.dumps(task_files(sys.argv[1], sys.argv[2], sys.argv[3:])))
