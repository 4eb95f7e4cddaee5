"""The samples whose error changed most."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

import pandas as pd

from specimen.evaluation.sample_errors import sample_errors
from specimen.models.predictions import PREDICTION
from specimen.reporting.formatting import number
from specimen.reporting.markdown import Section, code, escape, paragraphs, table
from specimen.reporting.shared_predictions import SharedPredictions
from specimen.reporting.shared_samples import BASE, one_side

MOST = 10
"""How many samples each list of changes names."""
HEADER = ("sample", "true", "base says", "this says", "error of base", "error now")


def samples_section(shared: Future[SharedPredictions]) -> Section:
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
    return Section(
        "Samples that changed most",
        paragraphs(
            _meaning(samples),
            f"**The error grew** on {len(grew)} of {len(change)} shared samples:",
            _table(with_errors.loc[grew.index[:MOST]]),
            f"**The error fell** on {len(fell)}:",
            _table(with_errors.loc[fell.index[:MOST]]),
        ),
    )


def _meaning(samples: SharedPredictions) -> str:
    unit = f" in {escape(samples.unit)}" if samples.unit else ""
    meanings = {
        "regression": f"Error: distance from the true value{unit}.",
        "classification": "Error: 1 minus the probability of the true class.",
    }
    return meanings[samples.task]


def _table(samples: pd.DataFrame) -> str:
    """Return a table of samples with their errors `before` and `after`."""
    rows = [
        (
            code(_name(sample)),
            number(sample["target"]),
            number(sample[PREDICTION + BASE]),
            number(sample[PREDICTION]),
            number(sample["before"]),
            number(sample["after"]),
        )
        for _, sample in samples.iterrows()
    ]
    return table(HEADER, rows) if rows else "None."


def _name(sample: pd.Series[Any]) -> str:
    return str(sample["image"]) if pd.notna(sample.get("image")) else f"row {sample['row']}"
