"""How unlike the training photos a picture is: far from all of them, a model has nothing to go by.

There are two distances to the nearest training photo: between what the backbone makes of the pictures, scaled to length
1 (Y. Sun et al., "Out-of-distribution detection with deep nearest neighbors", ICML 2022), and between the means and the
spreads of their colours. A backbone that has learnt little may take a black picture for a dark photo; the colours tell
them apart.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize


class Novelty(nn.Module):
    """Distances to training photos: `fit_novelty` stores what the backbone makes of those, and their colours."""

    embeddings: Tensor
    colours: Tensor
    scale: Tensor
    limits: Tensor

    def __init__(self, photos: int, embedding_width: int) -> None:
        super().__init__()
        self.register_buffer("embeddings", torch.zeros(photos, embedding_width))
        self.register_buffer("colours", torch.zeros(photos, 6))
        self.register_buffer("scale", torch.ones(6))
        self.register_buffer("limits", torch.ones(2))

    def forward(self, images: Tensor, embedding: Tensor) -> Tensor:
        """Return N distances, with the limit at 1, for uint8 pictures N x 3 x H x W and embeddings N x width."""
        distance: Tensor = (self.distances(embedding, colours_of(images)) / self.limits).amax(dim=1)
        return distance

    def distances(self, embedding: Tensor, colours: Tensor) -> Tensor:
        """Return N x 2: how far the nearest training photo is, by embedding and by colours (see `colours_of`)."""
        cosine = (normalize(embedding.float(), dim=1) @ self.embeddings.T).amax(dim=1)
        offset = (colours / self.scale)[:, None] - self.colours
        return torch.stack([(2 - 2 * cosine).clamp(min=0), offset.square().sum(dim=2).amin(dim=1)], dim=1).sqrt()


def colours_of(images: Tensor) -> Tensor:
    """Return mean and standard deviation of red, green and blue, N x 6, from 0 to 1."""
    values = images.float() / 255
    mean = values.mean(dim=(2, 3), keepdim=True)
    spread = (values - mean).square().mean(dim=(2, 3)).sqrt()
    return torch.cat([mean.flatten(1), spread], dim=1)
