"""A part that got worse while all together got better: named where it did, and only there."""

import numpy as np
import pandas as pd

from specimen.reporting.shared_predictions import SharedPredictions
from specimen.reporting.worse_slices import worse_slices

PLANTS = 80


def shared(seed: int, worse: float = 1.0, better: float = 1.0) -> SharedPredictions:
    """Two models whose errors are alike; those of the later one times `worse` on sand, times `better` elsewhere."""
    random = np.random.default_rng(seed)
    plants = np.repeat(np.arange(PLANTS), 2)
    soil = np.where(plants % 4 == 0, "sand", "clay")
    before, after = (np.abs(random.normal(1, 0.3, 2 * PLANTS)) for _ in range(2))
    pairs = pd.DataFrame({"image": [f"{n}.jpg" for n in range(2 * PLANTS)], "group": plants.astype(str), "target": 5.0})
    pairs = pairs.assign(soil=soil, age=plants % 3, row=np.arange(2 * PLANTS))
    pairs["prediction"] = 5 + after * np.where(soil == "sand", worse, better)
    pairs["target (base)"], pairs["prediction (base)"] = 5.0, 5 + before
    return SharedPredictions(pairs, "regression", "g")


def test_a_part_that_got_worse_is_named_with_its_errors() -> None:
    (part,) = worse_slices(shared(0, worse=1.6, better=0.6))
    assert (part.name, part.groups) == ("soil sand", 20)
    assert part.before < 1.2 < part.after


def test_where_all_got_worse_the_verdict_says_so_and_no_part_is_named() -> None:
    assert worse_slices(shared(0, worse=1.6, better=1.2)) == []


def test_a_part_that_stayed_as_it_was_is_not_named() -> None:
    assert sum(bool(worse_slices(shared(seed, worse=1.0, better=0.8))) for seed in range(20)) <= 2


def test_a_part_of_a_few_groups_is_not_named() -> None:
    few = shared(0, worse=3.0, better=0.6)
    sand = (few.pairs["soil"] == "sand") & (few.pairs["group"].astype(int) > 24)
    assert worse_slices(SharedPredictions(few.pairs[~sand].reset_index(drop=True), "regression", "g")) == []
