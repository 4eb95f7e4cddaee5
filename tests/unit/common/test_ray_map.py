"""Work that a Ray cluster may share, without one. `tests/pipeline/test_ray.py` has one."""

import socket
import sys

import pytest

from specimen.common.errors import SpecimenError
from specimen.common.ray_map import ADDRESS, on_ray, shared_map


def double(number: int) -> int:
    return 2 * number


@pytest.mark.parametrize("address", [None, ""])
def test_without_a_cluster_threads_do_the_work(address: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ADDRESS, raising=False)
    if address is not None:
        monkeypatch.setenv(ADDRESS, address)
    assert not on_ray()
    assert list(shared_map(abs, double, range(-3, 3))) == [6, 4, 2, 0, 2, 4]


def test_without_the_extra_the_message_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ADDRESS, "auto")
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(SpecimenError, match="SPECIMEN_RAY=auto needs the extra 'ray'"):
        list(shared_map(abs, double, [1]))


def test_an_address_where_nobody_listens_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray", reason="needs the extra ray")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv(ADDRESS, f"127.0.0.1:{free.getsockname()[1]}")
        with pytest.raises(SpecimenError, match=r"SPECIMEN_RAY: no cluster at '127\.0\.0\.1:\d+': .*refused"):
            list(shared_map(abs, double, [1]))
