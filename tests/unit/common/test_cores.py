"""The cores that a process may use, not all that the machine has."""

import os

import pytest

from specimen.common import prefetch
from specimen.common.cores import available_cores


def test_cores_that_the_process_is_kept_from_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3, 5, 7}, raising=False)
    assert available_cores() == 3


@pytest.mark.parametrize(("count", "cores"), [(64, 64), (None, 1)])
def test_where_the_system_knows_no_limits_all_cores_count(
    monkeypatch: pytest.MonkeyPatch, count: int | None, cores: int
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: count)
    assert available_cores() == cores


def test_prefetching_uses_one_thread_for_each_core_that_it_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3, 5}, raising=False)
    threads: list[int] = []
    pool = prefetch.ThreadPoolExecutor
    monkeypatch.setattr(prefetch, "ThreadPoolExecutor", lambda workers: (threads.append(workers), pool(workers))[1])
    assert list(prefetch.prefetch_map(str, range(3))) == ["0", "1", "2"]
    assert threads == [2]
