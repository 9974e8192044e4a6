"""A text as one long row of tokens, cut into windows that begin as they do when they are scored: after the token that begins a text."""
import os

import torch
from timed_training import loss_of


def read_tokens(data, name, tokenizer):
    with open(os.path.join(data, name), encoding="utf-8", newline="") as file:
        return torch.tensor(tokenizer(file.read(), add_special_tokens=False, verbose=False)["input_ids"])


def random_windows(tokens, model, seed, size=16):
    """Endless batches of windows from anywhere in the text, as long as the model takes."""
    generator = torch.Generator().manual_seed(seed)
    length = model.config.n_positions
    while True:
        starts = torch.randint(len(tokens) - length + 1, (size,), generator=generator)
        yield begun(torch.stack([tokens[at : at + length] for at in starts]), model)


def begun(windows, model):
    """(inputs, targets): each token of the windows is predicted from the token that begins a text and those before it."""
    first = torch.full((len(windows), 1), model.config.bos_token_id)
    return torch.cat([first, windows[:, :-1]], dim=1), windows


@torch.inference_mode()
def text_loss(model, tokens, windows=32):
    """Nats a token, over windows spread evenly over the text."""
    length = model.config.n_positions
    model.eval()
    whole = tokens[: len(tokens) // length * length].view(-1, length)
    chosen = whole[torch.linspace(0, len(whole) - 1, min(windows, len(whole))).long()]
    return loss_of(model, *begun(chosen, model)).item()
