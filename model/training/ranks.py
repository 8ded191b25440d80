"""The processes of one run, as torchrun starts them; a single one without it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch
from torch import distributed

from model.training.feed import Share

_PATIENCE = timedelta(hours=4)
"""The other processes wait while the first one evaluates."""


def choose_device(name: str) -> torch.device:
    """The device called `name`; for `auto` this process's GPU where there is one, else the CPU."""
    if name != "auto":
        return torch.device(name)
    if not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))


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
    finally:
        distributed.destroy_process_group()
