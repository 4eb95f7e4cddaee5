"""How training went."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from specimen.models.metric_registry import find_metric
from specimen.plotting.style import BLUE, ORANGE, figure


def draw_history(path: Path, history: pd.DataFrame) -> None:
    """Draw the loss of train and val, and the metric that chose the epoch, over the epochs."""
    columns = list(map(str, history))
    metric = columns[columns.index("val_loss") + 1]
    with figure(path, height=6.5) as panels:
        upper, lower = panels.subplots(2, 1, sharex=True)
        for column, colour in (("train_loss", BLUE), ("val_loss", ORANGE)):
            upper.plot(history["epoch"], history[column], color=colour, marker=".", label=column.split("_")[0])
        upper.set(title="Loss")
        # A loss may be 0 or not a number: neither has a logarithm.
        if (history[["train_loss", "val_loss"]] > 0).all(axis=None):
            upper.set_yscale("log")
        upper.legend()
        lower.plot(history["epoch"], history[metric], color=ORANGE, marker=".")
        lower.set(title=f"{find_metric(metric.removeprefix('val_')).title} on val", xlabel="epoch")
        lower.xaxis.get_major_locator().set_params(integer=True)
