"""What training asks of the machine: the same bits in each run, its threads, its memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import numpy as np
import torch
from threadpoolctl import ThreadpoolController
from torch import Tensor

from specimen.common.cores import available_cores
from specimen.common.errors import SpecimenError, is_out_of_memory
from specimen.data.dataset.store import Pictures
from specimen.training.distributed import ProcessGroup

RESIDENT_SHARE = 0.4
"""Largest share of the free memory of a GPU that pictures may take; the rest is for the model."""
CHUNK = 4096
"""Pictures that go to the GPU at a time."""


def compute_reproducibly() -> None:
    """Let every run compute the same bits; on a GPU, torch warns of an operation that cannot."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # torch's condition, before the first use of a GPU
    torch.use_deterministic_algorithms(True, warn_only=torch.cuda.is_available())
    # Memory that nobody reads before it is written need not be filled for that: 2 % of a step.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def use_threads(wanted: int | None, group: ProcessGroup) -> None:
    """Compute on the wanted number of threads, shared among all processes; `None` is one for each core we may use here.

    Set here and not left to OMP_NUM_THREADS: batch norm and the gradients of convolutions add up one part for each
    thread, so what the environment happens to say would change the last bits of the model.
    """
    of_each = available_cores() // group.local_size if wanted is None else wanted // group.size
    torch.set_num_threads(max(1, of_each))


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute on one thread here: waking several for one small picture takes longer than the work.

    This asks OpenMP itself. `torch.set_num_threads` would also discard the compiled kernels of the model each time, and
    the next step would have to compile them again.
    """
    with _openmp().limit(limits=1):
        yield


@cache
def _openmp() -> ThreadpoolController:
    """Return what sets the threads of OpenMP; found once, because looking through all libraries takes 5 ms."""
    return ThreadpoolController().select(user_api="openmp")


def on_device(images: Pictures, device: torch.device) -> Pictures | Tensor:
    """Return the pictures in the memory of the GPU if they fit there, else unchanged."""
    if device.type != "cuda" or images.nbytes > RESIDENT_SHARE * torch.cuda.mem_get_info(device)[0]:
        return images
    resident = torch.empty(images.shape, dtype=torch.uint8, device=device)
    for start in range(0, len(images), CHUNK):  # the store may be larger than the memory of the CPU
        resident[start : start + CHUNK] = torch.from_numpy(np.array(images[start : start + CHUNK]))
    return resident


@contextmanager
def out_of_memory(batch_size: int) -> Iterator[None]:
    """Turn running out of memory, of the GPU or of the machine, into an error that says what to do."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise SpecimenError(
            f"train.batch_size: {batch_size} is too much for the memory of the GPU. Try {max(1, batch_size // 2)}, a "
            "smaller prepare.image_size, or the environment variable PYTORCH_ALLOC_CONF=expandable_segments:True. "
            f"({str(error).splitlines()[0]})"
        ) from error
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        detail = str(error).strip().partition("\n")[0] or type(error).__name__
        raise SpecimenError(
            f"train.batch_size: {batch_size} is too much for the memory of this machine. Try "
            f"{max(2, batch_size // 2)}, a smaller prepare.image_size, or another train.backbone. ({detail})"
        ) from error
