"""What each epoch brought: for the history, for trackers, and for whoever watches a training from another process."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from specimen.common.files import significant
from specimen.common.sizes import format_seconds

RECORDS = "SPECIMEN_RECORDS"
"""Environment variable with a file that gets the numbers of each epoch as a JSON line; `make sweep` reads it."""


@dataclass(frozen=True)
class EpochRecord:
    """What one epoch brought."""

    epoch: int
    """From 1."""
    lr: float | None
    """Of the first step, that of the head; None for a model that is not trained in steps."""
    train_loss: float
    val_loss: float
    val_metrics: dict[str, float]
    """By name, each in its own unit; the one that the task monitors comes first."""
    best: bool
    """No epoch so far had a better val metric."""

    @property
    def numbers(self) -> dict[str, float]:
        """The numbers by name, such as `val_rmse`."""
        lr = {} if self.lr is None else {"lr": self.lr}
        losses = {"train_loss": self.train_loss, "val_loss": self.val_loss}
        return lr | losses | {f"val_{name}": value for name, value in self.val_metrics.items()}

    def line(self, monitor: str, epochs: int, seconds: float) -> str:
        """Return the line for an epoch of so many that took so long; `monitor` is the name of the metric in it."""
        mark = "  best so far" if self.best else ""
        scores = self.scores(monitor)
        return f"epoch {self.epoch:>{len(str(epochs))}}/{epochs}  {scores}  {format_seconds(seconds)}{mark}"

    def scores(self, monitor: str) -> str:
        """Return what was reached, as a part of a line; `monitor` is the name of the metric in it."""
        metric = f"val {monitor} {self.val_metrics[monitor]:.4g}"
        return f"train loss {self.train_loss:.4f}  val loss {self.val_loss:.4f}  {metric}"


def history_table(records: Sequence[EpochRecord]) -> pd.DataFrame:
    """Return the table of plots/history.csv: one row for each epoch, numbers of 6 significant digits."""
    table = pd.DataFrame([{"epoch": record.epoch, **record.numbers} for record in records])
    return table.assign(**{name: significant(table[name].to_numpy()) for name in table.columns.drop("epoch")})


def is_stale(records: Sequence[EpochRecord], patience: int | None) -> bool:
    """Return whether none of the last `patience` epochs was the best so far; None waits for ever."""
    if patience is None or len(records) < patience:
        return False
    return not any(record.best for record in records[-patience:])


def append_epoch_record(values: Mapping[str, float], epoch: int) -> None:
    """Append the numbers of one epoch (from 1) to the file that the environment names, if it names one."""
    if path := os.environ.get(RECORDS):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"epoch": epoch, **values}) + "\n")
