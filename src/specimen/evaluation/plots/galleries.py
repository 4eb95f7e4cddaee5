"""Single samples with truth, prediction and interval: the worst ones, and some random ones."""

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
from specimen.common.hashing import in_hash_order
from specimen.evaluation.attribution import Heat
from specimen.evaluation.sample_errors import largest_errors, sample_errors
from specimen.models.predictions import (
    CONFIDENCE,
    HIGH,
    LOW,
    PREDICTION,
    PREDICTION_SET,
    parse_set,
    probability_columns,
)
from specimen.models.task import Classification, Regression, Task
from specimen.plotting.style import draw_gallery, shortened, with_both_ends

Picture = npt.NDArray[np.uint8]


def error_curve(task: Task, predictions: pd.DataFrame) -> pd.DataFrame:
    """Return the error below which each percent of the samples stay, so that two models compare at a glance."""
    shares = np.linspace(0, 1, 101)
    quantiles = np.quantile(sample_errors(task.name, predictions), shares)
    return pd.DataFrame({"share": significant(shares), "error": significant(quantiles)})


def worst(task: Task, predictions: pd.DataFrame, count: int) -> pd.DataFrame:
    """Return the rows with the largest errors, the largest first."""
    return largest_errors(task.name, predictions, count)


def random_rows(predictions: pd.DataFrame, count: int) -> pd.DataFrame:
    """Return rows chosen by the hash of their image's name, so that most stay when samples are added or removed."""
    return in_hash_order(predictions, "gallery").head(count)


@singledispatch
def caption(task: Task, sample: pd.Series[Any], unit: str) -> str:
    """Return a few lines about a sample: truth, prediction, interval."""
    raise NotImplementedError(type(task).__name__)


@caption.register(Regression)
def _numbers(task: Regression, sample: pd.Series[Any], unit: str) -> str:
    unit = f" {shortened(unit, 8)}" if unit else ""
    text = f"true {sample['target']:.3g}, predicted {sample[PREDICTION]:.3g}{unit}"
    if LOW in sample:
        text += f"\ninterval {sample[LOW]:.3g} to {sample[HIGH]:.3g}{unit}"
    return text


@caption.register(Classification)
def _classes(task: Classification, sample: pd.Series[Any], unit: str) -> str:
    truth = with_both_ends(sample["target"])
    guess = with_both_ends(sample[PREDICTION], 18)
    text = f"true {truth}\npredicted {guess} {sample[CONFIDENCE]:.0%}"
    if PREDICTION_SET in sample:
        names = parse_set(sample[PREDICTION_SET])
        verb = "holds" if sample["target"] in names else "misses"
        text += f"\nset of {len(names)} {verb} the truth"
    return text


def captions(task: Task, samples: pd.DataFrame, unit: str) -> list[str]:
    """Return for each sample the name of its image and its `caption`."""
    rows = [sample for _, sample in samples.iterrows()]
    return [
        f"{with_both_ends(PurePosixPath(sample['image']).name, 28)}\n{caption(task, sample, unit)}" for sample in rows
    ]


def draw_samples(path: Path, images: Sequence[Picture], captions: list[str], heat: Heat | None, title: str) -> None:
    """Draw captioned pictures; with heat (N x S x S), next to each a copy that shows what speaks for the prediction."""
    if heat is None:
        draw_gallery(path, images, captions, title)
        return
    pairs = [_pair(picture, warmth) for picture, warmth in zip(images, heat, strict=True)]
    legend = "Right: bright areas speak for the prediction"
    draw_gallery(path, pairs, captions, f"{title}. {legend}", columns=2)


def _pair(picture: Picture, heat: npt.NDArray[np.float32]) -> Picture:
    """Put the picture next to its glowing copy."""
    gap = np.full((len(picture), max(1, len(picture) // 40), 3), 255, np.uint8)
    return np.hstack([picture, gap, glowing(picture, heat)])


def glowing(picture: Picture, heat: npt.NDArray[np.float32]) -> Picture:
    """Return the picture in grey, with a glow where the heat is."""
    grey = picture.mean(axis=2, keepdims=True) * 0.6
    glow = mpl.colormaps["inferno"](0.25 + 0.75 * heat)[..., :3] * 255
    strength = 0.75 * heat[..., None]
    explained: Picture = ((1 - strength) * grey + strength * glow).astype(np.uint8)
    return explained


def write_samples(path: Path, task: Task, samples: pd.DataFrame) -> None:
    """Write the samples of a gallery in its order, without the probabilities of single classes."""
    shown = samples.drop(columns=probability_columns(samples))
    write_csv(path, shown.assign(error=significant(sample_errors(task.name, samples).to_numpy())))
