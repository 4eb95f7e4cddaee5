"""What changed against the base, as tables: metrics, params and data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specimen.common.flattening import flatten
from specimen.models.metric_registry import find_metric
from specimen.reporting.formatting import number
from specimen.reporting.markdown import Fold, Section, code, paragraphs, prose, table

DATA_METRICS = "metrics/data.json"
"""Counts of rows, which have a section of their own."""
MOST_ROWS = 20
"""How many rows of a table stand in the open; all of them stand in a fold."""

Diff = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""As DVC prints it: file, key, then `old` and `new`, one of which may be absent."""
HEADER = ("", "base", "this", "change")


def single_revision_diff(file: str, content: Mapping[str, Any], base_too: bool = False) -> Diff:
    """Return the values of one revision as a diff, nested keys joined by dots, where DVC has nothing to compare."""
    flat = flatten(content, ".")
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


def _differs(change: Mapping[str, Any]) -> bool:
    return bool(change.get("old") != change.get("new"))


def _change(key: str, change: Mapping[str, Any]) -> str:
    """Return the difference with an arrow, and whether that way is the better one."""
    difference = change.get("diff")
    if not difference or not _differs(change):
        return "" if not _differs(change) else "new" if change.get("old") is None else "other"
    way = {1: " better", -1: " worse", 0: ""}[find_metric(key).direction * (1 if difference > 0 else -1)]
    return f"{difference:+.4g} {'↑' if difference > 0 else '↓'}{way}"
