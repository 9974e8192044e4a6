"""Ends a scorer whose model takes more memory than its task allows, as soon as it does."""
import os
import threading

from channel import send

SECONDS_BETWEEN_LOOKS = 0.02


class MemoryWatch:
    """Looks at the kernel's own mark of the highest so far, so that nothing between two looks is missed."""

    def __init__(self, limit, needed):
        self.limit, self.needed = limit, needed
        self._over = threading.Event()

    def start(self):
        if self.limit is not None:
            threading.Thread(target=self._look, daemon=True).start()

    def stop(self):
        self._over.set()

    def _look(self):
        while not self._over.wait(SECONDS_BETWEEN_LOOKS):
            needed = self.needed()
            if needed > self.limit:
                send(
                    "finding",
                    rule="peak_memory",
                    message=f"Loading the model and generating took over {megabytes(self.limit)} of memory, which is what the task allows, and was stopped at {megabytes(needed)}. Hand in a model that needs less.",
                )
                os._exit(0)


def megabytes(count):
    return f"{count / 1e6:,.0f} MB"
