"""Finds merging methods: the files of this folder, and what installed packages offer by the entry point group `llm_merging.methods`."""
import importlib
import inspect
import pkgutil
from importlib.metadata import entry_points

from llm_merging.errors import MergeError
from llm_merging.method import Method

GROUP = "llm_merging.methods"


def find_methods():
    """Classes by name; a file of this folder comes before an installed package."""
    found = {entry.name: entry for entry in entry_points(group=GROUP)}
    for module in pkgutil.iter_modules(__path__):
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        for _, kind in inspect.getmembers(loaded, inspect.isclass):
            if issubclass(kind, Method) and kind is not Method and kind.__module__ == loaded.__name__:
                found[kind.name] = kind
    return found


def find_method(name):
    found = find_methods()
    if name not in found:
        raise MergeError(f"There is no merging method {name!r}. There are: {', '.join(sorted(found))}.")
    kind = found[name]
    return kind if inspect.isclass(kind) else kind.load()
