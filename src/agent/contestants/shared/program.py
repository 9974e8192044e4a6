"""What every program here begins and ends with. Import it first: it sets how threads wait before torch is loaded."""
import argparse
import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # where others use the cores too, waiting threads must not spin

import torch  # noqa: E402
import transformers  # noqa: E402

transformers.utils.logging.disable_progress_bar()


def arguments(seconds=0.0, steps=0):
    """`--data DIR --out DIR`, for training also `--steps N`, `--seconds S` that they usually take, and `--seed N`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--seconds", type=float, default=seconds)
    parser.add_argument("--steps", type=int, default=steps)
    parser.add_argument("--seed", type=int, default=1234)
    return parser.parse_args()


def load(folder):
    """(model in float32, tokenizer)"""
    return transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32), transformers.AutoTokenizer.from_pretrained(folder)


def save(model, tokenizer, out, dtype=torch.float32):
    model.to(dtype).save_pretrained(out)
    tokenizer.save_pretrained(out)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    print(f"saved a model of {parameters:,} parameters", flush=True)
