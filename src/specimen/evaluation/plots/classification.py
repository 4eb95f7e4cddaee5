"""How predicted classes relate to the true ones: pictures, and the tables that they show."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import confusion_matrix

from specimen.common.files import significant, write_csv
from specimen.data.dataset.meta import DatasetMeta
from specimen.evaluation.plots.calibration import binned, draw_calibration
from specimen.models.predictions import CONFIDENCE, PREDICTION
from specimen.models.task import Classification
from specimen.plotting.style import WIDTH, heading, plot, with_both_ends

LETTER = 0.55 / 72
"""Mean width in inches of a letter of 1 pt."""
MIN_CELL = 0.14
"""Inches; with smaller cells, rows would look alike, so the matrix grows wider than the other plots instead."""
LABEL_SIZES = ((12, 11), (24, 9), (math.inf, 7))
"""Up to how many classes, and the points of their names."""
BINS = 10


def draw_classification(
    task: Classification, predictions: pd.DataFrame, meta: DatasetMeta, pictures: Path, tables: Path
) -> None:
    """Draw the confusion matrix, in shares and in counts, and the reliability diagram."""
    names = list(task.class_names)
    counts = confusion_matrix(predictions["target"], predictions[PREDICTION], labels=names)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    write_csv(tables / "confusion.csv", _long(counts, shares, names))
    percent = np.rint(100 * shares).astype(int)
    _draw_matrix(pictures / "confusion_matrix.png", shares, percent, names, "Confusion matrix, in % of the true class")
    title = f"Confusion matrix, in counts of {len(predictions)} samples"
    _draw_matrix(pictures / "confusion_counts.png", counts / max(counts.max(), 1), counts, names, title)
    confidence = predictions[CONFIDENCE].to_numpy(np.float64)
    right = (predictions[PREDICTION] == predictions["target"]).to_numpy()
    bins = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    reliability = binned(confidence, confidence, right, bins)
    write_csv(tables / "calibration.csv", reliability)
    title = "Reliability: how often the model is right, by its confidence"
    draw_calibration(pictures / "calibration.png", reliability, title, "confidence", "predicted right")


def _long(counts: npt.NDArray[np.int64], shares: npt.NDArray[np.float64], names: list[str]) -> pd.DataFrame:
    """Return a row for each pair of true and predicted class that occurs."""
    rows, columns = np.nonzero(counts)
    classes = np.array(names, dtype=object)
    return pd.DataFrame(
        {
            "true": classes[rows],
            "predicted": classes[columns],
            "samples": counts[rows, columns],
            "share": significant(shares[rows, columns]),
        }
    )


def _draw_matrix(
    path: Path, shades: npt.NDArray[np.float64], numbers: npt.NDArray[np.int64], names: list[str], title: str
) -> None:
    """Draw a square matrix; cells without samples stay empty."""
    labels = [with_both_ends(name, 28) for name in names]
    size = next(size for most, size in LABEL_SIZES if len(names) <= most)
    margin = 0.75 + size * LETTER * max(map(len, labels), default=1)
    cell = float(np.clip((WIDTH - margin - 0.3) / len(names), MIN_CELL, 1.2))
    side = margin + cell * len(names)
    letters = min(12.0, 36 * cell, cell / LETTER / 1.15 / len(str(numbers.max())))
    with plot(path, height=side + 0.4, width=max(WIDTH, side + 0.3)) as axes:
        heading(axes.figure, title)
        axes.imshow(shades, cmap="Blues", vmin=0, vmax=1)
        for row, column in zip(*np.nonzero(numbers), strict=True):
            colour = "white" if shades[row, column] > 0.5 else "black"
            text = str(numbers[row, column])
            axes.text(column, row, text, ha="center", va="center_baseline", color=colour, fontsize=letters)
        axes.set_xticks(range(len(names)), labels, rotation=90, fontsize=size)
        axes.set_yticks(range(len(names)), labels, fontsize=size)
        axes.set_xticks(np.arange(len(names) - 1) + 0.5, minor=True)
        axes.set_yticks(np.arange(len(names) - 1) + 0.5, minor=True)
        axes.grid(visible=False)
        axes.grid(which="minor", linewidth=0.5)
        axes.tick_params(which="minor", length=0)
        axes.set_xlabel("predicted", fontsize=12)
        axes.set_ylabel("true", fontsize=12)
