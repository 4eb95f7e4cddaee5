"""One process or several: what `torchrun` starts works together as one, a single process is a group of one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist


@dataclass(frozen=True)
class Group:
    """The processes that train one model together."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    """Number on this machine, which is also the number of the GPU."""

    @property
    def is_first(self) -> bool:
        """Whether this process writes and prints."""
        return self.rank == 0

    def gather(self, value: Any) -> list[Any]:
        """Return the values of all processes, by rank."""
        if self.size == 1:
            return [value]
        values: list[Any] = [None] * self.size
        dist.all_gather_object(values, value)
        return values


@contextmanager
def process_group() -> Iterator[Group]:
    """Join the group that `torchrun` describes in the environment, or be one alone."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield Group()
        return
    local_rank = int(os.environ["LOCAL_RANK"])
    if torch.cuda.is_available():
        torch.cuda.set_device(local_rank)
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield Group(int(os.environ["RANK"]), size, local_rank)
    finally:
        dist.destroy_process_group()
