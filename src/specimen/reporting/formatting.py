"""Numbers of the report, with their units."""

from __future__ import annotations

import math

from specimen.models.metric_registry import find_metric
from specimen.reporting.facts.base import Value
from specimen.reporting.markdown import code, escape

LARGEST_PERCENT = 999.5
LARGEST_PLAIN = 1e9
MOST_DECIMALS = 7


def number(value: Value) -> str:
    """Return a number with four significant digits, other values as code, and a dash for nothing."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    if isinstance(value, (bool, str)):
        return code(value)
    return escape(f"{value:,}") if isinstance(value, int) else f"{value:.4g}"


def amount(value: float, metric: str, unit: str, sign: str = "") -> str:
    """Return the value of a metric with its unit; `sign` `+` makes it a difference, `points` the size of one."""
    scale = find_metric(metric).scale
    plus = "+" if sign == "+" else ""
    if scale == "percent":
        return f"{100 * value:{plus}.1f} {'points' if sign else '%'}"
    return f"{value:{plus}.4g}" + (f" {escape(unit)}" if unit and scale == "unit" else "")


def from_to(before: float, after: float, metric: str, unit: str) -> str:
    """Return two values of a metric with as many decimals, such as `from 0.0593 to 0.0522 g`.

    Two values that differ in no digit that is shown are named once.
    """
    scale = find_metric(metric).scale
    if scale == "percent":
        before, after, unit = 100 * before, 100 * after, "%"
        style = ".1f"
    else:
        decimals = _decimals(before, after)
        style = f".{decimals}f" if decimals <= MOST_DECIMALS and abs(after) < LARGEST_PLAIN else ".3g"
        unit = escape(unit) if scale == "unit" else ""
    first, second = f"{before:{style}}", f"{after:{style}}"
    ending = f" {unit}" if unit else ""
    return f"from {first} to {second}{ending}" if first != second else f"about {second}{ending} in both"


def _decimals(before: float, after: float) -> int:
    """Return how many decimals show three digits of the larger value, and two of the difference."""
    digits = [2 - _exponent(max(abs(before), abs(after))), 1 - _exponent(abs(after - before))]
    return max(0, *digits)


def _exponent(value: float) -> int:
    return math.floor(math.log10(value)) if 0 < value < math.inf else 0


def change_in_percent(before: float, after: float) -> str:
    """Return by how much a value changed, such as `12 %`; nothing where that says little: from 0, or too large."""
    percent = 100 * (abs(after - before) / before) if before > 0 else math.inf
    if not percent < LARGEST_PERCENT:
        return ""
    if 0 < percent < 0.05:
        return "less than 0.1 %"
    return f"{percent:.0f} %" if percent >= 9.95 else f"{percent:.1f} %"
