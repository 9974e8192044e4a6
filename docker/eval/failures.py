"""Whose fault an error is."""
import traceback

import torch
from channel import BadModel

OUT_OF_MEMORY = "Loading or scoring the model needs more memory than scoring allows. Hand in a smaller model."


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


def is_full_disk(error):
    return isinstance(error, OSError) and error.errno in (28, 122)


def is_out_of_memory(error):
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, (RuntimeError, OSError)) and ("alloc" in str(error) or getattr(error, "errno", None) == 12)
