"""Where shards are cut: between groups, and by what is near the cut alone."""

from __future__ import annotations

import random
from itertools import chain, pairwise
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specimen.common.hashing import short_hash
from specimen.data.preparation.cutting import FEWEST, MOST, cut


class Photo(NamedTuple):
    """Of an object, with the hash of its picture."""

    group: str
    pixels: str


def photos(sizes: list[int], name: str = "") -> list[Photo]:
    """Return photos of groups of these sizes."""
    return [
        Photo(f"{name}{group}", short_hash(f"{name}{group}/{number}".encode()))
        for group, size in enumerate(sizes)
        for number in range(size)
    ]


@settings(max_examples=60)
@given(st.lists(st.integers(1, 70), max_size=60))
def test_shards_are_neither_small_nor_large_and_small_groups_are_whole(sizes: list[int]) -> None:
    listed = photos(sizes)
    shards = list(cut(iter(listed)))
    assert list(chain(*shards)) == listed
    assert all(len(shard) <= MOST for shard in shards)
    # Two neighbours are more than a shard, or the first would have gone on.
    assert all(len(one) >= FEWEST or len(one) + len(two) > MOST for one, two in pairwise(shards))
    homes = [{photo.group for photo in shard} for shard in shards]
    for group, size in enumerate(sizes):
        assert size > MOST or sum(str(group) in home for home in homes) == 1


def moved(before: list[Photo], after: list[Photo]) -> int:
    """Return how many photos are in shards that are new."""
    known = set(map(tuple, cut(before)))
    return sum(len(shard) for shard in cut(after) if tuple(shard) not in known)


@pytest.mark.parametrize("size", [1, 2, 5, 20, 40])
def test_what_is_appended_touches_the_last_shard_alone(size: int) -> None:
    before = photos([size] * (2_000 // size))
    added = photos([size] * (100 // size), "new")
    assert moved(before, before + added) <= len(added) + 2 * MOST


@pytest.mark.parametrize("size", [1, 2, 5, 20, 40])
def test_a_change_in_the_middle_stays_there(size: int) -> None:
    before = photos([size] * (4_000 // size))
    at = random.Random(0).sample(range(0, len(before), size), 20)
    inserted = [moved(before, [*before[:place], *photos([3], "new"), *before[place:]]) for place in at]
    removed = [moved(before, before[:place] + before[place + size :]) for place in at]
    assert max(sum(inserted), sum(removed)) / len(at) < 100


def test_names_of_groups_decide_nothing() -> None:
    before = photos([3] * 200)
    after = [photo._replace(group=f"plant {photo.group}") for photo in before]
    assert [len(shard) for shard in cut(before)] == [len(shard) for shard in cut(after)]
