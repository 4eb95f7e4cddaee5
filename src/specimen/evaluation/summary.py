"""What `metrics/test.json` says, in lines and sentences for people."""

from __future__ import annotations

import math
from typing import Any

from specimen.models.metric_registry import METRICS


def lines(results: dict[str, Any]) -> list[str]:
    """Return a line for each metric: its value, its 95 % interval and what the baselines reach."""
    baselines = {{"forest": "features alone"}.get(name, name): found for name, found in results["baseline"].items()}
    intervals = results.get("interval", {})
    table = []
    for name, value in results.items():
        if not isinstance(value, float):
            continue
        bounds = intervals.get(name)
        interval = f"{bounds['low']:.4g} to {bounds['high']:.4g}" if bounds else ""
        others = [f"{label} {found[name]:.4g}" for label, found in baselines.items() if name in found]
        table.append(f"  {name:<18} {value:<11.4g} {interval:<22} {', '.join(others)}".rstrip())
    return table


def gain_over_features(results: dict[str, Any], unit: str, *, sees_pictures: bool = True) -> str | None:
    """Return a sentence on what the model adds to a forest of the features alone; None where there was no forest.

    It names the first metric of `baseline.forest.difference`.
    """
    forest = results["baseline"].get("forest")
    if forest is None:
        return None
    name, difference = next(iter(forest["difference"].items()))
    metric = METRICS[name]
    unit = f" {unit}" if unit and metric.scale == "unit" else ""
    old, new = forest[name], results[name]
    digits = _decimals(max(abs(old), abs(new)))
    who, without = ("The picture", "features alone") if sees_pictures else ("The model", "random forest")
    change = f"{difference['value']:+.{digits}f}{unit}"
    said = f"{who} takes {metric.label} from {old:.{digits}f}{unit} ({without}) to {new:.{digits}f}{unit}"
    if "low" not in difference:
        return f"{said}: {change}, on one group, so without an interval."
    low, high = difference["low"], difference["high"]
    doubt = "; 0 lies within, so this test split cannot tell them apart" if low <= 0 <= high else ""
    return f"{said}: {change} (95 % interval {low:+.{digits}f} to {high:+.{digits}f}{doubt})."


def _decimals(size: float) -> int:
    """Return how many decimals show three digits of a number."""
    return max(0, 2 - math.floor(math.log10(size))) if size > 0 else 3
