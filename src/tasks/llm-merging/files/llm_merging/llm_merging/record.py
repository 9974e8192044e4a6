"""The record of merges: one JSON line each, beside the package."""
import inspect
import json
import os
from hashlib import sha256

from llm_merging import __version__
from llm_merging.checkpoint import digest_of

RECORD = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "merges.jsonl")


def write_record(plan, method, out, weights_digest, seconds, path=None):
    """Appends what was merged from what, and how; returns it."""
    record = {
        "version": 1,
        "package": __version__,
        "method": {"name": method.name, "file": source_file(method), "sha256": source_digest(method)},
        "base": {"path": plan.base, "digest": digest_of(plan.base, method.base.files)},
        "sources": [
            {"path": source.path, "weight": source.weight, "published": source.published, "revision": source.revision, "digest": digest_of(opened.path, opened.files)}
            for source, opened in zip(plan.sources, method.sources)
        ],
        "dtype": plan.dtype,
        "settings": plan.settings,
        "out": os.path.abspath(out),
        "weights_digest": weights_digest,
        "seconds": round(seconds, 3),
    }
    with open(path or RECORD, "a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")
    return record


def source_file(method):
    return os.path.basename(inspect.getfile(type(method)))


def source_digest(method):
    with open(inspect.getfile(type(method)), "rb") as file:
        return sha256(file.read()).hexdigest()
