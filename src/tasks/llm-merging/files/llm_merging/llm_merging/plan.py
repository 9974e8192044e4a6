"""The plan of a merge: a JSON file, checked before anything is read or written."""
import json
import math
import os
from dataclasses import dataclass, field
from datetime import date

from llm_merging.errors import MergeError

DTYPES = ("float32", "float16", "bfloat16")
KEYS = {"method", "base", "sources", "dtype", "settings"}
SOURCE_KEYS = {"path", "weight", "published", "revision"}


@dataclass(frozen=True)
class Source:
    path: str
    weight: float
    published: str | None = None
    revision: str | None = None


@dataclass(frozen=True)
class Plan:
    method: str
    base: str
    sources: tuple[Source, ...]
    dtype: str = "float32"
    settings: dict = field(default_factory=dict)


def read_plan(path):
    """The plan in a file; its paths are taken relative to the file's folder."""
    try:
        with open(path, encoding="utf-8") as file:
            raw = json.load(file)
    except OSError as error:
        raise MergeError(f"The plan {path} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise MergeError(f"The plan {path} is not JSON: {error}.") from None
    return parse_plan(raw, os.path.dirname(os.path.abspath(path)))


def parse_plan(raw, folder):
    if not isinstance(raw, dict):
        raise MergeError("A plan is a JSON object with the keys method, base and sources.")
    refuse_unknown(raw, KEYS, "The plan")
    missing = [key for key in ("method", "base", "sources") if key not in raw]
    if missing:
        raise MergeError(f"The plan lacks {' and '.join(missing)}.")
    dtype = raw.get("dtype", "float32")
    if dtype not in DTYPES:
        raise MergeError(f"dtype is {dtype!r}; it is one of {', '.join(DTYPES)}.")
    if not isinstance(raw["sources"], list) or not raw["sources"]:
        raise MergeError("sources is a list of at least one source.")
    settings = raw.get("settings", {})
    if not isinstance(settings, dict):
        raise MergeError("settings is a JSON object.")
    return Plan(
        method=text_of(raw, "method", "The plan"),
        base=folder_of(raw["base"], "base", folder),
        sources=tuple(parse_source(source, number, folder) for number, source in enumerate(raw["sources"], 1)),
        dtype=dtype,
        settings=settings,
    )


def parse_source(raw, number, folder):
    where = f"Source {number}"
    path = folder_of(raw, where, folder)
    weight = raw.get("weight", 1.0)
    if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not math.isfinite(weight):
        raise MergeError(f"{where}: weight is {weight!r}; it is a finite number.")
    published = raw.get("published")
    if published is not None:
        try:
            date.fromisoformat(published)
        except (TypeError, ValueError):
            raise MergeError(f"{where}: published is {published!r}; it is a day such as 2024-01-31.") from None
    return Source(path=path, weight=float(weight), published=published, revision=raw.get("revision"))


def folder_of(raw, where, folder):
    if not isinstance(raw, dict):
        raise MergeError(f'{where} is an object such as {{"path": "folder"}}.')
    refuse_unknown(raw, SOURCE_KEYS, where)
    path = os.path.join(folder, text_of(raw, "path", where))
    if not os.path.isdir(path):
        raise MergeError(f"{where}: there is no folder {path}.")
    return path


def text_of(raw, key, where):
    value = raw.get(key)
    if not isinstance(value, str) or not value:
        raise MergeError(f"{where}: {key} is {value!r}; it is a text.")
    return value


def refuse_unknown(raw, known, where):
    unknown = sorted(set(raw) - known)
    if unknown:
        raise MergeError(f"{where} has unknown keys: {', '.join(unknown)}. It takes {', '.join(sorted(known))}.")
