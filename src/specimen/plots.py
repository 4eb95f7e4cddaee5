"""How training went and how well the model predicts, as pictures."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix

from specimen.style import BLUE, GREY, ORANGE, figure, plot, shortened, with_unit
from specimen.task import Classification, Regression, Task


def draw_history(path: Path, history: pd.DataFrame) -> None:
    """Draw the loss of train and val, and the val metric, over the epochs."""
    metric = history.columns[-1]
    with figure(path, height=6.5) as panels:
        upper, lower = panels.subplots(2, 1, sharex=True)
        for column, colour in (("train_loss", BLUE), ("val_loss", ORANGE)):
            upper.plot(history["epoch"], history[column], color=colour, marker=".", label=column.split("_")[0])
        upper.set(title="Loss", yscale="log")
        upper.legend()
        lower.plot(history["epoch"], history[metric], color=ORANGE, marker=".")
        lower.set(title=f"{metric.removeprefix('val_')} on val", xlabel="epoch")
        lower.xaxis.get_major_locator().set_params(integer=True)


@singledispatch
def draw(task: Task, predictions: pd.DataFrame, meta: dict[str, Any], folder: Path) -> None:
    """Draw what shows best how the predictions of a task relate to the truth."""
    raise NotImplementedError(type(task).__name__)


@draw.register(Regression)
def _draw_regression(task: Regression, predictions: pd.DataFrame, meta: dict[str, Any], folder: Path) -> None:
    target, prediction = predictions["target"].to_numpy(), predictions["prediction"].to_numpy()
    name = with_unit(meta["target"], meta["unit"])
    with plot(folder / "predicted_vs_true.png", height=7) as axes:
        ends = [min(target.min(), prediction.min()), max(target.max(), prediction.max())]
        axes.plot(ends, ends, color=GREY, linewidth=1, label="as predicted")
        axes.scatter(target, prediction, s=22, color=BLUE, alpha=0.6, linewidths=0)
        axes.set(title="Predicted against true, test split", xlabel=f"true {name}", ylabel=f"predicted {name}")
        axes.set_aspect("equal", adjustable="datalim")
    with plot(folder / "residuals.png") as axes:
        axes.axhline(0, color=GREY, linewidth=1)
        axes.scatter(prediction, prediction - target, s=22, color=BLUE, alpha=0.6, linewidths=0)
        axes.set(title="Residuals, test split", xlabel=f"predicted {name}", ylabel="predicted - true")


@draw.register(Classification)
def _draw_classification(task: Classification, predictions: pd.DataFrame, meta: dict[str, Any], folder: Path) -> None:
    names = list(task.class_names)
    counts = confusion_matrix(predictions["target"], predictions["prediction"], labels=names)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = max(7.0, 2.5 + 0.36 * len(names))
    with plot(folder / "confusion_matrix.png", height=side, width=side + 1) as axes:
        axes.grid(visible=False)
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for row, column in zip(*np.nonzero(counts), strict=True):
            colour = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=colour, fontsize=9)
        axes.set_xticks(range(len(names)), [shortened(name) for name in names], rotation=90)
        axes.set_yticks(range(len(names)), [shortened(name) for name in names])
        axes.set(title="Confusion matrix, test split", xlabel="predicted", ylabel="true")


@singledispatch
def worst(task: Task, predictions: pd.DataFrame, unit: str) -> tuple[pd.Index[Any], Callable[[Any], str]]:
    """Return the index of the predictions from the worst on, and what to write about one of them."""
    raise NotImplementedError(type(task).__name__)


@worst.register(Regression)
def _worst_regression(
    task: Regression, predictions: pd.DataFrame, unit: str
) -> tuple[pd.Index[Any], Callable[[Any], str]]:
    errors = (predictions["prediction"] - predictions["target"]).abs()
    order = errors.sort_values(ascending=False, kind="stable").index
    return order, lambda sample: f"true {sample['target']:.3g} {unit}\npredicted {sample['prediction']:.3g} {unit}"


@worst.register(Classification)
def _worst_classification(
    task: Classification, predictions: pd.DataFrame, unit: str
) -> tuple[pd.Index[Any], Callable[[Any], str]]:
    doubt = pd.Series([1 - row[f"p: {row['target']}"] for _, row in predictions.iterrows()], index=predictions.index)
    order = doubt.sort_values(ascending=False, kind="stable").index
    return (
        order,
        lambda sample: (
            f"true {shortened(sample['target'])}\n{shortened(sample['prediction'])} {sample['confidence']:.0%}"
        ),
    )
