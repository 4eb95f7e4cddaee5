"""How often the test groups have been asked, as plain values."""

from __future__ import annotations

from specimen.reporting.facts.base import Count, Facts, NotKnown
from specimen.reporting.facts.verdict import Verdict


class Ledger(Facts):
    """The models of the base that were judged by the same test groups, and what follows from their number."""

    models: Count
    complete: bool
    """Whether all of the history is here."""
    false_better: float
    """The chance that one of them was called better although all are as good."""
    flatters: float | None
    """By which share of its value the metric of the best of them flatters; None where that is not known."""
    fresh: Verdict | NotKnown | None = None
    """The verdict on the groups that have come into test since; None where there are none."""
