"""Parts of the data with larger errors: found where they are, and not where they are not."""

import numpy as np
import pandas as pd
import pytest

from specimen.advice.slices import Slice, _deals, find_slices, make_slices

PLANTS = 120
GROUPS = pd.Series(np.repeat(np.arange(PLANTS), 2).astype(str))


def properties(seed: int) -> pd.DataFrame:
    """Two properties of plants and one of photos."""
    random = np.random.default_rng(seed)
    soil = np.repeat(random.choice(["clay", "peat", "sand"], PLANTS), 2)
    age = np.repeat(random.choice([7.0, 14.0, 21.0], PLANTS), 2)
    return pd.DataFrame({"soil": soil, "age": age, "brightness": random.uniform(size=2 * PLANTS)})


def errors(seed: int) -> np.ndarray:
    """Absolute errors of which half is common to the photos of a plant."""
    random = np.random.default_rng([seed, 1])
    return np.abs(np.repeat(random.normal(size=PLANTS), 2) + random.normal(size=2 * PLANTS))


def names(errors: np.ndarray, table: pd.DataFrame, groups: pd.Series = GROUPS) -> list[str]:
    return [finding.part.name for finding in find_slices(errors, groups, make_slices(table, groups))]


def test_a_part_with_doubled_errors_is_named_and_not_what_overlaps_with_it() -> None:
    table = properties(0)
    assert names(np.where(table["soil"] == "sand", 2, 1) * errors(0), table) == ["soil sand"]


def test_a_part_that_two_properties_make_is_named_as_a_pair() -> None:
    table = properties(1)
    bad = (table["soil"] == "sand") & (table["age"] == 7)
    assert names(np.where(bad, 4, 1) * errors(1), table) == ["soil sand and age 7"]


def test_a_property_of_single_photos_is_found_too() -> None:
    table = properties(2)
    dark = table["brightness"] < table["brightness"].quantile(0.25)
    (name,) = names(np.where(dark, 2.5, 1) * errors(2), table)
    assert name.startswith("brightness 0.0")


def test_where_errors_do_not_depend_on_anything_nothing_is_named() -> None:
    assert sum(bool(names(errors(seed), properties(seed))) for seed in range(20, 40)) <= 2


def test_photos_of_one_plant_are_one_observation() -> None:
    """With each photo counted four times, as photos of a burst would be, chance is what it was."""
    table, found = properties(3), errors(3) ** 2
    several = table.loc[np.repeat(table.index, 4)].reset_index(drop=True)
    groups = GROUPS.loc[np.repeat(GROUPS.index, 4)].reset_index(drop=True)
    once = find_slices(found, GROUPS, make_slices(table[["soil"]], GROUPS))
    assert find_slices(np.repeat(found, 4), groups, make_slices(several[["soil"]], groups)) == once == []


def test_a_part_of_a_few_groups_is_not_looked_at() -> None:
    table = pd.DataFrame({"bed": np.where(np.arange(2 * PLANTS) < 14, "small", "large")})
    assert make_slices(table, GROUPS) == []
    table = pd.DataFrame({"bed": np.where(np.arange(2 * PLANTS) < 16, "small", "large")})
    assert [part.name for part in make_slices(table, GROUPS)] == ["bed large", "bed small"]


def test_a_deal_gives_each_group_the_errors_of_one_group() -> None:
    groups = pd.Series(["a", "b", "a", "c", "c", "c"])
    for deal in _deals(groups, seed=0)[:50]:
        taken = groups.iloc[deal].to_numpy()
        assert all(len(set(taken[(groups == name).to_numpy()])) == 1 for name in "abc")


@pytest.mark.parametrize("constant", [0.0, 3.0])
def test_errors_that_are_all_the_same_name_nothing(constant: float) -> None:
    assert names(np.full(2 * PLANTS, constant), properties(4)) == []


def test_the_name_of_a_part_is_what_people_read() -> None:
    assert Slice((("soil", "sand"), ("age", "7")), np.array([True])).name == "soil sand and age 7"
