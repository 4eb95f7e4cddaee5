"""Numbers of the report, with their units."""

from __future__ import annotations

from typing import Any

import numpy as np

from specimen.models.metric_registry import find_metric
from specimen.reporting.markdown import code, escape


def number(value: Any) -> str:
    """Return a number with four significant digits, other values as code, and a dash for nothing."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return "-"
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
        return code(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def amount(value: float, metric: str, unit: str, sign: str = "") -> str:
    """Return the value of a metric with its unit; `sign` `+` makes it a difference."""
    scale = find_metric(metric).scale
    if scale == "percent":
        return f"{100 * value:{sign}.1f} {'points' if sign else '%'}"
    return f"{value:{sign}.4g}" + (f" {escape(unit)}" if unit and scale == "unit" else "")
