"""What happens to a train picture of the store before the model sees it; val and test pictures stay as they are.

A transform maps one uint8 picture (3 x size x size) to another; scaling to numbers is the model's own first layer, so
that no two users of a model can do it differently. Draws come from torch's global generator, which the data set seeds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.transforms import v2

from specimen.config.train import Augment

Transform = Callable[[Tensor], Tensor]
Mix = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


def train_transform(augment: Augment) -> Transform:
    """Return the random transform of one train picture."""
    strength = augment.colour_strength
    steps = {
        v2.RandomHorizontalFlip(1.0): augment.flip,
        v2.RandomVerticalFlip(1.0): augment.flip_vertical,
        QuarterTurn(): augment.quarter_turn,
        v2.RandomRotation(augment.rotate_degrees, v2.InterpolationMode.BILINEAR): augment.rotate,
        ResizedCrop(augment.crop_scale): augment.crop,
        v2.ColorJitter(strength, strength, strength, strength / 10): augment.colour,
        v2.RandomErasing(1.0, scale=(0.02, 0.2)): augment.erase,
    }
    chosen = [v2.RandomApply([step], p) for step, p in steps.items() if p > 0]
    return v2.Compose(chosen or [v2.Identity()])  # type: ignore[no-any-return]


def batch_mix(augment: Augment, num_classes: int) -> Mix | None:
    """Return what mixes a batch of pictures and class indices into pictures and class shares, if anything."""
    return BatchMix(augment.mixup, augment.cutmix, num_classes) if augment.mixup or augment.cutmix else None


@dataclass(frozen=True)
class BatchMix:
    """Applies one of the two to a batch, or neither; their probabilities add up to at most 1."""

    mixup: float
    cutmix: float
    num_classes: int

    def __call__(self, images: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Return pictures (uint8) and the share of each class in them."""
        # The strengths of the papers: arXiv 1710.09412 (mixup, for ImageNet) and arXiv 1905.04899 (CutMix).
        drawn = float(torch.rand(()))
        if drawn < self.mixup:
            mixed, shares = v2.MixUp(alpha=0.2, num_classes=self.num_classes)(images.float(), targets)
            return mixed.round().to(torch.uint8), shares
        if drawn < self.mixup + self.cutmix:
            mixed, shares = v2.CutMix(alpha=1.0, num_classes=self.num_classes)(images, targets)
            return mixed, shares
        return images, nn.functional.one_hot(targets, self.num_classes).float()


class QuarterTurn(v2.Transform):  # type: ignore[misc]
    """Turn by 90, 180 or 270 degrees: exact, unlike a rotation by any other angle."""

    def make_params(self, flat_inputs: list[Any]) -> dict[str, int]:
        """Draw the number of quarter turns, 1 to 3."""
        return {"turns": int(torch.randint(1, 4, ()))}

    def transform(self, inpt: Tensor, params: dict[str, int]) -> Tensor:
        """Turn one picture."""
        return inpt.rot90(params["turns"], (-2, -1))


class ResizedCrop(v2.Transform):  # type: ignore[misc]
    """Cut out a rectangle of nearly the same proportions, and scale it to the size of the whole."""

    def __init__(self, min_scale: float) -> None:
        super().__init__()
        self.min_scale = min_scale

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """Draw the rectangle."""
        size = list(flat_inputs[0].shape[-2:])
        return {"size": size, **v2.RandomResizedCrop(size, (self.min_scale, 1.0), (0.9, 1.1)).make_params(flat_inputs)}

    def transform(self, inpt: Tensor, params: dict[str, Any]) -> Tensor:
        """Cut one picture."""
        return v2.functional.resized_crop(inpt, **params)  # type: ignore[no-any-return]
