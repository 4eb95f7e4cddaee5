"""What the test split says about a model, in lines and sentences for people."""

from __future__ import annotations

import math

from specimen.evaluation.results import Results
from specimen.models.metric_registry import METRICS


def lines(results: Results) -> list[str]:
    """Return a line for each metric: its value, its 95 % interval and what the baselines reach."""
    baselines = {results.baselines.guess_name: results.baselines.guess}
    if results.baselines.forest is not None:
        baselines["features alone"] = results.baselines.forest.metrics
    table = []
    for name, value in results.numbers().items():
        bounds = results.scores.intervals.get(name)
        interval = f"{bounds.low:.4g} to {bounds.high:.4g}" if bounds else ""
        others = [f"{label} {metrics[name]:.4g}" for label, metrics in baselines.items() if name in metrics]
        table.append(f"  {name:<18} {value:<11.4g} {interval:<22} {', '.join(others)}".rstrip())
    return table


def gain_over_features(results: Results, unit: str, *, sees_pictures: bool = True) -> str | None:
    """Return a sentence on what the model adds to a forest of the features alone; None where there was no forest.

    It is about the first metric by which the two are compared.
    """
    forest = results.baselines.forest
    if forest is None:
        return None
    name, difference = next(iter(forest.difference.items()))
    metric = METRICS[name]
    unit = f" {unit}" if unit and metric.scale == "unit" else ""
    old = forest.metrics[name]
    new = results.scores.metrics[name]
    digits = _decimals(max(abs(old), abs(new)))
    subject = "The picture" if sees_pictures else "The model"
    without = "features alone" if sees_pictures else "random forest"
    sentence = (
        f"{subject} takes {metric.label} from {old:.{digits}f}{unit} ({without}) to {new:.{digits}f}{unit}: "
        f"{difference.value:+.{digits}f}{unit}"
    )
    if difference.bounds is None:
        return f"{sentence}, on too few groups for an interval."
    low = difference.bounds.low
    high = difference.bounds.high
    doubt = "; it includes 0, so this test split cannot tell the two apart" if low <= 0 <= high else ""
    return f"{sentence} (95 % interval {low:+.{digits}f} to {high:+.{digits}f}{doubt})."


def _decimals(size: float) -> int:
    """Return how many decimals show three digits of a number."""
    return max(0, 2 - math.floor(math.log10(size))) if size > 0 else 3
