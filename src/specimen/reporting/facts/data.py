"""What became of the data, as plain values."""

from __future__ import annotations

from typing import Literal

from specimen.reporting.facts.base import Count, Facts, Names, Text, Value


class SampleChange(Facts):
    """A sample with another label, or in another split."""

    name: Text
    before: Value
    after: Value


class SampleChanges(Facts):
    """The first samples of a kind, and how many there are."""

    first: tuple[SampleChange, ...] = ()
    count: Count = 0


class BatchCount(Facts):
    """How many samples are from a batch."""

    name: Text
    samples: Count


class BatchCounts(Facts):
    """The first batches of a kind, and how many there are."""

    first: tuple[BatchCount, ...] = ()
    count: Count = 0


class RuleCount(Facts):
    """How many rows a rule rejects."""

    rule: Text
    before: Count
    after: Count


class ClassShare(Facts):
    """The share of a class in all samples."""

    name: Text
    before: float
    after: float


class TargetShift(Facts):
    """How far apart the targets are, from 0 (alike) to 1 (nothing in common)."""

    name: Literal["Kolmogorov-Smirnov distance", "total variation distance"]
    distance: float
    p_value: float | None = None
    """Probability of such a distance, or a larger one, between two samples of one population."""
    shares: tuple[ClassShare, ...] = ()
    """Of classes, those whose share changed most."""


class DataChanges(Facts):
    """The samples that differ."""

    before: Count
    after: Count
    added: Names
    removed: Names
    new_batches: BatchCounts = BatchCounts()
    gone_batches: BatchCounts = BatchCounts()
    relabelled: SampleChanges
    moved: SampleChanges
    replaced: Names
    """Samples whose photo has other bytes, under the same name."""
    newly_rejected: Names
    rejected: tuple[RuleCount, ...]
    unused_before: Count | None = None
    """How many files below `data.root` nothing uses; None where a revision does not say."""
    unused_after: Count | None = None
    shift: TargetShift
