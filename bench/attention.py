"""Which way to compute heat passes the tests: is it on the object, is it the model's own, and does what it shows count?

    python bench/attention.py                     # all ways, on the model and the test split of this repository
    python bench/attention.py FOLDER ours black   # another project, some of the ways

Needs data/prepared and models/model.pt (`dvc repro train`). For each way of computing heat:

on top, inside: share of the photos whose hottest place is on the object; share of the heat on it. In brackets: the same
    of a network with random weights. Needs masks.
alike: mean rank correlation with the heat of that network (J. Adebayo et al., "Sanity Checks for Saliency Maps", arXiv
    1810.03292). 0.3 is the limit.
moves: how far the output moves, in logits, when the hottest 5 % of the pixels are painted in the median colour of the
    picture; then how many times as far that is as with a random 5 %, and as with the same spots elsewhere in the
    picture. 5 is the limit.
CPU: seconds a photo, of all cores together.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from scipy.stats import spearmanr
from torch import Tensor

from specimen.data.dataset import features
from specimen.data.dataset.store import Store
from specimen.evaluation.attention import hottest_inside, share_inside, untrained
from specimen.evaluation.attribution import Heat, ground_colour, heat_maps, integrated_gradients, steps, to_heat
from specimen.models.network import Images
from specimen.models.torch_network import TorchPredictor, load_torch

ROOT = Path(__file__).parents[1]
SHARE = 0.05
USUAL_STEPS = steps(6)
"""Of all ways that say nothing else; ours has fewer."""
BASELINES = 24
BATCH = 16
Way = Callable[[TorchPredictor, Images, pd.DataFrame, Store], Heat]


def gradients(
    empty: Callable[[Tensor], Tensor] = ground_colour, places: Sequence[float] = USUAL_STEPS, *, cut_first: bool = False
) -> Way:
    """Integrated gradients from another empty picture, in other steps, or cut off below zero before the averaging."""

    def way(predictor: TorchPredictor, images: Images, samples: pd.DataFrame, store: Store) -> Heat:
        heats = []
        for pictures, columns in batches(predictor, images, samples):
            signed = integrated_gradients(predictor.model, pictures, empty(pictures), columns, places)
            heats.append(to_heat(signed.relu() if cut_first else signed))
        return torch.cat(heats).numpy()

    return way


def gradient_shap(predictor: TorchPredictor, images: Images, samples: pd.DataFrame, store: Store) -> Heat:
    """One random place on the way from each of some training photos (S. Lundberg, S.-I. Lee, arXiv 1705.07874)."""
    train = store.rows("train")
    others = torch.from_numpy(store.images[train[np.linspace(0, len(train) - 1, BASELINES).astype(int)]])
    places = np.random.default_rng(0).random(BASELINES)
    heats = []
    for pictures, columns in batches(predictor, images, samples):
        signed = torch.zeros(len(pictures), *images.shape[1:3])
        for other, place in zip(others.permute(0, 3, 1, 2).float(), places, strict=True):
            empty = other.expand_as(pictures)
            signed += integrated_gradients(predictor.model, pictures, empty, columns, [float(place)])
        heats.append(to_heat(signed))
    return torch.cat(heats).numpy()


def occlusion(share: int) -> Way:
    """Return how far the output falls where patches in the median colour cover a pixel, on average over the patches.

    A patch has 1 / `share` of the side, and starts every half of that.
    """

    def way(predictor: TorchPredictor, images: Images, samples: pd.DataFrame, store: Store) -> Heat:
        side = images.shape[1] // share
        heats = np.zeros(images.shape[:3], np.float32)
        counts = np.zeros(images.shape[1:3], np.float32)
        patches = squares(images.shape[1], side, side // 2)
        for patch in patches:
            counts[patch] += 1
        for index, heat in enumerate(heats):
            falls = falls_of(predictor, images[index], samples.iloc[[index]], patches)
            for patch, fall in zip(patches, np.maximum(falls, 0), strict=True):
                heat[patch] += fall
        return np.asarray(heats / np.maximum(counts, 1))

    return way


def best_square(predictor: TorchPredictor, images: Images, samples: pd.DataFrame, store: Store) -> Heat:
    """In hindsight: of the squares of `SHARE` of the picture, the one that moves the output furthest if painted over.

    What a compact spot can reach at all with this model.
    """
    side = math.ceil(images.shape[1] * SHARE**0.5)
    patches = squares(images.shape[1], side, side // 3)
    heats = np.zeros(images.shape[:3], np.float32)
    for index, heat in enumerate(heats):
        falls = falls_of(predictor, images[index], samples.iloc[[index]], patches)
        heat[patches[np.abs(falls).argmax()]] = 1
    return heats


def squares(size: int, side: int, step: int) -> list[tuple[slice, slice]]:
    """Return squares all over a picture."""
    starts = range(0, size - side + 1, step)
    return [(slice(row, row + side), slice(column, column + side)) for row in starts for column in starts]


def falls_of(
    predictor: TorchPredictor, image: npt.NDArray[np.uint8], sample: pd.DataFrame, patches: Sequence[Any]
) -> npt.NDArray[np.float32]:
    """Return how far the explained logit falls where a patch has the median colour, one for each patch."""
    covered = np.repeat(image[None], len(patches) + 1, axis=0)
    for picture, patch in zip(covered, patches, strict=False):  # the last one stays as it is
        picture[patch] = np.median(image.reshape(-1, 3), axis=0)
    logits = predictor.logits(covered, sample.iloc[[0] * len(covered)])
    return np.asarray(logits[-1].max() - logits[:-1, logits[-1].argmax()])


def batches(predictor: TorchPredictor, images: Images, samples: pd.DataFrame) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield pictures N x 3 x S x S and their features."""
    columns = torch.from_numpy(features.encode(samples, predictor.meta.features))
    pictures = torch.from_numpy(images).permute(0, 3, 1, 2).float()
    yield from zip(torch.split(pictures, BATCH), torch.split(columns, BATCH), strict=True)


