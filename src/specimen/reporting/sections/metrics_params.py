"""What changed against the base, as tables: metrics, params and data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from specimen.reporting.data_diff import DataDiff, Shift
from specimen.reporting.markdown import Fold, Section, code, escape, paragraphs, prose, table
from specimen.reporting.sections.verdict import number
from specimen.reporting.verdict import direction

DATA_METRICS = "metrics/data.json"
"""Counts of rows, which have a section of their own."""
FIRST = 10
"""How many samples a list names."""
MOST_ROWS = 20
"""How many rows of a table stand in the open; all of them stand in a fold."""

Diff = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""As DVC prints it: file, key, then `old` and `new`, one of which may be absent."""
HEADER = ("", "base", "this", "change")


def without_base(file: str, content: Mapping[str, Any], base_too: bool = False) -> Diff:
    """Return the values of one revision as a diff, nested keys joined by dots, where DVC has nothing to compare."""
    flat: dict[str, Any] = {}

    def walk(prefix: str, value: Any) -> None:
        if isinstance(value, Mapping) and value:
            for key, item in value.items():
                walk(f"{prefix}.{key}" if prefix else str(key), item)
        else:
            flat[prefix] = value

    walk("", content)
    return {file: {key: {"new": value} | ({"old": value} if base_too else {}) for key, value in flat.items()}}


def metrics_section(diff: Diff) -> Section:
    """Return the metrics that changed in the open, all of them folded."""
    rows = [(file, key, change) for file, keys in sorted(diff.items()) for key, change in sorted(keys.items())]
    changed = [
        (key, change) for file, key, change in rows if _differs(change) and "." not in key and file != DATA_METRICS
    ]
    shown = [(code(key), number(change.get("old")), number(change.get("new")), _change(key, change))
             for key, change in changed[:MOST_ROWS]]  # fmt: skip
    whole = [(code(key), number(change.get("old")), number(change.get("new")), _change(key, change), code(file))
             for file, key, change in rows]  # fmt: skip
    hidden = sum(_differs(change) for *_, change in rows) - len(shown)
    body = (
        table(HEADER, shown) if shown else "No metric of the test split changed." if rows else "There are no metrics."
    )
    note = "An arrow compares two bare numbers. Whether a difference is more than noise, the verdict says."
    more = f"{hidden} more changed: by class, by column or of the data." if hidden > 0 else ""
    folds = [Fold(f"All {len(whole)} metrics", (*HEADER, "file"), whole)] if whole else []
    return Section("Metrics", paragraphs(body, note if shown else "", more), folds)


def params_section(diff: Diff, unknown: str = "") -> Section:
    """Return the params that changed in the open, all of them folded; `unknown` says why changes are not known."""
    rows = [(key, change) for _, keys in sorted(diff.items()) for key, change in sorted(keys.items())]
    cells = [(code(key), number(change.get("old")), number(change.get("new"))) for key, change in rows]
    changed = [line for line, (_, change) in zip(cells, rows, strict=True) if _differs(change)]
    body = table(HEADER[:3], changed[:MOST_ROWS]) if changed else "No parameter changed." if rows else "There are none."
    body = f"What changed is not known: {prose(unknown)}." if unknown else body
    more = f"{len(changed) - MOST_ROWS} more changed." if len(changed) > MOST_ROWS else ""
    folds = [Fold(f"All {len(cells)} params", HEADER[:3], cells)] if cells else []
    return Section("Params", paragraphs(body, more), folds)


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


def _differs(change: Mapping[str, Any]) -> bool:
    return bool(change.get("old") != change.get("new"))


def _change(key: str, change: Mapping[str, Any]) -> str:
    """Return the difference with an arrow, and whether that way is the better one."""
    difference = change.get("diff")
    if not difference or not _differs(change):
        return "" if not _differs(change) else "new" if change.get("old") is None else "other"
    way = {1: " better", -1: " worse", 0: ""}[direction(key) * (1 if difference > 0 else -1)]
    return f"{difference:+.4g} {'↑' if difference > 0 else '↓'}{way}"


def _first(names: pd.Index[Any]) -> str:
    return _list([_name(name) for name in names[:FIRST]], len(names))


def _list(shown: list[str], count: int) -> str:
    return ", ".join(shown) + (f" and {count - len(shown):,} more" if count > len(shown) else "")


def _name(name: object) -> str:
    parts = name if isinstance(name, tuple) else (name,)
    return code(" row ".join(str(part) for part in parts))
