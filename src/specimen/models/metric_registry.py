"""What is known about each metric, in one place: its label, its unit, which way is better, and where it is used.

How a metric is computed is in `evaluation/measures.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Scale = Literal["unit", "percent", "plain"]
"""In the unit of the target; a share that is shown in percent; a plain number."""
Direction = Literal[-1, 0, 1]

LOWER: Direction = -1
HIGHER: Direction = 1
NEITHER: Direction = 0


@dataclass(frozen=True)
class Metric:
    """The facts about one metric."""

    name: str
    """Key in `metrics/test.json`."""
    label: str
    """What a sentence or a plot calls it."""
    direction: Direction
    """1 if a higher value is better, -1 if a lower one is, 0 if neither can be said."""
    scale: Scale = "plain"
    share: bool = False
    """Whether it is a number from 0 to 1 that is not an error."""
    positive: bool = False
    """Whether it is an error, which is never below 0."""
    has_interval: bool = False
    """Whether it gets an interval on the whole test split."""
    has_interval_by_group: bool = False
    """Whether it also gets one for each value of the columns in `evaluate.by`."""
    in_guess: bool = False
    """Whether the simplest guess is measured by it."""
    in_forest: bool = False
    """Whether model and random forest are compared by it."""

    @property
    def title(self) -> str:
        """The label at the beginning of a sentence."""
        return self.label[:1].upper() + self.label[1:]

    @property
    def higher_is_better(self) -> bool:
        """Whether a higher value is better."""
        return self.direction == HIGHER

    @property
    def may_decide(self) -> bool:
        """Whether the verdict on two models may rest on it: only if one way is better."""
        return self.direction != NEITHER


_EVERYWHERE = {"has_interval": True, "has_interval_by_group": True, "in_guess": True, "in_forest": True}

METRICS = {
    metric.name: metric
    for metric in (
        Metric("rmse", "RMSE", LOWER, "unit", positive=True, **_EVERYWHERE),
        Metric("mae", "MAE", LOWER, "unit", positive=True, **_EVERYWHERE),
        Metric("median_ae", "median absolute error", LOWER, "unit", positive=True, has_interval=True),
        Metric("r2", "R2", HIGHER, has_interval=True, in_forest=True),
        Metric("bias", "bias", NEITHER, "unit", has_interval=True, has_interval_by_group=True),
        Metric("mse", "MSE", LOWER, positive=True),
        Metric("mape", "MAPE", LOWER, positive=True, has_interval=True),
        Metric("coverage", "coverage", NEITHER, "percent", share=True, has_interval=True),
        Metric("interval_width", "interval width", LOWER, "unit", positive=True),
        Metric("accuracy", "accuracy", HIGHER, "percent", share=True, **_EVERYWHERE),
        Metric("balanced_accuracy", "balanced accuracy", HIGHER, "percent", share=True, **_EVERYWHERE),
        Metric("macro_f1", "macro F1", HIGHER, share=True, has_interval=True, in_forest=True),
        Metric("weighted_f1", "weighted F1", HIGHER, share=True, has_interval=True),
        Metric("top_3", "top-3 accuracy", HIGHER, share=True, has_interval=True),
        Metric("top_5", "top-5 accuracy", HIGHER, share=True, has_interval=True),
        Metric("log_loss", "log loss", LOWER, positive=True, has_interval=True, in_guess=True, in_forest=True),
        Metric("roc_auc", "ROC AUC", HIGHER, share=True, has_interval=True),
        # No interval: every resample has a larger calibration error than the sample that it comes from.
        Metric("calibration_error", "calibration error", LOWER),
        Metric("set_size", "set size", LOWER, positive=True),
        Metric("precision", "precision", HIGHER),
        Metric("recall", "recall", HIGHER),
        Metric("f1", "F1", HIGHER),
        Metric("unlike", "share of photos unlike the training photos", NEITHER),
        Metric("attention_inside", "share of the heat on the object", NEITHER),
        Metric("attention_on_top", "share of photos whose hottest place is on the object", NEITHER),
        Metric("attention_by_chance", "share of the picture that is the object", NEITHER),
        Metric("attention_inside_untrained", "share of the heat on the object with random weights", NEITHER),
        Metric(
            "attention_on_top_untrained", "share of photos whose hottest place is on it with random weights", NEITHER
        ),
    )
}
"""By name, in the order in which files and tables list them."""


def find_metric(key: str) -> Metric:
    """Return the metric of a key such as `rmse` or `per_class.leaf.f1`; an unknown one has no direction."""
    name = key.rsplit(".", maxsplit=1)[-1]
    return METRICS.get(name) or Metric(name, name.replace("_", " "), NEITHER)
