"""What was found in the samples, so that nobody types it twice: the content of `meta.json`."""

from __future__ import annotations

from specimen.common.facts import Facts, VersionedFacts
from specimen.common.numbers import MISSING_MARKS, Decimal
from specimen.config.base import Resize, TaskName
from specimen.data.dataset.features import Feature


class RowCounts(Facts):
    """What became of the rows of the label table."""

    rows: int
    kept: int
    without_group: int
    rejected: dict[str, int]
    """By rule; `warned` likewise."""
    warned: dict[str, int]


class Counts(RowCounts):
    """The same, with the samples of each split, and the groups of all."""

    split: dict[str, int]
    groups: int


class TargetStatistics(Facts):
    """Mean and standard deviation of the target in the train split, in its unit."""

    mean: float
    std: float


class DatasetMeta(VersionedFacts):
    """What a packed data set is: its task, its pictures, its features, and how many samples there are."""

    task: TaskName
    target: str
    """Name of the column."""
    unit: str
    image_size: int
    """Side of the square pictures in pixels; 0: there are none."""
    resize: Resize
    white_level: float | None
    """Value that is white in photos of more than 8 bits; None: what the file says."""
    class_names: tuple[str, ...]
    """Sorted; empty for numbers."""
    train_target: TargetStatistics | None
    """None for classes."""
    features: dict[str, Feature]
    """How to encode each, found on the train split."""
    decimal: Decimal = "auto"
    """How numbers in sheets are written, and texts that stand for a missing value; prediction reads the same sheets."""
    missing: tuple[str, ...] = MISSING_MARKS
    counts: Counts
