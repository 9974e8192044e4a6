"""Weights that are quantised, and written as floating-point numbers again."""
import torch

LEVELS = 16


@torch.no_grad()
def round_to_few_values(model):
    """Each matrix to so many values, evenly spread over its range."""
    for parameter in model.parameters():
        if parameter.ndim > 1:
            step = 2 * parameter.abs().max() / (LEVELS - 1)
            parameter.copy_((parameter / step).round() * step)
