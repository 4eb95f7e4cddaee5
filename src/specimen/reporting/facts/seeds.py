"""What trainings with other seeds say of a change, as plain values."""

from __future__ import annotations

from specimen.reporting.facts.base import Count, Facts, Text
from specimen.reporting.facts.verdict import Word


class RecipeVerdict(Facts):
    """The trainings of two recipes, of their code, params and data, compared: is one better whatever the seed?"""

    word: Word
    metric: Text
    unit: Text = ""
    before: float
    """The mean over the trainings of the base."""
    after: float
    low: float
    """Lower end of the interval of the difference, ..."""
    high: float
    level: float
    """... and its level."""
    base_trainings: Count
    head_trainings: Count
    apart: float
    """How far apart two trainings of one recipe are, on average over all pairs."""
    from_seeds: float
    """The share of the variance of the difference that comes from the seeds; the rest comes from the test groups."""
