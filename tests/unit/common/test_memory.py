"""What is left of the memory, in words."""

import pytest

from specimen.common import memory
from specimen.common.memory import available_memory, require_memory
from specimen.common.sizes import format_bytes


def test_memory_that_is_there_is_not_mentioned() -> None:
    require_memory(1000, "a picture")


def test_of_memory_that_is_not_there_the_message_says_how_much_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: 20_000_000)
    with pytest.raises(MemoryError) as error:
        require_memory(2**60, "a picture")
    message = "not enough memory for a picture: it takes about 1152921505 GB, 20 MB are available"
    assert str(error.value) == message


def test_the_available_memory_is_less_than_all_machines_have() -> None:
    left = available_memory()
    assert left is None or 0 < left < 2**60


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1 kB"),
        (1500, "1.5 kB"),
        (25_400, "25 kB"),
        (999_400, "999 kB"),
        (999_600, "1 MB"),
        (2_400_000_000, "2.4 GB"),
    ],
)
def test_sizes_are_said_in_the_unit_that_suits_them(count: int, text: str) -> None:
    assert format_bytes(count) == text
