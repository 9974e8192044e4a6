"""Merges by the package that lies in the workspace."""
import json
import os
import subprocess
import sys

PACKAGE = "llm_merging"
BASE, SHAKESPEARE, WIKITEXT = MODELS = ("mini_base", "mini_expert_shakespeare", "mini_expert_wikitext")


def merge(data, weights, out):
    """The weighted average of the models named in `weights`, by the package, which keeps a record of it."""
    folders = {name: os.path.abspath(os.path.join(data, name)) for name in MODELS}
    plan = {
        "method": "weighted_average",
        "base": {"path": folders[BASE]},
        "sources": [{"path": folders[name], "weight": weight} for name, weight in weights.items()],
    }
    with open("plan.json", "w", encoding="utf-8") as file:
        json.dump(plan, file, indent=2)
    command = [sys.executable, "-m", PACKAGE, "merge", "--plan", os.path.abspath("plan.json"), "--out", os.path.abspath(out)]
    subprocess.run(command, cwd=PACKAGE, check=True)
