"""
Measures a model folder as scoring does beside the score:

    python measure.py FOLDER [--text FILE] [--device cuda:0]

prints one line of JSON: parameters and bytes on disk, memory of loading and generating above what the libraries hold, speed of greedy
generation; with --text also the bits per byte of a text. The model is loaded in float32, whatever its weights are stored as.
"""
import argparse
import json
import math
import os
import time

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as in scoring: on a busy machine, threads that spin while they wait cost a tenfold

import torch  # noqa: E402
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer, GenerationConfig  # noqa: E402

PROMPT = " The old man went to the house"
NEW_TOKENS = 32
RUNS = 3
CHUNK_BYTES = 1000


def main():
    parser = argparse.ArgumentParser(description="Measures a model folder as scoring does beside the score.")
    parser.add_argument("folder")
    parser.add_argument("--text", metavar="FILE", help="a text in UTF-8, for bits per byte")
    parser.add_argument("--device", default="cuda:0" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    before = start_measuring(options.device)
    tokenizer = AutoTokenizer.from_pretrained(options.folder, local_files_only=True)
    model = load(options.folder, options.device)
    result = {
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "bytes_on_disk": sum(entry.stat().st_size for entry in os.scandir(options.folder)),
        **speed(model, tokenizer),
        "memory_bytes": peak_bytes(options.device) - before,
    }
    if options.text is not None:
        result["bits_per_byte"] = bits_per_byte(model, tokenizer, options.text)
    print(json.dumps(result))


def load(folder, device):
    is_seq2seq = AutoConfig.from_pretrained(folder, local_files_only=True).is_encoder_decoder
    loader = AutoModelForSeq2SeqLM if is_seq2seq else AutoModelForCausalLM
    model = loader.from_pretrained(folder, local_files_only=True, dtype=torch.float32)
    return model.to(device).eval()


def start_measuring(device):
    """What is held already; from now on the peak counts."""
    if device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats()
        return torch.cuda.memory_allocated()
    try:
        with open("/proc/self/clear_refs", "w", encoding="utf-8") as reset:
            reset.write("5")
    except OSError:
        pass
    return resident_bytes("VmRSS")


def peak_bytes(device):
    return torch.cuda.max_memory_allocated() if device.startswith("cuda") else resident_bytes("VmHWM")


def resident_bytes(field):
    with open("/proc/self/status", encoding="utf-8") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(field + ":"))


def speed(model, tokenizer):
    """New tokens only are counted, one sequence at a time, after a generation that warms up."""
    inputs = torch.tensor([tokenizer.encode(PROMPT, add_special_tokens=False)], device=model.device)
    new_tokens = max(1, min(NEW_TOKENS, positions(model, tokenizer) - inputs.shape[1] - 1))
    generate(model, inputs, 2)
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        generate(model, inputs, new_tokens)
        seconds.append(time.perf_counter() - start)
    mean = sum(seconds) / RUNS
    return {"ms_per_new_token": 1000 * mean / new_tokens, "new_tokens_per_second": new_tokens / mean}


@torch.no_grad()
def generate(model, inputs, new_tokens):
    start = getattr(model.config, "decoder_start_token_id", None)
    config = GenerationConfig(
        max_new_tokens=new_tokens, min_new_tokens=new_tokens, do_sample=False, num_beams=1, use_cache=True,
        pad_token_id=0, decoder_start_token_id=0 if start is None else start,
    )
    model.generation_config = config
    model.generate(inputs, attention_mask=torch.ones_like(inputs), generation_config=config)
    if model.device.type == "cuda":
        torch.cuda.synchronize()


def positions(model, tokenizer):
    from lm_eval.models.utils import resolve_max_length

    return resolve_max_length(model.config, tokenizer, default=2048)


@torch.no_grad()
def bits_per_byte(model, tokenizer, path):
    """Pieces of whole lines, each by itself, in windows as long as the model takes; every token is predicted once."""
    from lm_eval import utils

    if model.config.is_encoder_decoder:
        raise SystemExit("Bits per byte are measured here for causal models only.")
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    prefix = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
    length, nats = positions(model, tokenizer), 0.0
    for piece in pieces(text):
        ids = tokenizer.encode(piece, add_special_tokens=False)
        for window in utils.get_rolling_token_windows(ids, prefix, length, context_len=1):
            context, predicted = utils.make_disjoint_window(window)
            tokens = torch.tensor([[*context, *predicted]], device=model.device)
            scores = model(tokens[:, :-1]).logits[0, -len(predicted) :].float()
            nats += torch.nn.functional.cross_entropy(scores, tokens[0, -len(predicted) :], reduction="sum").item()
    return nats / math.log(2) / len(text.encode("utf-8"))


def pieces(text):
    lines, size = [], 0
    for line in text.splitlines(keepends=True):
        lines.append(line)
        size += len(line.encode("utf-8"))
        if size >= CHUNK_BYTES:
            yield "".join(lines)
            lines, size = [], 0
    if lines:
        yield "".join(lines)


if __name__ == "__main__":
    main()
