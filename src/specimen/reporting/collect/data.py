"""What became of the samples."""

from __future__ import annotations

from concurrent.futures import Future

import pandas as pd

from specimen.reporting.data_diff import Shift, compare
from specimen.reporting.facts.base import FIRST, first_names, plain
from specimen.reporting.facts.data import (
    BatchCount,
    BatchCounts,
    ClassShare,
    DataChanges,
    RuleCount,
    SampleChange,
    SampleChanges,
    TargetShift,
)
from specimen.reporting.revision_outputs import RevisionOutputs
from specimen.versioning.errors import NotAvailableError


def collect_data(base: RevisionOutputs, head: RevisionOutputs) -> DataChanges:
    """Return what became of the samples, with the first ten of each kind.

    Raises `NotAvailableError` where a revision has no prepared data, `NotComparableError` where its samples have no
    names.
    """
    diff = compare(base.samples.result(), head.samples.result(), base.rejected.result(), head.rejected.result())
    return DataChanges(
        before=diff.before,
        after=diff.after,
        added=first_names(map(_name, diff.added.index)),
        removed=first_names(map(_name, diff.removed.index)),
        new_batches=_batches(diff.new_batches),
        gone_batches=_batches(diff.gone_batches),
        relabelled=_first(diff.relabelled),
        moved=_first(diff.moved),
        replaced=first_names(map(_name, diff.replaced)),
        newly_rejected=first_names(map(_name, diff.newly_rejected)),
        rejected=tuple(
            RuleCount(rule=str(rule), before=row["before"], after=row["after"])
            for rule, row in diff.rejected.iterrows()
        ),
        unused_before=_count(base.ignored),
        unused_after=_count(head.ignored),
        shift=_shift(diff.shift),
    )


def _count(ignored: Future[pd.DataFrame]) -> int | None:
    try:
        return len(ignored.result())
    except NotAvailableError:
        return None


def _first(changed: pd.DataFrame) -> SampleChanges:
    first = tuple(
        SampleChange(name=_name(name), before=plain(row["before"]), after=plain(row["after"]))
        for name, row in changed.head(FIRST).iterrows()
    )
    return SampleChanges(first=first, count=len(changed))


def _batches(samples: pd.Series[int]) -> BatchCounts:
    first = [BatchCount(name=str(name), samples=count) for name, count in samples.head(FIRST).items()]
    return BatchCounts(first=tuple(first), count=len(samples))


def _shift(shift: Shift) -> TargetShift:
    shares: tuple[ClassShare, ...] = ()
    if shift.shares is not None:
        changed = shift.shares[shift.shares["before"] != shift.shares["after"]].head(FIRST)
        shares = tuple(
            ClassShare(name=str(name), before=row["before"], after=row["after"]) for name, row in changed.iterrows()
        )
    return TargetShift(name=shift.name, distance=shift.distance, p_value=shift.p_value, shares=shares)


def _name(key: object) -> str:
    """Return a sample by its image, its row, or both."""
    values = key if isinstance(key, tuple) else (key,)
    return " row ".join(map(str, values))
