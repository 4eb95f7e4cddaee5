"""Which features a model, or the random forest, relies on."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from specimen.models.metric_registry import METRICS
from specimen.plotting.style import BLUE, GREY, plot, shortened


def draw_importances(path: Path, importances: pd.DataFrame, monitor: str, whose: str) -> None:
    """Draw the importances of the features with their spread, the largest on top."""
    upwards = importances[::-1]
    with plot(path, height=1.8 + 0.4 * len(upwards)) as axes:
        axes.barh(range(len(upwards)), upwards["importance"], xerr=upwards["spread"], color=BLUE, ecolor=GREY)
        axes.set_yticks(range(len(upwards)), [shortened(name) for name in upwards["feature"]])
        axes.grid(visible=False, axis="y")
        axes.set(
            title=f"What {whose} relies on, test split",
            xlabel=f"how much worse the {METRICS[monitor].label} gets when the feature is shuffled",
        )
