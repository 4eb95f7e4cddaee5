"""Numbers of the report, with their units."""

from __future__ import annotations

import math

from specimen.models.metric_registry import find_metric
from specimen.reporting.facts.base import Value
from specimen.reporting.markdown import code, escape


def number(value: Value) -> str:
    """Return a number with four significant digits, other values as code, and a dash for nothing."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    if isinstance(value, (bool, str)):
        return code(value)
    return escape(f"{value:,}") if isinstance(value, int) else f"{value:.4g}"


def amount(value: float, metric: str, unit: str, sign: str = "") -> str:
    """Return the value of a metric with its unit; `sign` `+` makes it a difference."""
    scale = find_metric(metric).scale
    if scale == "percent":
        return f"{100 * value:{sign}.1f} {'points' if sign else '%'}"
    return f"{value:{sign}.4g}" + (f" {escape(unit)}" if unit and scale == "unit" else "")
