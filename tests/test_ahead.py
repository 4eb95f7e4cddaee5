"""Results in order, a few ahead."""

import os
from collections.abc import Iterator

import pytest

from specimen.ahead import AHEAD_PER_WORKER, map_ahead


def test_few_items_are_under_way_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    ahead = []

    def watched() -> Iterator[int]:
        for number in range(40):
            ahead.append(number)
            yield number

    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    for done, result in enumerate(map_ahead(lambda number: number, watched()), start=1):
        assert result == done - 1
        assert len(ahead) - done < AHEAD_PER_WORKER
    assert done == 40


def test_a_failure_comes_out_where_its_result_would() -> None:
    results = map_ahead(lambda number: 6 // number, [3, 2, 0, 1], workers=2)
    assert [next(results), next(results)] == [2, 3]
    with pytest.raises(ZeroDivisionError):
        next(results)
