"""The weighted average of full checkpoints of one architecture."""
from llm_merging.errors import MergeError
from llm_merging.method import Method


class WeightedAverage(Method):
    name = "weighted_average"

    def tensors(self):
        names = self.sources[0].names()
        for source in self.sources:
            self._check(source, names)
        for name in names:
            yield name, self._average(name)

    def _check(self, source, names):
        first = self.sources[0]
        if source.names() != names:
            odd = sorted(set(source.names()) ^ set(names))
            raise MergeError(f"{source.path} and {first.path} differ in their tensors, for instance in {odd[0]}. They must be of one architecture.")
        for name in names:
            if source.shape(name) != first.shape(name):
                raise MergeError(f"{name} has the shape {source.shape(name)} in {source.path} and {first.shape(name)} in {first.path}.")

    def _average(self, name):
        first = self.sources[0].tensor(name)
        if not first.is_floating_point():  # counters and masks are the same in all, and have no mean
            return first
        return sum(weight * source.tensor(name) for source, weight in self.weighted())
