"""What changed in the metrics."""

from __future__ import annotations

from collections.abc import Sequence

from specimen.models.metric_registry import find_metric
from specimen.reporting.facts.changes import Change, Changes
from specimen.reporting.formatting import number
from specimen.reporting.markdown import Fold, Section, code, paragraphs, table

DATA_METRICS = "metrics/data.json"
"""Counts of rows, which have a section of their own."""
MOST_ROWS = 20
"""How many rows the open table has; all rows are in a fold."""
HEADER = ("", "base", "this", "change")


def metrics_section(changes: Changes) -> Section:
    """Return the metrics that changed in the open, all of them folded; without a base, those of the head as new."""
    differing = [change for change in changes.rows if change.differs]
    shown = [change for change in differing if "." not in change.key and change.file != DATA_METRICS][:MOST_ROWS]
    hidden = len(differing) - len(shown)
    return Section(
        "Metrics",
        paragraphs(
            _open_table(shown, changes.rows),
            f"{hidden} more changed: by class, by column or of the data." if hidden else "",
        ),
        _folds(changes),
    )


def _open_table(shown: Sequence[Change], changes: Sequence[Change]) -> str:
    if shown:
        note = "An arrow compares two bare numbers. Whether a difference is more than noise, the verdict says."
        return paragraphs(table(HEADER, [_row(change) for change in shown]), note)
    return "No metric of the test split changed." if changes else "There are no metrics."


def _folds(changes: Changes) -> list[Fold]:
    rows = [(*_row(change), code(change.file)) for change in changes.rows]
    return [Fold(f"All {number(changes.total)} metrics", (*HEADER, "file"), rows)] if rows else []


def _row(change: Change) -> tuple[str, str, str, str]:
    return code(change.key), number(change.old), number(change.new), describe_change(change)


def describe_change(change: Change) -> str:
    """Return the difference with an arrow, and whether it is for the better; of other values, what became of them."""
    if not change.differs:
        return ""
    if change.old is None:
        return "new"
    if change.new is None:
        return "gone"
    if not change.difference:
        return "other"
    way = {1: " better", -1: " worse", 0: ""}
    sign = 1 if change.difference > 0 else -1
    arrow = "↑" if change.difference > 0 else "↓"
    return f"{change.difference:+.4g} {arrow}{way[find_metric(change.key).direction * sign]}"
