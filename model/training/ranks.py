"""The processes of one run, as torchrun starts them; a single one without it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch
from torch import distributed

from model.loading import choose_device
from model.training.feed import Share

_PATIENCE = timedelta(hours=4)
"""The other processes wait while the first one evaluates."""


def choose_place(name: str) -> torch.device:
    """The device called `name`; of several GPUs the one that is this process's.

    Raises:
        UsageError: `no_such_device`.
    """
    chosen = choose_device(name)
    if chosen == "cuda" and "LOCAL_RANK" in os.environ:
        return torch.device("cuda", int(os.environ["LOCAL_RANK"]))
    return torch.device(chosen)


@contextmanager
def join_ranks(device: torch.device) -> Iterator[Share]:
    """Meet the other processes of this run, and part from them at the end."""
    if "WORLD_SIZE" not in os.environ:
        yield Share()
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    backend = "nccl" if device.type == "cuda" else "gloo"
    distributed.init_process_group(backend, timeout=_PATIENCE)
    try:
        yield Share(distributed.get_rank(), distributed.get_world_size())
        distributed.barrier()  # a process that left before the other was aborted at times
    finally:
        distributed.destroy_process_group()
