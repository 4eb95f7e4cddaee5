"""Single samples with truth, prediction and interval: the worst ones, and some drawn by lot."""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch
from pathlib import Path, PurePosixPath
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import pandas as pd

from specimen.common.files import significant, write_csv
from specimen.common.hashing import hash_position
from specimen.evaluation.grad_cam import Heat
from specimen.models.predictions import (
    CONFIDENCE,
    HIGH,
    LOW,
    PREDICTION,
    PREDICTION_SET,
    parse_set,
    probabilities_of,
    probability_columns,
)
from specimen.models.task import Classification, Regression, Task
from specimen.plotting.style import draw_gallery, shortened, with_both_ends

Picture = npt.NDArray[np.uint8]


@singledispatch
def errors(task: Task, predictions: pd.DataFrame) -> pd.Series[float]:
    """Return how wrong each prediction is, from 0 up."""
    raise NotImplementedError(type(task).__name__)


@errors.register(Regression)
def _distance(task: Regression, predictions: pd.DataFrame) -> pd.Series[float]:
    return (predictions[PREDICTION] - predictions["target"]).abs()


@errors.register(Classification)
def _doubt(task: Classification, predictions: pd.DataFrame) -> pd.Series[float]:
    """What the true class lacks to a probability of 1."""
    known = probabilities_of(predictions, task.class_names)
    return pd.Series(1 - known[np.arange(len(known)), task.encode(predictions["target"])], index=predictions.index)


def error_curve(task: Task, predictions: pd.DataFrame) -> pd.DataFrame:
    """Return the error below which each percent of the samples stay: two models compare at a glance."""
    shares = np.linspace(0, 1, 101)
    quantiles = np.quantile(errors(task, predictions), shares)
    return pd.DataFrame({"share": significant(shares), "error": significant(quantiles)})


def worst(task: Task, predictions: pd.DataFrame, count: int) -> pd.DataFrame:
    """Return the rows with the largest errors, the largest first."""
    return predictions.loc[errors(task, predictions).sort_values(ascending=False, kind="stable").index[:count]]


def random_rows(predictions: pd.DataFrame, count: int) -> pd.DataFrame:
    """Return rows chosen by the hash of their image's name, so that most stay when others come or go."""
    lots = pd.Series(hash_position(predictions["image"], "gallery"), index=predictions.index)
    return predictions.loc[lots.sort_values(kind="stable").index[:count]]


@singledispatch
def caption(task: Task, sample: pd.Series[Any], unit: str) -> str:
    """Return a few lines about a sample: truth, prediction, interval."""
    raise NotImplementedError(type(task).__name__)


@caption.register(Regression)
def _numbers(task: Regression, sample: pd.Series[Any], unit: str) -> str:
    unit = f" {shortened(unit, 8)}" if unit else ""
    text = f"true {sample['target']:.3g}, predicted {sample[PREDICTION]:.3g}{unit}"
    return text + (f"\ninterval {sample[LOW]:.3g} to {sample[HIGH]:.3g}{unit}" if LOW in sample else "")


@caption.register(Classification)
def _classes(task: Classification, sample: pd.Series[Any], unit: str) -> str:
    truth, guess = with_both_ends(sample["target"]), with_both_ends(sample[PREDICTION], 18)
    text = f"true {truth}\npredicted {guess} {sample[CONFIDENCE]:.0%}"
    if PREDICTION_SET in sample:
        names = parse_set(sample[PREDICTION_SET])
        text += f"\nset of {len(names)} {'holds' if sample['target'] in names else 'misses'} the truth"
    return text


def captions(task: Task, samples: pd.DataFrame, unit: str) -> list[str]:
    """Return for each sample the name of its image and its `caption`."""
    rows = [sample for _, sample in samples.iterrows()]
    return [
        f"{with_both_ends(PurePosixPath(sample['image']).name, 28)}\n{caption(task, sample, unit)}" for sample in rows
    ]


def draw_samples(path: Path, images: Sequence[Picture], captions: list[str], heat: Heat | None, title: str) -> None:
    """Draw captioned pictures; with heat (N x S x S), beside each its copy with what speaks for the prediction."""
    if heat is None:
        draw_gallery(path, images, captions, title)
        return
    pairs = [_pair(picture, warmth) for picture, warmth in zip(images, heat, strict=True)]
    legend = "Right: brighter places speak more for the prediction"
    draw_gallery(path, pairs, captions, f"{title}. {legend}", columns=2)


def _pair(picture: Picture, heat: npt.NDArray[np.float32]) -> Picture:
    """Put the picture and, beside it, its grey copy glowing where the heat is."""
    grey = picture.mean(axis=2, keepdims=True) * 0.6
    glow = mpl.colormaps["inferno"](0.25 + 0.75 * heat)[..., :3] * 255
    strength = 0.75 * heat[..., None]
    explained = (1 - strength) * grey + strength * glow
    gap = np.full((len(picture), max(1, len(picture) // 40), 3), 255)
    return np.hstack([picture, gap, explained]).astype(np.uint8)


def write_samples(path: Path, task: Task, samples: pd.DataFrame) -> None:
    """Write the samples of a gallery in its order, without the probabilities of single classes."""
    shown = samples.drop(columns=probability_columns(samples))
    write_csv(path, shown.assign(error=significant(errors(task, samples).to_numpy())))
