"""One process or several: those that `torchrun` starts work as one; a single process is a group of one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch.distributed.distributed_c10d import Store
from torch.distributed.rendezvous import rendezvous

from specimen.common.errors import EXIT_USER_ERROR


@dataclass(frozen=True)
class ProcessGroup:
    """The processes that train one model together."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    """Number on this machine, which is also the number of the GPU."""
    local_size: int = 1
    """How many of them are on this machine."""

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
def process_group() -> Iterator[ProcessGroup]:
    """Join the group that `torchrun` describes in the environment, or be a group of one.

    When a process fails, the others cannot go on. They end too, without a message: one is enough.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield ProcessGroup()
        return
    local_rank = int(os.environ["LOCAL_RANK"])
    if torch.cuda.is_available():
        torch.cuda.set_device(local_rank)
    store, rank, _ = next(rendezvous("env://"))
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    dist.init_process_group(backend, store=store, rank=rank, world_size=size)
    try:
        yield ProcessGroup(rank, size, local_rank, int(os.environ.get("LOCAL_WORLD_SIZE", size)))
    except BaseException:
        if not _is_first_failure(store):
            sys.exit(EXIT_USER_ERROR)
        raise
    dist.destroy_process_group()


def _is_first_failure(store: Store) -> bool:
    """Count a failure, and return whether no other process has failed before."""
    try:
        return int(store.add("failures", 1)) == 1
    except dist.DistError:  # the process that counts has failed itself, and ended
        return False
