"""The weighted average of LoRA adapters, added to their base."""
from llm_merging.errors import MergeError
from llm_merging.method import Method


class AdapterAverage(Method):
    """Averages what the adapters add, not their factors, so their ranks may differ."""

    name = "adapter_average"
    takes_adapters = True

    def tensors(self):
        targets = [(adapter, weight, {self._in_base(target, adapter): target for target in adapter.targets()}) for adapter, weight in self.weighted()]
        for name in self.base.names():
            tensor = self.base.tensor(name)
            for adapter, weight, names in targets:
                if name in names:
                    tensor = tensor + weight * self._delta(adapter, names[name], tensor)
            yield name, tensor

    def _in_base(self, target, adapter):
        """The base's name for an adapter's target: a checkpoint may be saved with or without the name of the model inside it."""
        candidates = [target, *(name for name in self.base.names() if name.endswith(f".{target}") or target.endswith(f".{name}"))]
        for candidate in candidates:
            if candidate in self.base:
                return candidate
        raise MergeError(f"{adapter.path} changes {target}, which the base {self.base.path} does not have.")

    def _delta(self, adapter, target, tensor):
        delta = adapter.delta(target)
        if delta.shape != tensor.shape:
            raise MergeError(f"{adapter.path}: what it adds to {target} has the shape {tuple(delta.shape)}, the base's tensor {tuple(tensor.shape)}.")
        return delta
