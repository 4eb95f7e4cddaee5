"""How far from the training photos a picture may be: the limits, found on val."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import normalize

from specimen.common.sampling import evenly_spaced
from specimen.data.dataset.store import Store
from specimen.models.model import Model
from specimen.models.novelty import Novelty, colours_of
from specimen.training.calibration import group_quantile

PHOTOS = 1000
"""How many of train are kept to compare with, and of val to set the limits: more add little but megabytes."""
SHARE = 0.99
"""Share of the groups of val that count as near enough; with fewer than 99 groups, all of them."""
MARGIN = 1.5
"""New photos may be half as far again as val's: the farthest of a few dozen is soon surpassed."""
FINEST = 1e-3
"""The smallest limit of a distance: below it, fp32 is rounding."""
COLOUR_STEP = 1 / 255
"""The smallest scale of a colour, for training photos that all have the same."""

EmbeddingsAndColours = tuple[Tensor, Tensor]
"""What the backbone makes of N pictures, N x width, and their colours, N x 6."""


@torch.inference_mode()
def fit_novelty(train: EmbeddingsAndColours, val: EmbeddingsAndColours, groups: Any) -> Novelty | None:
    """Return the distances to the photos of train, with limits that the photos of val, in N `groups`, keep.

    None where an embedding is not a finite number: then nothing can be said.
    """
    embedding, colours = train
    if not (embedding.isfinite().all() and val[0].isfinite().all()):
        return None
    novelty = Novelty(*embedding.shape)
    novelty.embeddings.copy_(normalize(embedding, dim=1))
    novelty.scale.copy_(colours.std(dim=0, correction=0).clamp(min=COLOUR_STEP))
    novelty.colours.copy_(colours / novelty.scale)
    limits = [group_quantile(column.numpy(), groups, SHARE) for column in novelty.distances(*val).double().T]
    novelty.limits.copy_(torch.tensor(limits).mul(MARGIN).clamp(min=FINEST))
    return novelty


@torch.inference_mode()
def find_novelty(model: Model, batch_size: int, store: Store) -> Novelty | None:
    """Return how to tell that a picture is unlike the training photos; None for a model that sees no pictures."""
    if model.backbone is None:
        return None
    device = next(model.parameters()).device

    def see(rows: npt.NDArray[np.int64]) -> EmbeddingsAndColours:
        embeddings = []
        colours = []
        for start in range(0, len(rows), batch_size):
            pictures = torch.from_numpy(store.images[rows[start : start + batch_size]]).permute(0, 3, 1, 2).to(device)
            embeddings.append(model.embed(pictures).float().cpu())
            colours.append(colours_of(pictures).cpu())
        return torch.cat(embeddings), torch.cat(colours)

    train = evenly_spaced(store.rows("train"), PHOTOS)
    val = evenly_spaced(store.rows("val"), PHOTOS)
    return fit_novelty(see(train), see(val), store.samples["group"].iloc[val])
