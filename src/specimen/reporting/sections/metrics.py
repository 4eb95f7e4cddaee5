"""What changed in the metrics."""

from __future__ import annotations

import math
from collections.abc import Sequence

from specimen.evaluation.narrow_intervals import TOO_NARROW
from specimen.models.metric_registry import NEITHER, find_metric
from specimen.reporting.facts.changes import Change, Changes
from specimen.reporting.formatting import number
from specimen.reporting.markdown import Fold, Section, code, paragraphs, prose, table

DATA_METRICS = "metrics/data.json"
"""Counts of rows, which have a section of their own."""
MOST_ROWS = 20
"""How many rows the open table has; all rows are in a fold."""
HEADER = ("", "base", "this", "change")


def metrics_section(changes: Changes) -> Section:
    """Return the metrics that changed in the open, all of them folded; without a base, those of the head as new."""
    if changes.base_unknown:
        return _without_base(changes, changes.base_unknown.reason)
    differing = [change for change in changes.rows if change.differs]
    shown = [change for change in differing if _is_open(change)][:MOST_ROWS]
    hidden = len(differing) - len(shown)
    more = f"{hidden} more changed: by class, by column or of the data." if hidden else ""
    rows = [(*_row(change, changes), code(change.file)) for change in changes.rows]
    folds = [Fold(_title(changes), (*HEADER, "file"), rows, note=_note(changes))] if rows else []
    return Section("Metrics", paragraphs(_open_table(shown, changes), more), folds)


def _without_base(changes: Changes, reason: str) -> Section:
    header = ("", "this", "file")
    rows = [(code(change.key), number(change.new), code(change.file)) for change in changes.rows]
    shown = [row for row, change in zip(rows, changes.rows, strict=True) if _is_open(change)][:MOST_ROWS]
    body = paragraphs(f"What changed is not known: {prose(reason)}.", table(header, shown) if shown else "")
    return Section("Metrics", body, [Fold(_title(changes), header, rows, note=_note(changes))])


def _is_open(change: Change) -> bool:
    return "." not in change.key and change.file != DATA_METRICS


def _open_table(shown: Sequence[Change], changes: Changes) -> str:
    if not shown:
        return "No metric of the test split changed." if changes.rows else "There are no metrics."
    if changes.comparable:
        note = "An arrow compares two bare numbers. Whether a difference is more than noise, the verdict says."
    else:
        note = "The two columns are not measured on the same test samples, so no row says better or worse."
    return paragraphs(table(HEADER, [_row(change, changes) for change in shown]), note)


def _title(changes: Changes) -> str:
    return f"All {number(changes.total)} metrics"


def _note(changes: Changes) -> str:
    """Return for which metrics the intervals among the rows are too narrow."""
    with_interval = {change.key.rpartition(".")[0] for change in changes.rows}
    return TOO_NARROW if with_interval & {"interval.rmse", "interval.r2"} else ""


def _row(change: Change, changes: Changes) -> tuple[str, str, str, str]:
    described = describe_change(change, comparable=changes.comparable)
    return code(change.key), number(change.old), number(change.new), described


def describe_change(change: Change, *, comparable: bool) -> str:
    """Return the difference with an arrow, and where both are comparable, whether it is for the better.

    Of other values it says what became of them; NaN is neither better nor worse.
    """
    if not change.differs:
        return ""
    if change.old is None:
        return "new"
    if change.new is None:
        return "gone"
    if not change.difference or not math.isfinite(change.difference):
        return "other"
    way = {1: " better", -1: " worse", 0: ""}
    sign = 1 if change.difference > 0 else -1
    arrow = "↑" if change.difference > 0 else "↓"
    direction = find_metric(change.key).direction if comparable else NEITHER
    return f"{change.difference:+.4g} {arrow}{way[direction * sign]}"
