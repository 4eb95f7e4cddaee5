"""Charts as Mermaid text, which GitHub and GitLab draw themselves: nothing is uploaded, and a diff can show them.

`xychart-beta` has no legend, so the colours are fixed and a line below the chart names them.
Source: https://mermaid.js.org/syntax/xyChart.html
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence

BASE, HEAD, TRUE = "#8c8c8c", "#1f77b4", "#e0a030"
"""Grey, blue and amber: apart from each other on a light and on a dark page, and to most colour-blind readers."""
LEGEND = {BASE: "grey", HEAD: "blue", TRUE: "amber"}
LONGEST_LABEL = 12

Series = tuple[str, str, Sequence[float]]
"""`line` or `bar`, its colour and its values."""


def chart(title: str, x: tuple[str, Sequence[object]], y: str, series: Sequence[Series]) -> str:
    """Return a Mermaid block. `x` is the name and the labels of the axis, `y` the name of the other.

    A series that is shorter than the axis stays at its last value, for Mermaid draws no gaps.
    """
    name, labels = x
    theme = {"xyChart": {"plotColorPalette": ", ".join(colour for _, colour, _ in series)}}
    settings = {"themeVariables": theme, "xyChart": {"width": 760, "height": 380}}
    low, high = _range_of([value for *_, values in series for value in values], from_zero=series[0][0] == "bar")
    lines = [
        f"%%{{init: {json.dumps(settings)}}}%%",
        "xychart-beta",
        f'  title "{plain(title, 80)}"',
        f'  x-axis "{plain(name, 40)}" [{", ".join(_label(label) for label in labels)}]',
        f'  y-axis "{plain(y, 40)}" {low:.4g} --> {high:.4g}',
        *(f"  {kind} [{', '.join(_numbers(values, len(labels)))}]" for kind, _, values in series),
    ]
    return "\n".join(["```mermaid", *lines, "```"])


def plain(text: object, limit: int = LONGEST_LABEL) -> str:
    """Return text of letters, digits, spaces and a few harmless signs: Mermaid has no way to quote the others."""
    kept = "".join(sign if sign.isalnum() or sign in " -+.,()/°" else " " for sign in str(text))
    kept = re.sub(r"(?i)www\.", "www ", " ".join(kept.split()))  # no link, as in the rest of the report
    return kept if len(kept) <= limit else kept[: limit - 2] + ".."


def _label(label: object) -> str:
    return f'"{plain(label) or "-"}"'


def _numbers(values: Sequence[float], length: int) -> list[str]:
    """Return `length` numbers; what is missing or not finite stays at the last value before, or takes the first."""
    last = next((value for value in values if math.isfinite(value)), 0.0)
    filled = []
    for value in [*values[:length], *[math.nan] * (length - len(values))]:
        last = value if math.isfinite(value) else last
        filled.append(f"{last:.4g}")
    return filled


def _range_of(values: Sequence[float], *, from_zero: bool) -> tuple[float, float]:
    """Return the ends of the y axis: a little beyond the values, and never the same."""
    finite = [float(value) for value in values if math.isfinite(value)] or [0.0]
    if from_zero:
        finite.append(0.0)
    low = min(finite)
    high = max(finite)
    margin = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    return (low if from_zero and low == 0 else low - margin), high + margin
