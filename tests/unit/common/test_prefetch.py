"""Results come in order, only a few are under way, and a failure comes through."""

import threading

import pytest

from specimen.common.prefetch import AHEAD_PER_WORKER, prefetch_map


def test_results_keep_the_order_of_their_items() -> None:
    first = threading.Event()

    def work(item: int) -> int:
        if item == 0:
            assert first.wait(10)  # the first result is ready last
        if item == 1:
            first.set()
        return item * item

    assert list(prefetch_map(work, range(20), workers=2)) == [item * item for item in range(20)]


def test_only_a_few_items_are_taken_ahead() -> None:
    taken: list[int] = []
    results = prefetch_map(lambda item: item, (taken.append(item) or item for item in range(1000)), workers=2)
    assert next(results) == 0
    assert len(taken) == 2 * AHEAD_PER_WORKER
    results.close()  # type: ignore[attr-defined]


def test_a_failure_reaches_the_caller() -> None:
    with pytest.raises(ZeroDivisionError):
        list(prefetch_map(lambda item: 1 / item, [1, 0]))
