"""Training for a number of steps, or for as many as there is time for where the machine is slow."""
import math
import time

import torch

WARM_UP = 0.04  # of the whole
LONGEST = 6  # times as long as the steps usually take
NOT_SCORED = -100  # a target that no loss is taken of
SHOW_EVERY_S = 10


def train(model, batches, seconds, steps, learning_rate, betas=(0.9, 0.98), weight_decay=0.1):
    """
    So many steps over `batches`, an endless iterator of (inputs, targets), both of batch × length, which usually take so many seconds: a faster machine is
    done sooner, and learns the small text no more by heart than a slow one. The learning rate follows how far it is, so it reaches its end on any machine.
    """
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, betas=betas, weight_decay=weight_decay)
    model.train()
    torch.set_num_threads(fastest_threads(model))
    start = shown = time.monotonic()
    smooth = None
    for step, (inputs, targets) in enumerate(batches):
        now = time.monotonic()
        part = part_done(now - start, step, seconds, steps)
        if part >= 1:
            return
        for group in optimizer.param_groups:
            group["lr"] = learning_rate * min(1, part / WARM_UP) * (0.02 + 0.49 * (1 + math.cos(math.pi * part)))
        loss = loss_of(model, inputs, targets)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        smooth = loss.item() if smooth is None else 0.98 * smooth + 0.02 * loss.item()
        if now - shown >= SHOW_EVERY_S:
            shown = now
            print(f"{now - start:4.0f} s, step {step}, {100 * part:.0f} %, loss {smooth:.3f}", flush=True)


def part_done(elapsed, step, seconds, steps):
    """By steps, unless they take longer than is reasonable."""
    return max(step / max(steps, 1), elapsed / max(LONGEST * seconds, 1e-9))


def loss_of(model, inputs, targets):
    logits = model(inputs, use_cache=False).logits
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=NOT_SCORED)


def fastest_threads(model):
    """All cores if they are free; one if others use them, since the slowest thread sets the pace."""
    times = {}
    sample = torch.zeros(32, 32, dtype=torch.long)
    for threads in sorted({1, torch.get_num_threads()}):
        torch.set_num_threads(threads)
        start = time.monotonic()
        for _ in range(8):
            loss_of(model, sample, sample).backward()
        times[threads] = time.monotonic() - start
    model.zero_grad()
    return min(times, key=times.get)


def padded(rows):
    """(inputs, targets) of rows of token numbers, each target the token after its input; a row is a list, or (list, tokens at its beginning that are only given)."""
    rows = [row if isinstance(row, tuple) else (row, 1) for row in rows]
    length = max(len(ids) for ids, _ in rows)
    inputs = torch.zeros(len(rows), length, dtype=torch.long)
    targets = torch.full((len(rows), length), NOT_SCORED)
    for at, (ids, given) in enumerate(rows):
        inputs[at, : len(ids)] = torch.tensor(ids)
        targets[at, given : len(ids)] = torch.tensor(ids[given:])
    return inputs[:, :-1], targets[:, 1:]
