"""Splits: stable, group-safe, and with the shares that were asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.stats import binom

import specimen
from specimen.common.errors import SpecimenError
from specimen.common.hashing import hash_position
from specimen.config.prepare import Split
from specimen.data.dataset.store import SPLITS
from specimen.data.preparation.splits import assign_splits, check_splits

SOURCE = Path(specimen.__file__).parents[1]
PLANTS = pd.Series([f"plant {number}" for number in range(3000)], dtype=object)
unhurried = settings(max_examples=50, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
GROUP = st.text(max_size=6)
SPLIT = st.builds(Split, seed=st.integers(0, 99), folds=st.none() | st.integers(2, 9))


def texts(values: list[Any]) -> pd.Series[Any]:
    return pd.Series(values, dtype=object)


@unhurried
@given(st.lists(GROUP, min_size=1), st.lists(GROUP), SPLIT, st.randoms(use_true_random=False))
def test_adding_removing_and_moving_rows_moves_no_other_sample(
    groups: list[str], others: list[str], split: Split, random: Any
) -> None:
    before = dict(zip(groups, assign_splits(texts(groups), split), strict=True))
    changed = random.sample(groups, len(groups) // 2) + others
    random.shuffle(changed)
    after = dict(zip(changed, assign_splits(texts(changed), split), strict=True))
    assert all(after[group] == before[group] for group in set(before) & set(after))


@unhurried
@given(st.data())
def test_a_new_row_with_a_split_of_its_own_moves_no_other_group(data: st.DataObject) -> None:
    groups = data.draw(st.lists(GROUP, min_size=1, unique=True))
    named = data.draw(st.lists(st.sampled_from([None, *SPLITS]), min_size=len(groups), max_size=len(groups)))
    new = data.draw(GROUP.filter(lambda group: group not in groups))
    before = assign_splits(texts(groups), Split(), texts(named))
    after = assign_splits(texts([*groups, new]), Split(), texts([*named, data.draw(st.sampled_from(SPLITS))]))
    assert list(after[:-1]) == list(before)


@unhurried
@given(st.lists(GROUP, min_size=1), SPLIT)
def test_all_samples_of_a_group_are_in_one_split(groups: list[str], split: Split) -> None:
    assigned = assign_splits(texts(groups * 2), split)
    assert assigned.isin(SPLITS).all()
    assert (assigned.groupby(texts(groups * 2)).nunique() == 1).all()


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        (Split(), "vvtevtttet"),
        (Split(seed=2), "evetetvtee"),
        (Split(folds=4, fold=1), "tttvvteetv"),
    ],
)
def test_no_version_moves_a_sample(split: Split, expected: str) -> None:
    groups = texts(["plant 1", "plant 2", "A/7/3", "Ärger", "", "🌱", "g1", "g2", "g8", "g3"])
    letters = {"train": "t", "val": "v", "test": "e"}
    assert "".join(letters[name] for name in assign_splits(groups, split)) == expected


def test_no_version_moves_a_position() -> None:
    positions = hash_position(texts(["plant 1", "Ärger", "🌱"]), "1")
    assert positions.tolist() == [0.17156710042085255, 0.09666337954107829, 0.6624487859959539]


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_another_process_splits_the_same(hash_seed: str) -> None:
    code = (
        "import pandas as pd; from specimen.config.prepare import Split; "
        "from specimen.data.preparation.splits import assign_splits; "
        "print(*assign_splits(pd.Series([f'plant {n}' for n in range(50)]), Split()))"
    )
    env = os.environ | {"PYTHONHASHSEED": hash_seed}
    done = subprocess.run([sys.executable, "-c", code], cwd=SOURCE, env=env, capture_output=True, text=True, check=True)
    assert done.stdout.split() == list(assign_splits(PLANTS[:50], Split()))


@pytest.mark.parametrize("split", [Split(), Split(seed=7, val=0.3, test=0.05), Split(val=0.01, test=0.9)])
def test_the_shares_are_those_asked_for(split: Split) -> None:
    counts = assign_splits(PLANTS, split).value_counts()
    for name, share in {"val": split.val, "test": split.test}.items():
        low, high = binom.interval(0.999, len(PLANTS), share)
        assert low <= counts[name] <= high


def test_another_seed_is_another_split() -> None:
    one, other = assign_splits(PLANTS, Split(seed=1)), assign_splits(PLANTS, Split(seed=2))
    assert 0.4 < (one == other).mean() < 0.7  # 0.7² + 0.15² + 0.15² agree by chance


def test_numbers_are_grouped_like_their_text() -> None:
    numbers = pd.Series([1, 2, 3, 10])
    assert list(assign_splits(numbers, Split())) == list(assign_splits(numbers.astype(str), Split()))


def test_the_table_wins() -> None:
    given_splits = texts(["Test", "VAL", "train", "test"])
    assert list(assign_splits(texts(list("abcd")), Split(), given_splits)) == ["test", "val", "train", "test"]


def test_where_the_table_is_silent_the_group_decides() -> None:
    hashed = assign_splits(PLANTS, Split())
    given_splits = pd.Series(None, index=PLANTS.index, dtype=object)
    given_splits[[3, 5]] = ["test", "val"]
    assigned = assign_splits(PLANTS, Split(), given_splits)
    assert list(assigned[[3, 5]]) == ["test", "val"]
    assert list(assigned.drop([3, 5])) == list(hashed.drop([3, 5]))


def test_an_empty_column_of_splits_is_none() -> None:
    empty = pd.Series(None, index=PLANTS.index, dtype=object)
    assert list(assign_splits(PLANTS, Split(), empty)) == list(assign_splits(PLANTS, Split()))


@pytest.mark.parametrize("name", SPLITS)
def test_the_photos_of_a_group_follow_the_one_that_has_a_split(name: str) -> None:
    assert list(assign_splits(texts(["a", "a", "a"]), Split(), texts([None, name, None]))) == [name] * 3


def test_a_wrong_split_is_reported_with_row_and_value() -> None:
    groups = pd.Series(["a", "b"], index=[2, 3])
    with pytest.raises(SpecimenError, match=r"row 3 says 'Tset'. Did you mean 'test'\? Accepted: train, val, test"):
        assign_splits(groups, Split(), pd.Series(["train", "Tset"], index=[2, 3]))


def test_a_torn_group_is_reported_with_its_splits() -> None:
    with pytest.raises(SpecimenError, match="1 groups are in several splits, such as b in train and test"):
        assign_splits(texts(["a", "b", "b", "b"]), Split(), texts(["val", "train", "test", None]))


@pytest.mark.parametrize("folds", [2, 5])
def test_every_group_is_tested_once(folds: int) -> None:
    tested = [assign_splits(PLANTS, Split(folds=folds, fold=fold)) == "test" for fold in range(folds)]
    assert (np.sum(tested, axis=0) == 1).all()


def test_folds_are_of_one_size() -> None:
    low, high = binom.interval(0.999, len(PLANTS), 1 / 5)
    for fold in range(5):
        assert low <= (assign_splits(PLANTS, Split(folds=5, fold=fold)) == "test").sum() <= high


def test_each_fold_has_its_share_of_val_in_what_is_not_tested() -> None:
    for fold in range(5):
        counts = assign_splits(PLANTS, Split(folds=5, fold=fold, val=0.2)).value_counts()
        low, high = binom.interval(0.999, len(PLANTS) - counts["test"], 0.2)
        assert low <= counts["val"] <= high


def samples(rows: list[tuple[str, Any]]) -> pd.DataFrame:
    """Return a table of samples from (split, target), each in a group of its own."""
    return pd.DataFrame(rows, columns=["split", "target"]).assign(group=[f"g{n}" for n in range(len(rows))])


WHOLE = [(split, name) for split in SPLITS for name in ("moon", "mars")]


def test_whole_splits_pass() -> None:
    check_splits(samples(WHOLE), classes=True)


@pytest.mark.parametrize("name", SPLITS)
def test_an_empty_split_is_reported_with_the_ways_out(name: str) -> None:
    rest = [row for row in WHOLE if row[0] != name]
    with pytest.raises(SpecimenError, match=f"split: {name} would be empty: 4 usable samples in 4 groups. Add data"):
        check_splits(samples(rest), classes=False)


def test_a_class_that_train_does_not_have_is_reported() -> None:
    absent = [("val", "io"), ("test", "io"), ("test", "io")]
    with pytest.raises(SpecimenError, match="no sample of io falls into train"):
        check_splits(samples(WHOLE + absent), classes=True)


def test_a_class_of_two_was_let_in_on_purpose() -> None:
    check_splits(samples([*WHOLE, ("val", "io"), ("test", "io")]), classes=True)


def test_numbers_need_not_be_in_train() -> None:
    check_splits(samples([("train", 1.0), ("val", 2.0), ("test", 3.0), ("test", 3.0), ("test", 3.0)]), classes=False)


def test_a_single_class_is_reported() -> None:
    only = pd.DataFrame({"group": list("abc"), "split": list(SPLITS), "target": "data"})
    with pytest.raises(SpecimenError, match=r"all 3 usable samples are of one class, 'data'.* one folder too high"):
        check_splits(only, classes=True)
