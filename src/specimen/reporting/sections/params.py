"""What changed in the params."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future

from specimen.reporting.changes import Change, unchanged_values
from specimen.reporting.formatting import number
from specimen.reporting.markdown import Fold, Section, code, paragraphs, prose, table
from specimen.reporting.revision_outputs import PARAMS, RevisionOutputs
from specimen.versioning.errors import NotAvailableError

MOST_ROWS = 20
"""How many rows the open table has; all rows are in a fold."""
HEADER = ("", "base", "this")


def params_section(diff: Future[list[Change]], head: RevisionOutputs) -> Section:
    """Return the params that changed in the open, all of them folded; without a diff, the params of the head.

    Raises `NotAvailableError` where the head has no params either.
    """
    try:
        changes = diff.result()
    except NotAvailableError as error:
        changes = unchanged_values(PARAMS, head.params.result())
        return Section("Params", f"What changed is not known: {prose(error)}.", _folds(changes))
    differing = [change for change in changes if change.differs]
    more = f"{len(differing) - MOST_ROWS} more changed." if len(differing) > MOST_ROWS else ""
    return Section("Params", paragraphs(_open_table(differing, changes), more), _folds(changes))


def _open_table(differing: Sequence[Change], changes: Sequence[Change]) -> str:
    if differing:
        return table(HEADER, [_row(change) for change in differing[:MOST_ROWS]])
    return "No parameter changed." if changes else "There are none."


def _folds(changes: Sequence[Change]) -> list[Fold]:
    rows = [_row(change) for change in changes]
    return [Fold(f"All {len(rows)} params", HEADER, rows)] if rows else []


def _row(change: Change) -> tuple[str, str, str]:
    return code(change.key), number(change.old), number(change.new)
