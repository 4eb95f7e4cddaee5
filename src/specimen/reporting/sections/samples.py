"""The samples whose error changed most."""

from __future__ import annotations

from collections.abc import Sequence

from specimen.reporting.facts.base import FIRST
from specimen.reporting.facts.samples import SampleError, SampleErrors
from specimen.reporting.formatting import number
from specimen.reporting.markdown import Section, code, escape, paragraphs, table

HEADER = ("sample", "true", "base says", "this says", "error of base", "error now")


def samples_section(samples: SampleErrors) -> Section:
    """Return the ten samples whose error grew most, and the ten whose error fell most."""
    return Section(
        "Samples that changed most",
        paragraphs(
            _meaning(samples),
            f"**The error grew** on {number(samples.grew)} of {number(samples.shared)} shared samples:",
            _table(samples.grew_most),
            f"**The error fell** on {number(samples.fell)}:",
            _table(samples.fell_most),
        ),
    )


def _meaning(samples: SampleErrors) -> str:
    unit = f" in {escape(samples.unit)}" if samples.unit else ""
    meanings = {
        "regression": f"Error: distance from the true value{unit}.",
        "classification": "Error: 1 minus the probability of the true class.",
    }
    return meanings[samples.task]


def _table(samples: Sequence[SampleError]) -> str:
    rows = [
        (
            code(sample.name),
            number(sample.target),
            number(sample.base_says),
            number(sample.head_says),
            number(sample.error_before),
            number(sample.error_after),
        )
        for sample in samples[:FIRST]
    ]
    return table(HEADER, rows) if rows else "None."
