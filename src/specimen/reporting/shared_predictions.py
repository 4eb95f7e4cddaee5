"""The predictions of two revisions for the test samples that they share."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from specimen.reporting.shared_samples import shared_samples
from specimen.reporting.verdict import RevisionPredictions, check_agreement


@dataclass(frozen=True)
class SharedPredictions:
    """One row a shared sample with both predictions, and what the numbers mean."""

    pairs: pd.DataFrame
    """As `shared_samples` gives them."""
    task: str
    unit: str


def share_predictions(base: RevisionPredictions, head: RevisionPredictions) -> SharedPredictions:
    """Pair the predictions of two revisions. Raises `NotComparableError` where they do not predict the same."""
    check_agreement(base, head)
    pairs, _ = shared_samples(base.predictions, head.predictions)
    return SharedPredictions(pairs, head.task, head.unit)
