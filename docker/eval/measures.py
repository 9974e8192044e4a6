"""What a submission costs: memory of loading and generating, speed of generation; and perplexity on a text."""
import math
import resource
import sys
import time

import torch
import transformers

PROMPT = " The old man went to the house"
NEW_TOKENS = 32
MAX_RUNS = 3
MAX_SECONDS = 20


def resident_bytes(field):
    """`VmRSS` now, `VmHWM` at most so far. getrusage would count what the parent held before this program began."""
    try:
        with open("/proc/self/status", encoding="utf-8") as status:
            for line in status:
                if line.startswith(field + ":"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def start_measuring(device):
    """What is held already, in bytes; from now on the peak counts."""
    if device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats()
        return torch.cuda.memory_allocated()
    try:
        with open("/proc/self/clear_refs", "w", encoding="utf-8") as reset:
            reset.write("5")  # the kernel's mark of the highest so far: importing the libraries took more than they hold
    except OSError:
        pass
    return resident_bytes("VmRSS")


def peak_bytes(device):
    if device.startswith("cuda"):
        return torch.cuda.max_memory_allocated()
    return resident_bytes("VmHWM")


@torch.no_grad()
def generation_speed(model, tokenizer, positions):
    """Seconds of each greedy generation of so many new tokens, after one that warms up. New tokens only are counted."""
    ids = tokenizer.encode(PROMPT, add_special_tokens=False)
    new_tokens = max(1, min(NEW_TOKENS, positions - len(ids) - 1))
    inputs = torch.tensor([ids], device=model.device)
    generate(model, inputs, 2)
    seconds = []
    while len(seconds) < MAX_RUNS and sum(seconds) < MAX_SECONDS:
        start = time.perf_counter()
        generate(model, inputs, new_tokens)
        seconds.append(time.perf_counter() - start)
    return {"new_tokens": new_tokens, "seconds": seconds}


def generate(model, inputs, new_tokens):
    """Every value of the generation is ours; what the submission says about it is not read."""
    start = model.config.to_dict().get("decoder_start_token_id")
    config = transformers.GenerationConfig(
        max_new_tokens=new_tokens,
        min_new_tokens=new_tokens,
        do_sample=False,
        num_beams=1,
        use_cache=True,
        pad_token_id=0,
        decoder_start_token_id=0 if start is None else start,
    )
    model.generation_config = config
    model.generate(inputs, attention_mask=torch.ones_like(inputs), generation_config=config)
    if model.device.type == "cuda":
        torch.cuda.synchronize()


@torch.no_grad()
def perplexity(model, tokenizer, text, positions, on_tokens):
    """
    Per word (split at white space) and per token. Each token is predicted exactly once, from those before it in its window; the first of all
    only if the tokenizer has a BOS token to precede it.
    """
    ids = tokenizer.encode(text, add_special_tokens=False)
    if tokenizer.bos_token_id is not None:
        ids = [tokenizer.bos_token_id, *ids]
    window = min(positions, 1024)
    nats, tokens = 0.0, 0
    for start in range(0, len(ids) - 1, window):
        piece = torch.tensor([ids[start : start + window + 1]], device=model.device)
        scores = model(piece[:, :-1]).logits.float()
        nats += torch.nn.functional.cross_entropy(scores[0], piece[0, 1:], reduction="sum").item()
        tokens += piece.shape[1] - 1
        on_tokens(piece.shape[1] - 1)
    words = len(text.split())
    result = {"nats": nats, "tokens": tokens, "words": words}
    return result if math.isfinite(nats) else {**result, "nats": None}
