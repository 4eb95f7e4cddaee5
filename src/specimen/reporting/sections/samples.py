"""The samples whose error changed most."""

from __future__ import annotations

from typing import Any

import pandas as pd

from specimen.evaluation.sample_errors import sample_errors
from specimen.models.predictions import PREDICTION
from specimen.reporting import shared_samples
from specimen.reporting.formatting import number
from specimen.reporting.markdown import Section, code, escape, paragraphs, table

MOST = 10
"""How many samples each list of changes names."""


def samples_section(shared: pd.DataFrame, task: str, unit: str) -> Section:
    """Return the ten samples whose error grew most, and the ten whose error fell most."""
    before, after = (
        sample_errors(task, shared_samples.one_side(shared, suffix)) for suffix in (shared_samples.BASE, "")
    )
    change = after - before
    grew = change[change > 0].sort_values(ascending=False, kind="stable").index[:MOST]
    fell = change[change < 0].sort_values(kind="stable").index[:MOST]
    what = {"regression": f"Error: distance from the true value{f' in {escape(unit)}' if unit else ''}.",
            "classification": "Error: 1 minus the probability of the true class."}[task]  # fmt: skip

    def rows(index: pd.Index[Any]) -> str:
        header = ("sample", "true", "base says", "this says", "error of base", "error now")
        lines = [(code(_name(shared.loc[row])), number(shared.loc[row, "target"]),
                  number(shared.loc[row, PREDICTION + shared_samples.BASE]), number(shared.loc[row, PREDICTION]),
                  number(float(before[row])), number(float(after[row]))) for row in index]  # fmt: skip
        return table(header, lines) if lines else "None."

    return Section(
        "Samples that changed most",
        paragraphs(what, f"**The error grew** on {(change > 0).sum()} of {len(change)} shared samples:", rows(grew),
                   f"**The error fell** on {(change < 0).sum()}:", rows(fell)),
    )  # fmt: skip


def _name(sample: pd.Series[Any]) -> str:
    return str(sample["image"]) if pd.notna(sample.get("image")) else f"row {sample['row']}"
