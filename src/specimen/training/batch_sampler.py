"""Which samples make up the batches of an epoch."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from specimen.training.batches import SampleUse


class EpochBatchSampler:
    """The batches of one epoch: shuffled differently in each epoch, or all rows in their order.

    With several processes each takes its share of every batch, so that together they see the batches of a single
    process; with `whole`, every process gets all of each batch.
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
        self._rows = rows
        self._batch_size = batch_size
        self._shuffle_seed = shuffle_seed
        self._processes = processes
        self._share = slice(None) if whole else slice(rank, None, processes)
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose batches come next."""
        self._epoch = epoch

    def __len__(self) -> int:
        """Return the number of batches."""
        return len(self._cut(self._rows))

    def __iter__(self) -> Iterator[list[SampleUse]]:
        """Yield the samples of each batch that this process uses."""
        rows = self._rows
        if self._shuffle_seed is not None:
            rows = np.random.default_rng((self._shuffle_seed, self._epoch)).permutation(rows)
        for batch in self._cut(rows):
            yield [SampleUse(self._epoch, int(row)) for row in batch[self._share]]

    def _cut(self, rows: npt.NDArray[np.int64]) -> list[npt.NDArray[np.int64]]:
        """Return the rows of each batch.

        A batch to learn from has the same number of samples for every process, and at least 2, because batch norm
        cannot learn from a single one. Which samples are left out for that changes with the epoch.
        """
        batches = [rows[start : start + self._batch_size] for start in range(0, len(rows), self._batch_size)]
        if self._shuffle_seed is None or not batches:
            return batches
        last = batches.pop()
        equal_shares = last[: len(last) // self._processes * self._processes]
        if len(equal_shares) >= 2 * self._processes:
            batches.append(equal_shares)
        return batches
