"""The results of a sweep, as plots."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from matplotlib.ticker import MaxNLocator

from specimen.models.metric_registry import find_metric
from specimen.plotting.style import BLUE, GREY, ORANGE, plot, shortened


def draw_trials(path: Path, trials: pd.DataFrame, metric: str, *, higher_is_better: bool) -> None:
    """Draw the val metric of each trial, and the best so far; `trials` has number, value (best epoch) and pruned."""
    with plot(path) as axes:
        done = trials[~trials["pruned"]]
        pruned = trials[trials["pruned"]]
        axes.scatter(pruned["number"], pruned["value"], facecolors="none", edgecolors=GREY, label="stopped early")
        axes.scatter(done["number"], done["value"], color=BLUE, label="finished")
        best = done["value"].cummax() if higher_is_better else done["value"].cummin()
        axes.step(done["number"], best, where="post", color=ORANGE, label="best so far")
        axes.set(
            xlabel="trial",
            ylabel=find_metric(metric.removeprefix("val_")).label,
            title="Best epoch of each trial, on val",
        )
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend()


def draw_importance(path: Path, importance: Mapping[str, float]) -> None:
    """Draw how much of the spread between trials each param explains."""
    names = sorted(importance, key=lambda name: importance[name])
    with plot(path, height=1.6 + 0.45 * len(names)) as axes:
        axes.barh([shortened(name, 30) for name in names], [importance[name] for name in names], color=BLUE)
        axes.grid(visible=False, axis="y")
        axes.set(xlim=(0, 1), xlabel="share of the spread between trials", title="Which params matter")
