"""What changed in the data."""

from __future__ import annotations

from typing import Any

import pandas as pd

from specimen.reporting.data_diff import DataDiff, Shift
from specimen.reporting.formatting import number
from specimen.reporting.markdown import Section, code, escape, paragraphs, table

FIRST = 10
"""How many samples a list names."""


def data_section(diff: DataDiff) -> Section:
    """Return what became of the samples, with the first ten of each kind."""
    lines = [f"{diff.before:,} samples in the base, {diff.after:,} now."]
    lines += [f"- **Added: {len(diff.added):,}.** {_first(diff.added.index)}"]
    lines += [f"- **Removed: {len(diff.removed):,}.** {_first(diff.removed.index)}"]
    changes = [f"{_name(name)} ({number(row['before'])} to {number(row['after'])})"
               for name, row in diff.relabelled.head(FIRST).iterrows()]  # fmt: skip
    lines += [f"- **Relabelled: {len(diff.relabelled):,}.** {_list(changes, len(diff.relabelled))}"]
    moves = [f"{_name(name)} ({escape(row['before'])} to {escape(row['after'])})"
             for name, row in diff.moved.head(FIRST).iterrows()]  # fmt: skip
    should = "" if diff.moved.empty else " There should be none: test samples of the base may be train samples now."
    lines += [f"- **Moved between splits: {len(diff.moved):,}.**{should} {_list(moves, len(diff.moved))}"]
    lines += [f"- **Newly rejected: {len(diff.newly_rejected):,}.** {_first(diff.newly_rejected)}"]
    counts = [
        (code(rule), number(int(row["before"])), number(int(row["after"]))) for rule, row in diff.rejected.iterrows()
    ]
    rejected = table(("rejected by rule", "base", "this"), counts) if counts else "No row is rejected, before or after."
    return Section(
        "Data", paragraphs(lines[0], "\n".join(line.rstrip() for line in lines[1:]), rejected, _shift(diff.shift))
    )


def _shift(shift: Shift) -> str:
    said = f"Target, base against this: {shift.name} {shift.distance:.3f} (0 alike, 1 nothing in common)"
    if shift.p_value is not None:
        verdict = "a shift" if shift.p_value < 0.05 else "no detectable shift"
        return f"{said}, p = {shift.p_value:.2g}: {verdict}."
    if shift.shares is None:
        return f"{said}."
    changed = shift.shares[shift.shares["before"] != shift.shares["after"]].head(FIRST)
    rows = [(code(name), f"{row['before']:.1%}", f"{row['after']:.1%}") for name, row in changed.iterrows()]
    return paragraphs(f"{said}.", table(("class", "share in base", "share now"), rows) if rows else "")


def _first(names: pd.Index[Any]) -> str:
    return _list([_name(name) for name in names[:FIRST]], len(names))


def _list(shown: list[str], count: int) -> str:
    return ", ".join(shown) + (f" and {count - len(shown):,} more" if count > len(shown) else "")


def _name(name: object) -> str:
    parts = name if isinstance(name, tuple) else (name,)
    return code(" row ".join(str(part) for part in parts))
