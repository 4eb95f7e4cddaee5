"""The samples whose error changed most."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

import pandas as pd

from specimen.evaluation.sample_errors import sample_errors
from specimen.models.predictions import PREDICTION
from specimen.reporting.facts.base import FIRST, plain
from specimen.reporting.facts.samples import SampleError, SampleErrors
from specimen.reporting.shared_predictions import SharedPredictions
from specimen.reporting.shared_samples import BASE, one_side


def collect_samples(shared: Future[SharedPredictions]) -> SampleErrors:
    """Return the ten samples whose error grew most, and the ten whose error fell most.

    Raises `NotAvailableError` or `NotComparableError` where there are no shared samples.
    """
    samples = shared.result()
    grew, fell = changed_most(samples)
    return SampleErrors(
        task=samples.task,
        unit=samples.unit,
        shared=len(samples.pairs),
        grew=len(grew),
        fell=len(fell),
        grew_most=_first(grew.head(FIRST)),
        fell_most=_first(fell.head(FIRST)),
    )


def changed_most(samples: SharedPredictions) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the pairs whose error grew, and those whose error fell, those with the largest change first.

    Both have the errors as the columns `before` and `after`.
    """
    before = sample_errors(samples.task, one_side(samples.pairs, BASE))
    after = sample_errors(samples.task, one_side(samples.pairs, ""))
    change = after - before
    grew = change[change > 0].sort_values(ascending=False, kind="stable")
    fell = change[change < 0].sort_values(kind="stable")
    with_errors = samples.pairs.assign(before=before, after=after)
    return with_errors.loc[grew.index], with_errors.loc[fell.index]


def _first(samples: pd.DataFrame) -> tuple[SampleError, ...]:
    """Return samples with their errors `before` and `after`."""
    return tuple(
        SampleError(
            name=sample_name(sample),
            target=plain(sample["target"]),
            base_says=plain(sample[PREDICTION + BASE]),
            head_says=plain(sample[PREDICTION]),
            error_before=sample["before"],
            error_after=sample["after"],
        )
        for _, sample in samples.iterrows()
    )


def sample_name(sample: pd.Series[Any]) -> str:
    """Return a sample by its image, or by its row where it has none."""
    return str(sample["image"]) if pd.notna(sample.get("image")) else f"row {sample['row']}"
