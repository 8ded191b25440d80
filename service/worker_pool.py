"""One worker process for each GPU that is visible, or one on the CPU."""

import subprocess
import sys
from pathlib import Path

from service.settings import Settings
from service.supervisor import (
    Child,
    Supervisor,
    follow_supervisor,
    settings_env,
    stop_on_signals,
)

_COUNT = "import torch; print(torch.cuda.device_count())"
_GPUS = Path("/proc/driver/nvidia/gpus")
_LEAVE_S = 5  # beyond the drain, for a process to end


def run_workers(settings: Settings) -> int:
    """Keep a worker running on every device until told to stop; return the exit status."""
    stop = stop_on_signals()
    follow_supervisor()
    return Supervisor(worker_children(settings), settings.drain_s + _LEAVE_S).run(stop)


def worker_children(settings: Settings) -> list[Child]:
    """Return the processes that serve the model in force, one a device."""
    children = []
    for number, device in enumerate(devices(settings.device)):
        port = settings.worker_port and settings.worker_port + number
        env = settings_env(settings, device=device, worker_port=port)
        name = f"worker-{number}"
        children.append(Child(name, (sys.executable, "-m", "service.worker"), env))
    return children


def devices(wanted: str) -> list[str]:
    """Return the devices to use: all GPUs for `auto` and `cuda`, else the one that is named."""
    if wanted not in {"auto", "cuda"}:
        return [wanted]
    return [f"cuda:{number}" for number in range(_count_gpus())] or [
        "cpu" if wanted == "auto" else wanted
    ]


def _count_gpus() -> int:
    """Ask torch, which knows what is visible, in another process: it takes long and much memory."""
    if not _GPUS.is_dir():
        return 0
    done = subprocess.run(  # noqa: S603  our own
        [sys.executable, "-c", _COUNT], capture_output=True, text=True, check=True
    )
    return int(done.stdout)
