"""The verdict as plain values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import ConfigDict

from specimen.reporting.facts.base import Count

Word = Literal["better", "worse", "no detectable change", "not comparable"]


@dataclass(frozen=True)
class Power:
    """How large a change must be for a test split to find it in 8 of 10 cases."""

    __pydantic_config__: ClassVar[ConfigDict] = {"extra": "forbid", "ser_json_inf_nan": "constants"}

    change: float
    low: float
    high: float
    """The 95 % interval of that, as it is estimated from a few groups."""
    aim: float
    """Another change, ..."""
    groups: Count
    """... and how many groups it would take to find that."""
    relative: bool
    """Whether changes are shares of the metric; else they are differences."""


@dataclass(frozen=True)
class Verdict:
    """One word, and the numbers that it rests on; NaN where there are none."""

    __pydantic_config__: ClassVar[ConfigDict] = {"extra": "forbid", "ser_json_inf_nan": "constants"}

    word: Word
    metric: str
    reason: str = ""
    unit: str = ""
    before: float = math.nan
    after: float = math.nan
    difference: float = math.nan
    low: float = math.nan
    high: float = math.nan
    level: float = 0.95
    """Of the interval from `low` to `high`."""
    samples: Count = 0
    groups: Count = 0
    relabelled: Count = 0
    """Shared samples that were left out because their label has changed."""
    same_predictions: bool = False
    power: Power | None = None
    """None where it is not known."""
