"""A port that cannot be had is one message with the way out."""

import pytest

from specimen.common.errors import SpecimenError
from specimen.common.sockets import bind

HOST = "127.0.0.1"


def test_zero_takes_any_free_port() -> None:
    with bind(HOST, 0, "") as bound:
        assert bound.getsockname()[0] == HOST
        assert bound.getsockname()[1] > 0


def test_a_taken_port_is_named_with_the_way_out() -> None:
    with bind(HOST, 0, "") as bound:
        port = bound.getsockname()[1]
        with pytest.raises(SpecimenError) as caught:
            bind(HOST, port, "`--port 0` finds a free one.")
    assert str(caught.value) == f"cannot serve on port {port} of {HOST}: it is taken. `--port 0` finds a free one."


@pytest.mark.parametrize(("host", "port"), [(HOST, 70_000), ("no such host.invalid", 0)])
def test_what_is_not_a_port_or_a_host_is_named(host: str, port: int) -> None:
    with pytest.raises(SpecimenError, match=rf"^cannot serve on port {port} of {host}: .+\. Try another\.$"):
        bind(host, port, "Try another.")
