"""Parts of the shared test samples that got worse although the samples as a whole got better.

A part is a value of a feature, or a quarter of a number. What counts is the change of the error summed by group: if a
part is as good as before, each group's change might as well have the other sign (R. A. Fisher, "The Design of
Experiments", 1935, section 21). A part is named if it is farther out than the worst of all parts seldom is, in 5 of 100
tosses of all signs, so that at most 5 of 100 reports name one wrongly, however many features there are.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from specimen.config.data import RESERVED, RESERVED_PREFIX
from specimen.data.dataset.strata import strata
from specimen.evaluation.jackknife import Floats
from specimen.evaluation.sample_errors import sample_errors
from specimen.reporting.facts.advice import WorseSlice
from specimen.reporting.shared_predictions import SharedPredictions
from specimen.reporting.shared_samples import BASE, one_side

FEWEST_GROUPS = 8
TOSSES = 1999
LEVEL = 0.05


def worse_slices(shared: SharedPredictions) -> list[WorseSlice]:
    """Return the parts that got worse, the clearest first; none where the samples as a whole did not get better."""
    before = sample_errors(shared.task, one_side(shared.pairs, BASE)).to_numpy(np.float64)
    after = sample_errors(shared.task, one_side(shared.pairs, "")).to_numpy(np.float64)
    codes = pd.factorize(shared.pairs["group"].astype(str), sort=True)[0]
    parts = {name: rows for name, rows in _parts(shared.pairs).items() if _groups(codes, rows) >= FEWEST_GROUPS}
    if after.mean() >= before.mean() or not parts:
        return []
    changes = np.stack([np.bincount(codes, np.where(rows, after - before, 0)) for rows in parts.values()]).astype(
        np.float64
    )
    found = [
        (
            score,
            WorseSlice(name=name, groups=_groups(codes, rows), before=before[rows].mean(), after=after[rows].mean()),
        )
        for (name, rows), score, chance in zip(parts.items(), *_tested(changes), strict=True)
        if chance <= LEVEL
    ]
    return [part for _, part in sorted(found, key=lambda one: -one[0])]


def _parts(pairs: pd.DataFrame) -> dict[str, npt.NDArray[np.bool_]]:
    features = [
        str(name)
        for name in pairs
        if not str(name).endswith(BASE) and name not in RESERVED and not str(name).startswith(RESERVED_PREFIX)
    ]
    return {f"{name} {value}": rows for name in features for value, rows in strata(pairs[name]).items()}


def _groups(codes: npt.NDArray[np.intp], rows: npt.NDArray[np.bool_]) -> int:
    return len(np.unique(codes[rows]))


def _tested(changes: Floats) -> tuple[Floats, Floats]:
    """Return how far out the sum of each part is, of changes S x G, and how seldom the worst of all is that far."""
    spread = np.sqrt(np.square(changes).sum(axis=1))
    spread = np.where(spread > 0, spread, 1)
    signs = np.random.default_rng(0).choice([-1.0, 1.0], (TOSSES, changes.shape[1]))
    worst = np.sort((signs @ changes.T / spread).max(axis=1))
    scores = changes.sum(axis=1) / spread
    return scores, (1 + TOSSES - np.searchsorted(worst, scores - 1e-9)) / (1 + TOSSES)
