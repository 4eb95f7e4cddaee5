"""What a frozen network makes of each photo: cheap to learn from, again and again."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.decomposition import PCA

from specimen.advice.likeness import Floats
from specimen.config.base import WITHOUT_PICTURES
from specimen.config.train import Train
from specimen.data.dataset import features
from specimen.data.dataset.store import Store
from specimen.models.model import make_model

WIDTH = 64
"""Numbers that are kept of each photo, those that vary most."""
BATCH = 64


def embed_samples(store: Store, train: Train) -> Floats:
    """Return N x width numbers of the samples: their features, and their photos seen by the network before training.

    It is that of `train.backbone` with `train.weights`; without weights it is random, which still tells colours,
    brightness and textures. Each number has mean 0 and standard deviation 1.
    """
    used = {name: store.meta.features[name] for name in train.features if name in store.meta.features}
    parts = [features.encode(store.samples, used).astype(np.float64)]
    if store.meta.image_size and train.backbone not in WITHOUT_PICTURES:
        parts.append(_most_varying(_embed(store, train)))
    columns = np.concatenate(parts, axis=1)
    spread = columns.std(axis=0)
    return np.asarray((columns - columns.mean(axis=0)) / np.where(spread > 0, spread, 1))


@torch.inference_mode()
def _embed(store: Store, train: Train) -> Floats:
    torch.manual_seed(train.seed)
    model = make_model(train.backbone, 1, store.meta.image_size, train.weights).eval()
    embedded = []
    for start in range(0, len(store.samples), BATCH):
        pictures = torch.from_numpy(np.array(store.images[start : start + BATCH])).permute(0, 3, 1, 2)
        embedded.append(model.embed(pictures).numpy())
    return np.concatenate(embedded).astype(np.float64)


def _most_varying(embedded: Floats) -> Floats:
    count = min(WIDTH, *embedded.shape)
    return np.asarray(PCA(count, svd_solver="full").fit_transform(embedded))
