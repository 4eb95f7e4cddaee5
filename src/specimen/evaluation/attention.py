"""How much of what a model looks at is on the object, where masks say where that is.

Besides the share of the heat there is the pointing game: is the hottest place on the object? (J. Zhang et al.,
"Top-down Neural Attention by Excitation Backprop", ECCV 2016, arXiv 1608.00507.) Two levels say what the numbers are
worth: heat that is spread evenly, and the heat of networks with random weights (J. Adebayo et al., "Sanity Checks for
Saliency Maps", NeurIPS 2018, arXiv 1810.03292), which respond to edges, and find some objects without having learnt
anything.
"""

from __future__ import annotations

from itertools import islice

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from specimen.common.hashing import in_hash_order
from specimen.data.dataset.store import Store
from specimen.evaluation.attribution import Heat, heat_maps
from specimen.evaluation.results import Attention
from specimen.models.model import make_model
from specimen.models.network import Progress
from specimen.models.torch_network import TorchPredictor, make_torch_predictor

PHOTOS = 200
"""Most photos that the attention is measured on."""
UNTRAINED_PHOTOS = 50
"""Most photos for networks with random weights: a level to compare with need not be exact."""
UNTRAINED = 5
"""So many of these share the photos, because single ones differ by tens of percent."""


def measure_attention(
    predictor: TorchPredictor, store: Store, samples: pd.DataFrame, progress: Progress = iter
) -> Attention | None:
    """Return where the model looks in samples of the store, which have the row numbers of its table as their index.

    Photos without an object do not count. Of many with one, `PHOTOS` are drawn by the hashes of their names, so that
    most stay when samples are added. None without masks or objects, or where the model sees nothing or has no heat.
    """
    if store.masks is None or predictor.model.backbone is None:
        return None
    drawn = _draw(store, samples)
    inside, on_top = _look(predictor, store, drawn, progress)
    if not len(inside):
        return None
    few = drawn.head(UNTRAINED_PHOTOS)
    networks = range(min(UNTRAINED, len(few)))
    looks = [_look(untrained(predictor, seed), store, few.iloc[seed::UNTRAINED]) for seed in networks]
    inside_untrained, on_top_untrained = (np.concatenate(values) for values in zip(*looks, strict=True))
    return Attention(
        inside=float(inside.mean()),
        on_top=float(on_top.mean()),
        by_chance=float(np.mean([(store.masks[row] > 0).mean() for row in drawn.index])),
        inside_untrained=float(inside_untrained.mean()) if len(inside_untrained) else None,
        on_top_untrained=float(on_top_untrained.mean()) if len(on_top_untrained) else None,
    )


def untrained(predictor: TorchPredictor, seed: int) -> TorchPredictor:
    """Return a network of the same kind, with random weights."""
    meta = predictor.meta
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = make_model(meta.backbone, meta.task.num_outputs, meta.image_size, "none", meta.features_width)
    return make_torch_predictor(model.eval(), meta)


def _draw(store: Store, samples: pd.DataFrame) -> pd.DataFrame:
    assert store.masks is not None
    shuffled = in_hash_order(samples, "attention")
    with_object = (row for row in shuffled.index if store.masks[row].any())
    drawn = shuffled.loc[list(islice(with_object, PHOTOS))]
    if len(samples) > PHOTOS:
        print(f"attention is measured on {len(drawn)} photos of the {len(samples):,}")
    return drawn


def _look(
    predictor: TorchPredictor, store: Store, samples: pd.DataFrame, progress: Progress = iter
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Return `share_inside` and `hottest_inside` of the photos that have heat."""
    assert store.masks is not None
    heat = heat_maps(predictor, store.images[samples.index], samples, progress)
    assert heat is not None
    warm = heat.any((1, 2))
    inside = store.masks[samples.index][warm] > 0
    return share_inside(heat[warm], inside), hottest_inside(heat[warm], inside)


def share_inside(heat: Heat, inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Return for each picture, N, the share of its heat that is inside; both N x S x S, and no picture without heat."""
    return np.asarray(np.where(inside, heat, 0).sum((1, 2), dtype=np.float64) / heat.sum((1, 2), dtype=np.float64))


def hottest_inside(heat: Heat, inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return for each picture, N, whether its hottest place is inside; both N x S x S."""
    return np.array([where.flat[warmth.argmax()] for warmth, where in zip(heat, inside, strict=True)], np.bool_)