def median_colour(pictures: Tensor) -> Tensor:
    """Return pictures N x 3 x S x S of one colour each, the median of each channel."""
    return pictures.flatten(2).median(dim=2).values[..., None, None].expand_as(pictures)


WAYS: dict[str, Way] = {
    "ours": lambda predictor, images, samples, store: heat_maps(predictor, images, samples),  # type: ignore[dict-item,return-value]
    "6-steps": gradients(),
    "12-steps": gradients(places=steps(12)),
    "cut-first": gradients(cut_first=True),
    "black": gradients(torch.zeros_like),
    "median": gradients(median_colour),
    "mean": gradients(lambda pictures: pictures.mean((2, 3), keepdim=True).expand_as(pictures)),
    "shap": gradient_shap,
    "occlusion-6": occlusion(6),
    "occlusion-12": occlusion(12),
    "best-square": best_square,
}


def moves(predictor: TorchPredictor, images: Images, samples: pd.DataFrame, spots: npt.NDArray[np.bool_]) -> float:
    """Return how far the explained logit moves, on average, when spots (N x S x S) are painted over."""
    colours = np.median(images.reshape(len(images), -1, 3), axis=1).astype(np.uint8)
    painted = np.where(spots[..., None], colours[:, None, None], images)
    before, after = predictor.logits(images, samples), predictor.logits(painted, samples)
    explained = before.argmax(axis=1)[:, None]
    change = np.take_along_axis(before, explained, 1) - np.take_along_axis(after, explained, 1)
    return float(np.abs(change).mean())


def hottest(heat: Heat) -> npt.NDArray[np.bool_]:
    """Return the hottest pixels of each picture, N x S x S; where there is too little heat, random ones as well."""
    values = heat + 1e-9 * np.random.default_rng(0).random(heat.shape)
    limits = np.quantile(values, 1 - SHARE, axis=(1, 2), keepdims=True)
    return np.asarray(values > limits)


def main(folder: Path, names: Sequence[str]) -> None:
    """Print a row for each way."""
    store = Store.load(folder / "data/prepared")
    predictor = load_torch(folder / "models/model.pt")
    rows = store.rows("test")
    images, samples = store.images[rows], store.samples.iloc[rows]
    inside = store.masks[rows] > 0 if store.masks is not None else None
    random = untrained(predictor, 0)
    rng = np.random.default_rng(1)
    objects = "no masks" if inside is None else f"objects fill {inside.mean():.3f}"
    print(f"{predictor.meta.backbone}, {predictor.task.name}, {len(rows)} photos, {objects}")
    print(
        "| way | on top | inside | alike | moves | by random 5 % | by the same elsewhere | CPU |\n" + "|---" * 8 + "|"
    )
    for name in names or WAYS:
        start = time.process_time()
        heat = WAYS[name](predictor, images, samples, store)
        seconds = (time.process_time() - start) / len(rows)
        other = WAYS[name](random, images, samples, store)
        on_object = [
            "" if inside is None else f"{measure(heat, inside).mean():.2f} ({measure(other, inside).mean():.2f})"
            for measure in (hottest_inside, share_inside)
        ]
        alike = np.nanmean(
            [
                spearmanr(*pair).statistic
                for pair in zip(heat.reshape(len(rows), -1), other.reshape(len(rows), -1), strict=True)
            ]
        )
        spots = hottest(heat)
        scattered = rng.permuted(spots.reshape(len(rows), -1), axis=1).reshape(spots.shape)
        moved = np.stack([np.roll(spot, rng.integers(0, len(spot), 2), (0, 1)) for spot in spots])
        far = moves(predictor, images, samples, spots)
        times = [far / moves(predictor, images, samples, elsewhere) for elsewhere in (scattered, moved)]
        print(
            f"| {name} | {' | '.join(on_object)} | {alike:.2f} | {far:.2f} "
            f"| {times[0]:.1f} x | {times[1]:.1f} x | {seconds:.2f} |", flush=True,
        )  # fmt: skip


if __name__ == "__main__":
    given = sys.argv[1:]
    where = Path(given.pop(0)) if given and given[0] not in WAYS else ROOT
    main(where, given)
