"""Numbers of the report, with their units."""

from __future__ import annotations

from typing import Any

import numpy as np

from specimen.evaluation.summary import IN_UNIT
from specimen.reporting.markdown import code, escape

IN_PERCENT = frozenset({"accuracy", "balanced_accuracy", "coverage"})
_NAMES = {"rmse": "RMSE", "mae": "MAE", "median_ae": "the median absolute error", "r2": "R2", "log_loss": "log loss",
          "mape": "MAPE", "macro_f1": "macro F1", "weighted_f1": "weighted F1"}  # fmt: skip


def number(value: Any) -> str:
    """Return a number with four significant digits, other values as code, and a dash for nothing."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return "-"
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
        return code(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def amount(value: float, metric: str, unit: str, sign: str = "") -> str:
    """Return the value of a metric with its unit; `sign` `+` makes it a difference."""
    if metric in IN_PERCENT:
        return f"{100 * value:{sign}.1f} {'points' if sign else '%'}"
    return f"{value:{sign}.4g}" + (f" {escape(unit)}" if unit and metric in IN_UNIT else "")
