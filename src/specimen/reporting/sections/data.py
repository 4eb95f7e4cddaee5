"""What changed in the data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from specimen.reporting.data_diff import DataDiff, Shift, compare
from specimen.reporting.formatting import number
from specimen.reporting.markdown import Section, code, escape, paragraphs, table
from specimen.reporting.revision_outputs import RevisionOutputs

FIRST = 10
"""How many samples a list names."""
SIGNIFICANT = 0.05
"""A p-value below it is called a shift."""


def data_section(base: RevisionOutputs, head: RevisionOutputs) -> Section:
    """Return what became of the samples, with the first ten of each kind.

    Raises `NotAvailableError` where a revision has no prepared data, `NotComparableError` where its samples have no
    names.
    """
    diff = compare(base.samples.result(), head.samples.result(), base.rejected.result(), head.rejected.result())
    total = f"{diff.before:,} samples in the base, {diff.after:,} now."
    return Section("Data", paragraphs(total, _changes(diff), _rejected(diff), _shift(diff.shift)))


def _changes(diff: DataDiff) -> str:
    relabelled = [
        f"{_name(name)} ({number(row['before'])} to {number(row['after'])})"
        for name, row in diff.relabelled.head(FIRST).iterrows()
    ]
    moved = [
        f"{_name(name)} ({escape(row['before'])} to {escape(row['after'])})"
        for name, row in diff.moved.head(FIRST).iterrows()
    ]
    lines = [
        f"- **Added: {len(diff.added):,}.** {_first(diff.added.index)}",
        f"- **Removed: {len(diff.removed):,}.** {_first(diff.removed.index)}",
        f"- **Relabelled: {len(diff.relabelled):,}.** {_list(relabelled, len(diff.relabelled))}",
        f"- **Moved between splits: {len(diff.moved):,}.** {_warning(diff)}{_list(moved, len(diff.moved))}",
        f"- **Newly rejected: {len(diff.newly_rejected):,}.** {_first(diff.newly_rejected)}",
    ]
    return "\n".join(line.rstrip() for line in lines)


def _warning(diff: DataDiff) -> str:
    if diff.moved.empty:
        return ""
    return "There should be none: test samples of the base may be train samples now. "


def _rejected(diff: DataDiff) -> str:
    counts = [
        (code(rule), number(int(row["before"])), number(int(row["after"]))) for rule, row in diff.rejected.iterrows()
    ]
    return table(("rejected by rule", "base", "this"), counts) if counts else "No row is rejected, before or after."


def _shift(shift: Shift) -> str:
    distance = f"Target, base against this: {shift.name} {shift.distance:.3f} (0 alike, 1 nothing in common)"
    if shift.p_value is not None:
        answer = "a shift" if shift.p_value < SIGNIFICANT else "no detectable shift"
        return f"{distance}, p = {shift.p_value:.2g}: {answer}."
    if shift.shares is None:
        return f"{distance}."
    changed = shift.shares[shift.shares["before"] != shift.shares["after"]].head(FIRST)
    rows = [(code(name), f"{row['before']:.1%}", f"{row['after']:.1%}") for name, row in changed.iterrows()]
    return paragraphs(f"{distance}.", table(("class", "share in base", "share now"), rows) if rows else "")


def _first(names: pd.Index[Any]) -> str:
    return _list([_name(name) for name in names[:FIRST]], len(names))


def _list(shown: Sequence[str], count: int) -> str:
    return ", ".join(shown) + (f" and {count - len(shown):,} more" if count > len(shown) else "")


def _name(key: object) -> str:
    """Return a sample by its image, its row, or both."""
    values = key if isinstance(key, tuple) else (key,)
    return code(" row ".join(map(str, values)))
