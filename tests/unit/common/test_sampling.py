"""A few of many rows, from the first to the last."""

import numpy as np
import pytest

from specimen.common.sampling import evenly_spaced

ROWS = np.arange(5, 20_005)


def test_at_most_so_many_are_chosen_from_first_to_last() -> None:
    chosen = evenly_spaced(ROWS, 1000)
    assert len(chosen) == 1000
    assert (chosen[0], chosen[-1]) == (5, 20_004)


def test_of_fewer_all_are_chosen() -> None:
    np.testing.assert_array_equal(evenly_spaced(ROWS[:7], 1000), ROWS[:7])
    assert len(evenly_spaced(ROWS[:0], 5)) == 0


@pytest.mark.parametrize(("count", "expected"), [(1, [5]), (2, [5, 15]), (3, [5, 10, 15]), (4, [5, 8, 12, 15])])
def test_they_are_at_even_distances(count: int, expected: list[int]) -> None:
    assert evenly_spaced(ROWS[:11], count).tolist() == expected
