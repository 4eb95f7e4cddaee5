"""The first layer of every model: pictures as the store holds them, scaled as the weights expect them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
"""Of the pictures that torchvision's weights were trained on; as good as any other for a start from scratch."""


class Normalize(nn.Module):
    """uint8 pictures N x 3 x H x W -> floats with the mean and spread of the pictures that the weights come from."""

    mean: Tensor
    scale: Tensor

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1) * 255)
        self.register_buffer("scale", 1 / (torch.tensor(std).view(1, 3, 1, 1) * 255))

    def forward(self, images: Tensor) -> Tensor:
        """Return float32 of the same shape."""
        return (images.float() - self.mean) * self.scale
