"""The numbers behind the charts."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from specimen.reporting.facts.base import MOST_ROWS, Count, Facts, NotKnown, Text

Numbers = Annotated[tuple[float, ...], Field(max_length=MOST_ROWS)]


class Curve(Facts):
    """What training measured on val by epoch."""

    column: Text
    base: Numbers = ()
    head: Numbers = ()


class TenthMeans(Facts):
    """The mean of the target and of both predictions, in tenths of the shared test samples by target."""

    unit: Text
    target: Numbers
    base: Numbers
    head: Numbers


class ClassScore(Facts):
    """F1 of a class."""

    name: Text
    before: float
    after: float


class ClassScores(Facts):
    """F1 of the classes, the largest change first."""

    rows: tuple[ClassScore, ...]
    total: Count


class ChartFacts(Facts):
    """The curves of both trainings, and where the predictions changed."""

    curves: tuple[Curve, ...]
    base_epochs: Count | None
    """None where the base has no history."""
    head_epochs: Count
    predictions: TenthMeans | ClassScores | NotKnown
