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
    before = sample_errors(samples.task, one_side(samples.pairs, BASE))
    after = sample_errors(samples.task, one_side(samples.pairs, ""))
    change = after - before
    grew = change[change > 0].sort_values(ascending=False, kind="stable")
    fell = change[change < 0].sort_values(kind="stable")
    with_errors = samples.pairs.assign(before=before, after=after)
    return SampleErrors(
        task=samples.task,
        unit=samples.unit,
        shared=len(change),
        grew=len(grew),
        fell=len(fell),
        grew_most=_first(with_errors.loc[grew.index[:FIRST]]),
        fell_most=_first(with_errors.loc[fell.index[:FIRST]]),
    )


def _first(samples: pd.DataFrame) -> tuple[SampleError, ...]:
    """Return samples with their errors `before` and `after`."""
    return tuple(
        SampleError(
            name=_name(sample),
            target=plain(sample["target"]),
            base_says=plain(sample[PREDICTION + BASE]),
            head_says=plain(sample[PREDICTION]),
            error_before=sample["before"],
            error_after=sample["after"],
        )
        for _, sample in samples.iterrows()
    )


def _name(sample: pd.Series[Any]) -> str:
    return str(sample["image"]) if pd.notna(sample.get("image")) else f"row {sample['row']}"
