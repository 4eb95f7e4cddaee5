"""Groups out of the paths of photos."""

import pandas as pd
import pytest

from specimen.common.errors import SpecimenError
from specimen.config.base import check
from specimen.config.data import Data
from specimen.data.preparation.group_pattern import find_groups

LEAF = r"/(?:[0-9a-f-]{36}___)?(?P<group>[^/]+? +\d+)"


def test_the_named_part_is_the_group_and_what_does_not_match_is_said() -> None:
    photos = pd.Series(["spot/GH Leaf 259.1.JPG", "spot/GH Leaf 259.2.JPG", "rust/x.jpg", None], dtype=object)
    groups, notes = find_groups(photos, LEAF)
    assert groups.tolist() == ["GH Leaf 259", "GH Leaf 259", None, None]
    said = (
        "data.group_pattern matches 2 of 3 photos, and not 'rust/x.jpg'; what it does not match is a group of its own"
    )
    assert notes == [said]


def test_an_umlaut_is_one_letter_however_it_is_written() -> None:
    photos = pd.Series(["Su\u0308d/1.jpg", "S\u00fcd/2.jpg"], dtype=object)
    assert find_groups(photos, "^(?P<group>.*)/")[0].nunique() == 1


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"group_pattern": "(?P<group>"}, "is not a regular expression"),
        ({"group_pattern": "(.*)/"}, r"has no part \(\?P<group>"),
        ({"group_pattern": LEAF, "table": "x.csv", "group": ["plant"]}, "keep one of both"),
        ({"fill_down": ["plant"], "table": "x.csv"}, "fill_down: 'plant' is not among the columns"),
    ],
)
def test_a_pattern_that_cannot_work_is_a_fault_of_the_params(settings: dict[str, object], fault: str) -> None:
    with pytest.raises(SpecimenError, match=fault):
        check(Data, {"root": "x", "task": "classification"} | settings, "params.yaml", "data")
