"""The metrics of trainings that differ in their seed alone: each, their mean and their spread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from specimen.common.errors import SpecimenError
from specimen.common.markdown_table import markdown_table
from specimen.evaluation.results import Numbers
from specimen.evaluation.swapped_models import swapped_models
from specimen.models.metric_registry import METRICS
from specimen.models.predictions import finite_rows, read_predictions


@dataclass(frozen=True)
class SeedMetrics:
    """Metrics of the test split by seed; those that not every training has are left out."""

    by_seed: Mapping[int, Numbers]

    @classmethod
    def read(cls, files: Mapping[int, Path], task: str) -> SeedMetrics:
        """Measure tables of predictions. Raises `SpecimenError` where a training has diverged."""
        return cls({seed: _measure(path, task) for seed, path in files.items()})

    @property
    def summary(self) -> pd.DataFrame:
        """The columns `mean` and `std` (n - 1) by metric."""
        table = pd.DataFrame(dict(self.by_seed)).dropna()
        return pd.DataFrame({"mean": table.mean(axis=1), "std": table.std(axis=1, ddof=1)})

    def to_json(self) -> dict[str, object]:
        """Return the content of `metrics/seeds.json`."""
        summary = self.summary
        seeds = {str(seed): {name: numbers[name] for name in summary.index} for seed, numbers in self.by_seed.items()}
        return {"mean": summary["mean"].to_dict(), "std": summary["std"].to_dict(), "seed": seeds}

    def as_markdown(self) -> str:
        """Return a table: a row for each metric; columns mean, std, and each seed."""
        rows = [
            [str(name), *(f"{value:.4g}" for value in (mean, std, *(one[str(name)] for one in self.by_seed.values())))]
            for name, mean, std in self.summary.itertuples()
        ]
        return markdown_table(["", "mean", "std", *(f"seed {seed}" for seed in self.by_seed)], rows, aligned=True)


def _measure(path: Path, task: str) -> Numbers:
    predictions = read_predictions(path, classes=task == "classification")
    if not finite_rows(predictions).all():
        raise SpecimenError(f"{path}: not all predictions are finite numbers, so this training has diverged.")
    metrics, _ = swapped_models(predictions, predictions, predictions["group"], task).both()
    return {name: metrics[name] for name in METRICS if np.isfinite(metrics.get(name, np.nan))}
