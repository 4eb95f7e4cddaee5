"""Times, for people to read."""

import pytest

from specimen.common.sizes import format_seconds


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (4.24, "4.2 s"), (59.96, "1 min 0 s"), (200.4, "3 min 20 s"), (7500, "2 h 5 min")],
)
def test_a_time_has_the_units_that_suit_it(seconds: float, text: str) -> None:
    assert format_seconds(seconds) == text
