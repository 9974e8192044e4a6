"""What this process may use, and when it ends. Set before the large libraries are loaded."""
import os
import resource
import sys
import threading


def end_with_parent():
    """Standard input stays open as long as the parent lives; a scorer without a parent would run on unseen."""

    def watch():
        while os.read(0, 1 << 16):
            pass
        os._exit(70)

    threading.Thread(target=watch, daemon=True).start()


def limit_resources(memory_bytes, file_bytes, device):
    lower(resource.RLIMIT_CORE, 0)
    lower(resource.RLIMIT_FSIZE, file_bytes)
    if memory_bytes is not None:
        # CUDA reserves addresses for all that host and GPU have, hundreds of GB, and uses few of them: with a limit on addresses there is no GPU.
        lower(resource.RLIMIT_DATA if may_be_gpu(device) else resource.RLIMIT_AS, memory_bytes)
    try:
        os.nice(5)
    except OSError:
        pass


def may_be_gpu(device):
    """Before the libraries are loaded, which know it for sure."""
    return device.startswith("cuda") or device == "auto" and os.path.exists("/dev/nvidiactl")


def lower(kind, value):
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    try:
        resource.setrlimit(kind, (value, value))
    except (ValueError, OSError):
        print(f"the limit {kind} cannot be set on this system", file=sys.stderr)


def refuse_network():
    """A second line of defence: nothing in scoring connects to anything."""

    def hook(event, args):
        if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo"):
            raise PermissionError("scoring has no network")

    sys.addaudithook(hook)
