"""Which samples make up a batch: the same for one process and for several."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from specimen.training.batch_sampler import EpochBatchSampler


def split(rows: int, size: int, **options: Any) -> list[list[int]]:
    return [[use.row for use in batch] for batch in EpochBatchSampler(np.arange(rows), size, **options)]


def test_each_row_is_shown_once_in_order_to_predict() -> None:
    assert split(5, 2) == [[0, 1], [2, 3], [4]]


def test_each_epoch_is_shuffled_differently_and_each_row_shown_once() -> None:
    batches = EpochBatchSampler(np.arange(12), 4, 1)
    orders = []
    for epoch in (1, 2, 1):
        batches.set_epoch(epoch)
        orders.append([use.row for batch in batches for use in batch])
    assert sorted(orders[0]) == list(range(12))
    assert orders[0] == orders[2] != orders[1]


@pytest.mark.parametrize(("rows", "sizes"), [(8, [4, 4]), (9, [4, 4]), (10, [4, 4, 2]), (3, [3]), (2, [2])])
def test_a_batch_to_learn_from_has_two_samples(rows: int, sizes: list[int]) -> None:
    batches = split(rows, 4, shuffle_seed=1)
    assert [len(batch) for batch in batches] == sizes
    assert len(EpochBatchSampler(np.arange(rows), 4, 1)) == len(sizes)


@pytest.mark.parametrize("rows", [8, 9, 11, 12, 13])
def test_processes_share_the_batches_of_one(rows: int) -> None:
    shares = [split(rows, 4, shuffle_seed=1, rank=rank, processes=2) for rank in (0, 1)]
    whole = split(rows, 4, shuffle_seed=1)
    for one, other, batch in zip(*shares, whole, strict=False):
        assert len(one) == len(other) >= 2
        assert set(one) | set(other) <= set(batch)
        assert not set(one) & set(other)


@pytest.mark.parametrize("rows", [1, 5, 6, 7])
def test_processes_predict_each_row_once(rows: int) -> None:
    shares = [split(rows, 3, rank=rank, processes=2) for rank in (0, 1)]
    assert len(shares[0]) == len(shares[1])
    assert sorted(row for share in shares for batch in share for row in batch) == list(range(rows))
