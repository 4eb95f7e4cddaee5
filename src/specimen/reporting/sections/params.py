"""What changed in the params."""

from __future__ import annotations

from collections.abc import Sequence

from specimen.reporting.facts.changes import Change, Changes
from specimen.reporting.formatting import number
from specimen.reporting.markdown import Fold, Section, code, paragraphs, prose, table

MOST_ROWS = 20
"""How many rows the open table has; all rows are in a fold."""
HEADER = ("", "base", "this")


def params_section(changes: Changes) -> Section:
    """Return the params that changed in the open, all of them folded; without a base, those of the head."""
    title = f"All {number(changes.total)} params"
    if changes.base_unknown:
        known = [(code(change.key), number(change.new)) for change in changes.rows]
        reason = f"What changed is not known: {prose(changes.base_unknown.reason)}."
        return Section("Params", reason, [Fold(title, ("", "this"), known)])
    rows = [_row(change) for change in changes.rows]
    differing = [change for change in changes.rows if change.differs]
    more = f"{len(differing) - MOST_ROWS} more changed." if len(differing) > MOST_ROWS else ""
    folds = [Fold(title, HEADER, rows)] if rows else []
    return Section("Params", paragraphs(_open_table(differing, changes.rows), more), folds)


def _open_table(differing: Sequence[Change], changes: Sequence[Change]) -> str:
    if differing:
        return table(HEADER, [_row(change) for change in differing[:MOST_ROWS]])
    return "No parameter changed." if changes else "There are none."


def _row(change: Change) -> tuple[str, str, str]:
    return code(change.key), number(change.old), number(change.new)
