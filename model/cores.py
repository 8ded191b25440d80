"""How much of the machine this process may use."""

import math
import os
from pathlib import Path

_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def usable_cores() -> int:
    """Return the cores that this process may run on, no more than a container's quota grants."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(min(count or 1, _quota()), 1)


def _quota() -> int:
    """Return how many cores' time a control group (version 2) grants, rounded up."""
    try:
        time_us, period_us = _QUOTA.read_text().split()
        return math.ceil(int(time_us) / int(period_us))
    except (OSError, ValueError):  # there is none, or it is "max"
        return os.cpu_count() or 1
