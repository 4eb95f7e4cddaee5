"""How predicted numbers relate to the truth: pictures, and the tables that they show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from specimen.common.files import significant, write_csv
from specimen.data.dataset.meta import DatasetMeta
from specimen.evaluation.plots.calibration import COLUMNS, binned, draw_calibration
from specimen.models.predictions import HIGH, LOW, PREDICTION
from specimen.models.task import Regression
from specimen.plotting.style import BLUE, GREY, ORANGE, heading, legend_below, plot, scatter, with_unit
from specimen.plotting.target_by_feature import draw_features

FEWEST_IN_A_BIN = 10
BAND_ALPHA = 0.15


def draw_regression(
    task: Regression, predictions: pd.DataFrame, meta: DatasetMeta, pictures: Path, tables: Path
) -> None:
    """Draw predicted against true, residuals against the prediction and against features, and the coverage."""
    name = with_unit(meta.target, meta.unit)
    shown = [column for column in ("target", PREDICTION, LOW, HIGH) if column in predictions]
    table = predictions[shown].assign(residual=predictions[PREDICTION] - predictions["target"])
    table = table.apply(lambda values: significant(values.to_numpy(np.float64)))
    features = predictions[[column for column in meta.features if column in predictions]]
    write_csv(tables / "residuals.csv", pd.concat([table, features], axis=1))
    table = table.sort_values(PREDICTION, kind="stable")
    _draw_predicted(pictures / "predicted_vs_true.png", table, name)
    _draw_residuals(pictures / "residuals.png", table, name)
    residuals = features.assign(target=predictions[PREDICTION] - predictions["target"])
    draw_features(pictures / "residuals_by_feature.png", residuals, [], "predicted - true", level=0)
    coverage = _coverage(table, task) if LOW in table else pd.DataFrame(columns=list(COLUMNS))
    write_csv(tables / "calibration.csv", coverage)
    if len(coverage):
        title = "Share of true values within their intervals, from small to large predictions"
        draw_calibration(pictures / "calibration.png", coverage, title, f"predicted {name}", "within the interval")


def _draw_predicted(path: Path, table: pd.DataFrame, name: str) -> None:
    with plot(path, height=7.4) as axes:
        heading(axes.figure, "Predicted against true, test split")
        if LOW in table:
            label = _interval_label(table)
            band = (table[PREDICTION], table[LOW], table[HIGH])
            axes.fill_betweenx(*band, color=BLUE, alpha=BAND_ALPHA, linewidth=0, label=label)
        anywhere = float(table["target"].iloc[0])
        axes.axline((anywhere, anywhere), slope=1, color=GREY, linewidth=1.5, label="predicted = true")
        scatter(axes, table["target"], table[PREDICTION], label=f"samples ({len(table)})")
        axes.set(xlabel=f"true {name}", ylabel=f"predicted {name}")
        axes.set_aspect("equal", adjustable="datalim")
        legend_below(axes)


def _draw_residuals(path: Path, table: pd.DataFrame, name: str) -> None:
    with plot(path) as axes:
        heading(axes.figure, "Residuals, test split")
        prediction = table[PREDICTION]
        if LOW in table:
            lower = prediction - table[HIGH]
            upper = prediction - table[LOW]
            axes.fill_between(prediction, lower, upper, color=BLUE, alpha=BAND_ALPHA, linewidth=0, label="interval")
        axes.axhline(0, color=GREY, linewidth=1.5)
        scatter(axes, prediction, table["residual"], label=f"samples ({len(table)})")
        _draw_means(axes, table)
        axes.set(xlabel=f"predicted {name}", ylabel="predicted - true")
        legend_below(axes)


def _interval_label(table: pd.DataFrame) -> str:
    share = table["target"].between(table[LOW], table[HIGH]).mean()
    return f"interval: holds {share:.0%} of the true values"


def _bins(count: int, most: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the bin of each of `count` samples in order: at most `most` bins of about equal size, none tiny."""
    bins = int(np.clip(count // FEWEST_IN_A_BIN, 1, most))
    return np.arange(count) * bins // max(count, 1)


def _draw_means(axes: Axes, table: pd.DataFrame) -> None:
    """Draw the mean residual from small to large predictions: away from 0, the model is biased."""
    means = table[[PREDICTION, "residual"]].groupby(_bins(len(table), 10)).mean()
    if len(means) > 1:
        axes.plot(means[PREDICTION], means["residual"], color=ORANGE, marker="o", ms=4, label="mean")


def _coverage(table: pd.DataFrame, task: Regression) -> pd.DataFrame:
    """Return the share of true values within their intervals, for up to 5 bins of predictions (in ascending order)."""
    promised = np.nan if task.coverage is None else task.coverage
    kept = table["target"].between(table[LOW], table[HIGH]).to_numpy()
    at = table[PREDICTION].to_numpy()
    return binned(at, np.full(len(at), promised), kept, _bins(len(at), 5))
