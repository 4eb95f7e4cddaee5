"""What the test split says about a model; `results_files.py` writes it and reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

Numbers = Mapping[str, float]
"""Metrics by name; one that is not defined is absent."""


@dataclass(frozen=True)
class Bounds:
    """The ends of a 95 % interval."""

    low: float
    high: float


Intervals = Mapping[str, Bounds]
"""By the name of the metric; one without an interval is absent."""


@dataclass(frozen=True)
class Scores:
    """The metrics of some predictions."""

    metrics: Numbers
    samples: int
    groups: int
    intervals: Intervals


@dataclass(frozen=True)
class ClassScores:
    """How well one class is recognised; None where a score is not defined, as the recall of a class without samples."""

    precision: float | None
    recall: float | None
    f1: float | None
    support: int
    """Samples of the class."""


@dataclass(frozen=True)
class Attention:
    """Where the model looks: see `attention.py`."""

    inside: float
    """Mean share of the heat on the object."""
    on_top: float
    """Share of the photos whose hottest place is on the object."""
    by_chance: float
    """What heat spread evenly would have of both: the mean share of the area."""
    inside_untrained: float | None = None
    on_top_untrained: float | None = None
    """What networks with random weights have of both; None if these have no heat."""


@dataclass(frozen=True)
class Difference:
    """A metric of the model minus that of the forest."""

    value: float
    bounds: Bounds | None
    """None with too few groups."""


@dataclass(frozen=True)
class ForestScores:
    """The random forest on the features alone, and the model compared with it."""

    metrics: Numbers
    intervals: Intervals
    difference: Mapping[str, Difference]
    """By metric."""


@dataclass(frozen=True)
class Baselines:
    """What the model has to beat."""

    guess_name: str
    """`mean` or `majority`."""
    guess: Numbers
    forest: ForestScores | None
    """None without features."""


@dataclass(frozen=True)
class Results:
    """All that was measured on the test split."""

    scores: Scores
    by: Mapping[str, Mapping[str, Scores]]
    """By column and its values; empty without `evaluate.by`."""
    per_class: Mapping[str, ClassScores]
    """Empty for numbers."""
    unlike: float | None
    """Share of the photos that are unlike the training photos; None where that is not known."""
    attention: Attention | None
    """None without masks, pictures or heat."""
    baselines: Baselines

    def extra_numbers(self) -> dict[str, float]:
        """Return what is measured besides the metrics of the task, where it is known."""
        numbers: dict[str, float] = {}
        if self.unlike is not None:
            numbers["unlike"] = self.unlike
        if self.attention is not None:
            found = asdict(self.attention).items()
            numbers |= {f"attention_{name}": value for name, value in found if value is not None}
        return numbers

    def numbers(self) -> dict[str, float]:
        """Return all plain numbers of the model, by name, without counts."""
        return {**self.scores.metrics, **self.extra_numbers()}
