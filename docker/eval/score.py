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
    limit_resources(request["memory_bytes"], request["file_bytes"])
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
    import blimp  # noqa: F401

    send("libraries", versions=versions(), device=device)
    return device


def versions():
    import platform
    from importlib.metadata import version

    names = ("torch", "transformers", "tokenizers", "datasets", "numpy")
    return {"harness": version("lm_eval"), "libraries": {"python": platform.python_version(), **{name: version(name) for name in names}}}


def score(request, device):
    import blimp
    import loading
    import measures

    architecture, seed = request["architecture"], request["seed"]
    loaded = blimp.load_tasks(request["blimp_folder"], request["scratch"])
    before = measures.resident_bytes("VmRSS")

    Progress("loading the model", 1)
    folder = sanitise(request["model_folder"], os.path.join(request["scratch"], "model"))
    with stage("tokenizer", "The tokenizer does not load or fails on plain sentences. Check that AutoTokenizer.from_pretrained(folder) works on it."):
        tokenizer = loading.load_tokenizer(folder)
    with stage("loads", "The model does not load. Check that from_pretrained(folder) works on it in a fresh process."):
        model = loading.load_model(folder, architecture, device)
        loading.check_vocabulary(tokenizer, model)
    with stage("loads", "The model loads but fails on a plain sentence. Try it in a fresh process: load it, and run it on a few tokens."):
        loading.check_forward(model, tokenizer, architecture)
        lm = blimp.harness_model(model, tokenizer, architecture, request["batch_size"])
        positions = blimp.positions_of(lm)
        blimp.check_sentences(model, tokenizer, positions, loaded, request["rows"])

    Progress("measuring speed and memory", 1)
    send("generation", **generation(measures, model, tokenizer, positions))
    send("memory", peak_bytes=measures.peak_bytes(device), before_bytes=before, kind="gpu" if device.startswith("cuda") else "resident")

    started = time.monotonic()
    with stage("loads", "The model fails while the evaluation's sentences are scored. Try it on more and longer sentences in a fresh process."):
        results = blimp.score(lm, loaded, request["rows"], seed)
    seconds = time.monotonic() - started
    send("perplexity", **text_perplexity(measures, request, model, tokenizer, positions))

    fresh = loading.untrained_like(model, architecture, seed)
    del lm, model
    with stage("loads", "A fresh model of the same config.json fails where the submission did not. Save config.json again with save_pretrained(folder)."):
        floor = blimp.untrained(blimp.harness_model(fresh, tokenizer, architecture, request["batch_size"]), loaded)
    blimp.write_rows(request["rows_path"], results, loaded, floor)
    send("result", harness_acc=results["groups"]["blimp"]["acc,none"], seconds=seconds)


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


class stage:
    """Whatever goes wrong in here is the submission's fault, unless the disk is full. The tokenizer library panics with a BaseException."""

    def __init__(self, rule, message):
        self.rule, self.message = rule, message

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if error is None or isinstance(error, (BadModel, KeyboardInterrupt, SystemExit)) or is_full_disk(error):
            return False
        traceback.print_exception(kind, error, trace)
        if is_out_of_memory(error):
            raise BadModel("resources", OUT_OF_MEMORY) from None
        raise BadModel(self.rule, self.message) from None


OUT_OF_MEMORY = "Loading or scoring the model needs more memory than scoring allows. Hand in a smaller model."


def is_full_disk(error):
    return isinstance(error, OSError) and error.errno in (28, 122)


def is_out_of_memory(error):
    import torch

    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, (RuntimeError, OSError)) and ("alloc" in str(error) or getattr(error, "errno", None) == 12)


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # the libraries' threads need not be waited for
