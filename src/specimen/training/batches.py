"""Batches for training: cut out of the packed store, or of embeddings that were computed once."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from specimen.training.transforms import Mix, Transform


class Batch(NamedTuple):
    """Samples that go through the model together."""

    inputs: Tensor
    """Pictures, uint8, N x 3 x size x size, channels last in memory; or embeddings, N x width."""
    features: Tensor
    """As `features.encode` gives them, N x width."""
    targets: Tensor
    """As the task encodes them, N; with mixed classes their shares, N x classes."""


@dataclass(frozen=True)
class SampleUse:
    """One use of a sample: its row, and the epoch, on which its augmentation depends."""

    epoch: int
    row: int


@dataclass(frozen=True)
class TabularArrays:
    """What the model needs of each row besides the picture."""

    features: npt.NDArray[np.float32]
    targets: npt.NDArray[Any]

    def batch(self, inputs: Tensor, rows: Sequence[int]) -> Batch:
        """Return the batch of these rows."""
        index = list(rows)
        return Batch(inputs, torch.from_numpy(self.features[index]), torch.from_numpy(self.targets[index]))


class PictureDataset(Dataset[Batch]):
    """Cuts whole batches out of the store, so that a batch is one copy and not one object a sample.

    With `mix` the draws must be the whole batch of all processes (`Batches` with `whole`); it gives back `share` of it.
    """

    def __init__(
        self,
        images: npt.NDArray[np.uint8] | Tensor,
        columns: TabularArrays,
        transform: Transform | None = None,
        seed: int = 0,
        mix: Mix | None = None,
        share: slice = slice(None),
    ) -> None:
        self.images, self.columns, self.transform, self.seed = images, columns, transform, seed
        self.mix, self.share = mix, share

    def __getitem__(self, draws: Sequence[SampleUse]) -> Batch:
        """Return the batch of these draws."""
        rows = [draw.row for draw in draws]
        pictures = self.images[rows] if isinstance(self.images, Tensor) else torch.from_numpy(self.images[rows])
        batch = self.columns.batch(pictures.permute(0, 3, 1, 2), rows)
        # The generator of the CPU is borrowed: each sample seeds it anew, and it goes back afterwards.
        with torch.random.fork_rng(devices=[]), one_thread():
            if self.transform is not None:
                for place, draw in enumerate(draws):
                    # By sample and epoch, so that neither workers nor order nor batch change what happens to it.
                    torch.default_generator.manual_seed(draw_seed(self.seed, draw.epoch, draw.row))
                    batch.inputs[place] = self.transform(batch.inputs[place])
            if self.mix is not None:
                torch.default_generator.manual_seed(draw_seed(self.seed, draws[0].epoch, draws[0].row, 1))
                images, targets = self.mix(batch.inputs, batch.targets)
                # A picture is mixed with one that may be another process's, so all mix the whole batch and take theirs.
                batch = Batch(images[self.share], batch.features[self.share], targets[self.share])
        return batch

    def __getstate__(self) -> dict[str, Any]:
        """Return what a worker that is not forked gets: of mapped pictures the file, not all its content."""
        images = self.images
        return self.__dict__ | {"images": images.filename if isinstance(images, np.memmap) else images}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Map the pictures again."""
        self.__dict__ = state
        if isinstance(self.images, (str, Path)):
            self.images = np.load(self.images, mmap_mode="r")


class EmbeddingDataset(Dataset[Batch]):
    """Cuts batches out of embeddings, views x rows x width: epoch e sees view e modulo views."""

    def __init__(self, embeddings: Tensor, columns: TabularArrays) -> None:
        self.embeddings, self.columns = embeddings, columns

    def __getitem__(self, draws: Sequence[SampleUse]) -> Batch:
        """Return the batch of these draws."""
        rows = [draw.row for draw in draws]
        views = [draw.epoch % len(self.embeddings) for draw in draws]
        return self.columns.batch(self.embeddings[views, rows], rows)


class EpochBatchSampler:
    """The batches of one epoch: shuffled anew each epoch, or all rows in their order.

    With several processes each takes its share of every batch, so that the batches are those of one process; `whole`
    yields all of each batch to every one of them.
    """

    def __init__(
        self,
        rows: npt.NDArray[np.int64],
        batch_size: int,
        shuffle_seed: int | None = None,
        rank: int = 0,
        processes: int = 1,
        *,
        whole: bool = False,
    ) -> None:
        self.rows, self.batch_size, self.shuffle_seed = rows, batch_size, shuffle_seed
        self.processes, self.share, self.epoch = processes, slice(None) if whole else slice(rank, None, processes), 0

    def __len__(self) -> int:
        """Return the number of batches."""
        return len(self._ends())

    def __iter__(self) -> Iterator[list[SampleUse]]:
        """Yield the draws of each batch, those of this process."""
        rows = self.rows
        if self.shuffle_seed is not None:
            rows = np.random.default_rng((self.shuffle_seed, self.epoch)).permutation(rows)
        start = 0
        for end in self._ends():
            yield [SampleUse(self.epoch, int(row)) for row in rows[start:end][self.share]]
            start = end

    def _ends(self) -> list[int]:
        """Return where each batch ends; a batch to learn from has the same number of samples, at least 2, everywhere.

        Batch norm cannot learn from a single sample. Which samples are left out changes with the epoch.
        """
        count = len(self.rows)
        ends = [*range(self.batch_size, count, self.batch_size), count]
        if self.shuffle_seed is None:
            return ends
        start = ends[-2] if len(ends) > 1 else 0
        last = (count - start) // self.processes * self.processes
        return [*ends[:-1], start + last] if last >= 2 * self.processes else ends[:-1]


def make_loader(dataset: Dataset[Batch], batches: EpochBatchSampler, workers: int = 0) -> DataLoader[Batch]:
    """Return a loader; `workers` processes prepare batches ahead, 0 does it in between."""
    resident = _on_device(dataset)
    workers = 0 if resident else workers  # the memory of a GPU belongs to one process
    return DataLoader(
        dataset,
        sampler=batches,
        batch_size=None,
        num_workers=workers,
        persistent_workers=workers > 0,
        pin_memory=torch.cuda.is_available() and not resident,
        generator=torch.Generator(),  # of its own, or starting workers would draw from the global one
    )


def _on_device(dataset: Dataset[Batch]) -> bool:
    images = getattr(dataset, "images", None)
    return isinstance(images, Tensor) and images.device.type != "cpu"


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute on one thread here: to wake several for one small picture takes longer than its work.

    Asked of OpenMP itself, where torch brought it: `torch.set_num_threads` would throw away the compiled kernels of the
    model each time, and the next step would compile them again.
    """
    openmp = ctypes.CDLL(None)
    if not hasattr(openmp, "omp_set_num_threads"):
        yield
        return
    threads = torch.get_num_threads()
    openmp.omp_set_num_threads(1)
    try:
        yield
    finally:
        openmp.omp_set_num_threads(threads)


def draw_seed(*parts: int) -> int:
    """Return the seed that belongs to (seed, epoch, row)."""
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0] >> 1)
