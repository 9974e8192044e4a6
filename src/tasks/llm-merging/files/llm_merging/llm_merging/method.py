"""What every merging method is derived from."""
from abc import ABC, abstractmethod

from llm_merging.checkpoint import Adapter, Checkpoint, is_adapter
from llm_merging.errors import MergeError


class Method(ABC):
    """
    A way to make one model of several. A subclass sets `name` and writes `tensors`; which kind of sources it takes it says by
    `takes_adapters`. Reading, storing and the record are done around it.
    """

    name: str
    takes_adapters = False

    def __init__(self, plan):
        self.plan = plan
        self.base = Checkpoint(plan.base)
        self.sources = [self._open(source) for source in plan.sources]

    @abstractmethod
    def tensors(self):
        """Yields (name, tensor in float32) for every tensor of the merged model, one at a time."""

    def weighted(self):
        """The opened sources, each with its weight."""
        return list(zip(self.sources, (source.weight for source in self.plan.sources)))

    def setting(self, key, default):
        """A value from the plan's `settings`."""
        return self.plan.settings.get(key, default)

    def _open(self, source):
        if is_adapter(source.path) != self.takes_adapters:
            wanted = "LoRA adapters" if self.takes_adapters else "full checkpoints"
            raise MergeError(f"{self.name} merges {wanted}, and {source.path} is not one.")
        return Adapter(source.path) if self.takes_adapters else Checkpoint(source.path)
