"""The samples whose error changed most, as plain values."""

from __future__ import annotations

from typing import Literal

from specimen.reporting.facts.base import Count, Facts, Text, Value


class SampleError(Facts):
    """What both revisions say of a sample."""

    name: Text
    target: Value
    base_says: Value
    head_says: Value
    error_before: float
    error_after: float


class SampleErrors(Facts):
    """The shared test samples whose error grew or fell most."""

    task: Literal["regression", "classification"]
    unit: Text
    shared: Count
    grew: Count
    fell: Count
    grew_most: tuple[SampleError, ...]
    fell_most: tuple[SampleError, ...]
