"""
Scores one submission. Started by the program, not by hand: standard input gives one line of JSON that says what to do and then stays open for
as long as the parent lives; file descriptor 3 takes JSON lines; standard error takes the log.

A fault of the submission ends as a finding with one sentence of ours. A fault of ours ends the process with another exit code than 0.
"""
import json
import os
import sys
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from channel import BadModel, Progress, send  # noqa: E402
from limits import end_with_parent, limit_resources, refuse_network  # noqa: E402
from sanitise import sanitise  # noqa: E402


def main():
    request = json.loads(read_line())
    limit_resources(request["memory_bytes"], request["file_bytes"], request["device"])
    refuse_network()
    end_with_parent()
    Progress("starting", 1)
    device = start_libraries(request)
    try:
        score(request, device)
    except BadModel as bad:
        traceback.print_exc()
        send("finding", rule=bad.rule, message=bad.message)


def read_line():
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            raise SystemExit("no request on standard input")
        line += byte
    return line


def start_libraries(request):
    """The device in use. Loaded only now, under the limits."""
    import torch
    import transformers

    transformers.utils.logging.disable_progress_bar()
    wanted = request["device"]
    device = ("cuda:0" if torch.cuda.is_available() else "cpu") if wanted == "auto" else wanted
    if device.startswith("cuda") and not torch.cuda.is_available():
        send("fault", message=f'The setting evaluation.device is "{device}", but there is no such GPU here. Set it to auto or cpu.')
        raise SystemExit(71)
    import harness  # noqa: F401

    send("libraries", versions=versions(), device=device)
    return device


def versions():
    import platform
    from importlib.metadata import version

    names = ("torch", "transformers", "tokenizers", "datasets", "numpy")
    return {"harness": version("lm_eval"), "libraries": {"python": platform.python_version(), **{name: version(name) for name in names}}}


def score(request, device):
    import loading
    import measures
    from failures import stage
    from loglikelihood import make_engine
    from memory_watch import MemoryWatch
    from row_files import RowFiles

    architecture, seed = request["architecture"], request["seed"]
    suites, files = [make_suite(suite, request["scratch"]) for suite in request["suites"]], RowFiles(request["rows_folder"])
    before = measures.start_measuring(device)
    watch = MemoryWatch(request.get("peak_memory_bytes"), lambda: measures.peak_bytes(device) - before)
    watch.start()

    Progress("loading the model", 1)
    folder = sanitise(request["model_folder"], os.path.join(request["scratch"], "model"))
    with stage("tokenizer", "The tokenizer does not load or fails on plain sentences. Check that AutoTokenizer.from_pretrained(folder) works on it."):
        tokenizer = loading.load_tokenizer(folder)
    with stage("loads", "The model does not load. Check that from_pretrained(folder) works on it in a fresh process."):
        model = loading.load_model(folder, architecture, device)
        loading.check_vocabulary(tokenizer, model)
    with stage("loads", "The model loads but fails on a plain sentence. Try it in a fresh process: load it, and run it on a few tokens."):
        loading.check_forward(model, tokenizer, architecture)
        engine = make_engine(model, tokenizer, architecture)
    for suite in suites:
        suite.check(engine)

    Progress("measuring speed and memory", 1)
    send("generation", **generation(measures, model, tokenizer, engine.max_length))
    watch.stop()
    send("memory", peak_bytes=measures.peak_bytes(device), before_bytes=before, kind="gpu" if device.startswith("cuda") else "resident")

    started = time.monotonic()
    for suite in suites:
        score_suite(suite, engine, files)
    seconds = time.monotonic() - started
    with engine.acting():
        perplexity = text_perplexity(measures, request, model, tokenizer, engine.max_length)
    send("perplexity", **perplexity)
    for suite in suites:
        if suite.name == "formalisation":
            send("formalisation", results=suite.summary([row for part in suite.parts for row in files.read(suite.name, part)]))

    largest_batch, with_floor = engine.largest_batch, [suite for suite in suites if hasattr(suite, "add_floor")]
    fresh = loading.untrained_like(model, architecture, seed)
    del engine, model
    with stage("loads", FRESH_FAILS):
        engine = make_engine(fresh, tokenizer, architecture, blame=FRESH_FAILS)
    for suite in with_floor:
        add_floors(suite, engine, files)
    send("result", seconds=seconds, largest_batch=max(1, largest_batch))


FRESH_FAILS = "A fresh model of the same config.json fails where the submission did not. Save config.json again with save_pretrained(folder)."


def make_suite(request, scratch):
    """What is asked of one suite, over its local files."""
    from choices import ChoiceSuite

    if request["suite"] == "bits_per_byte":
        from texts import TextSuite

        return TextSuite(request, scratch)
    if request["suite"] == "formalisation":
        from formalisation import FormalisationSuite

        return FormalisationSuite(request, scratch)
    return ChoiceSuite(request, scratch)


def score_suite(suite, engine, files):
    """Scores the subtasks that no earlier evaluation of the same weights has finished."""
    progress = Progress(suite.step.format(suite.name), sum(map(suite.items, suite.parts)))
    for part in suite.parts:
        rows = files.read(suite.name, part)
        if rows is not None and len(rows) == suite.items(part):
            progress.advance(len(rows))
        else:
            files.write(suite.name, part, suite.score(part, engine, progress.advance))


def add_floors(suite, engine, files):
    progress = Progress(f"scoring an untrained model: {suite.name}", sum(map(suite.items, suite.parts)))
    for part in suite.parts:
        rows = files.read(suite.name, part)
        if rows and all(row["untrained"] is not None for row in rows):
            progress.advance(len(rows))
        else:
            files.write(suite.name, part, suite.add_floor(part, rows, engine, progress.advance))


def generation(measures, model, tokenizer, positions):
    try:
        return {"speed": measures.generation_speed(model, tokenizer, positions)}
    except Exception:
        traceback.print_exc()
        return {"speed": None}


def text_perplexity(measures, request, model, tokenizer, positions):
    if request["text_path"] is None:
        return {"measured": None, "reason": "The test text of WikiText-2 is not among the evaluation data on this host."}
    if request["architecture"] != "causal":
        return {"measured": None, "reason": "The perplexity of a running text is defined for causal models only."}
    with open(request["text_path"], encoding="utf-8") as file:
        text = file.read()
    progress = Progress("measuring perplexity", len(text.split()))
    measured = measures.perplexity(model, tokenizer, text, positions, progress.advance)
    return {"measured": measured, "reason": None}


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # the libraries' threads need not be waited for
