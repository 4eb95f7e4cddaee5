"""Which parts of a picture speak for its prediction: integrated gradients.

Source: M. Sundararajan, A. Taly, Q. Yan, "Axiomatic Attribution for Deep Networks", ICML 2017, arXiv 1703.01365. The
gradients of the explained output are averaged on the way from an empty picture to this one, and multiplied by the
difference of the two. They add up to the difference of the two outputs, and need nothing but gradients, so that every
backbone has them.

Three choices, each measured by `bench/attention.py`:

- The empty picture has the median colour of the edge of this one, which is mostly that of the ground. Against black,
  light ground counts as much as a light object, and against the median of all, an object that fills more than half of
  the picture counts as ground.
- Neighbours are averaged with their signs, and what is below zero is cut off only then. Cut first, the noise of the
  gradients adds up along every edge, and a network with random weights has nearly the same map.
- What lowers a number or speaks against a class is left out: empty ground does, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor, nn
from torch.backends import cudnn
from torch.nn import functional as F

from specimen.data.dataset import features
from specimen.models.model import Model
from specimen.models.network import Images, Progress
from specimen.models.torch_network import TorchPredictor

Heat = npt.NDArray[np.float32]
"""N x S x S, from 0 (does not speak for the prediction) to 1 (speaks for it most)."""


def steps(count: int) -> tuple[float, ...]:
    """Return the middles of steps from 0 to 1."""
    return tuple((step + 0.5) / count for step in range(count))


STEPS = steps(3)
"""Where gradients are taken on the way from the empty picture (0) to this one (1); more cost time and change little."""
EDGE = 0.05
"""How wide the edge is, of which the ground is taken, as a share of the side."""
GRADIENT_PIXELS = 8 * 224 * 224
"""Of all pictures of a batch together. Fewer than for predictions, since gradients need all maps of the network."""


def heat_maps(
    predictor: TorchPredictor, images: Images, samples: pd.DataFrame, progress: Progress = iter
) -> Heat | None:
    """Return where pictures N x S x S x 3 speak for their predictions, each scaled to its hottest place.

    `samples` has N rows with the features that the model uses. The predicted class or a larger number is explained;
    where nothing speaks for it, all is 0. None if the model sees no pictures. In fp32, with the same bytes on each run.
    """
    if predictor.model.backbone is None:
        return None
    columns = torch.from_numpy(features.encode(samples, predictor.meta.features))
    size = images.shape[1]
    step = max(1, GRADIENT_PIXELS // size**2)
    heats = [np.zeros((0, size, size), np.float32)]
    with _without_weights(predictor.model), cudnn.flags(enabled=True, deterministic=True, allow_tf32=False):
        for start in progress(range(0, len(images), step)):
            batch = slice(start, start + step)
            pictures = torch.from_numpy(np.array(images[batch])).permute(0, 3, 1, 2).float()
            signed = integrated_gradients(predictor.model, pictures, ground_colour(pictures), columns[batch])
            heats.append(to_heat(signed).numpy())
    return np.concatenate(heats)


@torch.enable_grad()
def integrated_gradients(
    model: Model, pictures: Tensor, empty: Tensor, columns: Tensor, places: Sequence[float] = STEPS
) -> Tensor:
    """Return N x S x S on the CPU: what each pixel adds to the explained output, in logits, from `empty` to `pictures`.

    Both are N x 3 x S x S, 0 to 255; gradients are taken at `places` between them. Explained is the largest logit for
    `pictures`.
    """
    device = next(model.parameters()).device
    pictures, empty, columns = pictures.to(device), empty.to(device), columns.to(device)
    with torch.no_grad():
        explained = model(pictures, columns).argmax(1, keepdim=True)
    total = torch.zeros_like(pictures)
    for place in places:
        between = torch.lerp(empty, pictures, place).requires_grad_()
        logits = model(between, columns).gather(1, explained)
        total += torch.autograd.grad(logits.sum(), between)[0]
    return ((pictures - empty) * total / len(places)).sum(1).cpu()


def ground_colour(pictures: Tensor) -> Tensor:
    """Return pictures N x 3 x S x S of one colour each, the median of each channel along the edge.

    Black bars at two sides, which make a photo square, do not count; black all around does.
    """
    colours = torch.stack([_edge_colour(_without_bars(picture)) for picture in pictures])
    return colours[..., None, None].expand_as(pictures)


def _without_bars(picture: Tensor) -> Tensor:
    lit = picture.any(0)
    rows, columns = (lit.any(axis).nonzero().flatten().tolist() for axis in (1, 0))
    size = picture.shape[1]
    if rows and columns[-1] - columns[0] + 1 == size:
        return picture[:, rows[0] : rows[-1] + 1]
    if rows and rows[-1] - rows[0] + 1 == size:
        return picture[:, :, columns[0] : columns[-1] + 1]
    return picture


def _edge_colour(photo: Tensor) -> Tensor:
    width = max(1, round(EDGE * min(photo.shape[1:])))
    edge = torch.ones(photo.shape[1:], dtype=torch.bool, device=photo.device)
    edge[width:-width, width:-width] = False
    return photo[:, edge].median(1).values


def to_heat(signed: Tensor) -> Tensor:
    """Average what pixels add, N x S x S, over a twentieth of the side; cut it off below zero, and scale it to 1.

    By two averages that are as wide together, so that near ones count more: a single one leaves a lattice of squares.
    """
    reach = round(signed.shape[-1] / 56)
    mean = signed[:, None]
    for _ in range(2):
        mean = F.avg_pool2d(mean, 2 * reach + 1, stride=1, padding=reach, count_include_pad=False)
    hottest = mean.amax((2, 3), keepdim=True)
    return (mean.relu() / hottest.clamp_min(torch.finfo(torch.float32).tiny))[:, 0]


@contextmanager
def _without_weights(model: nn.Module) -> Iterator[None]:
    """Compute no gradients of the weights, which nobody needs here, and leave each as it was."""
    needed = [weight for weight in model.parameters() if weight.requires_grad]
    model.requires_grad_(False)
    try:
        yield
    finally:
        for weight in needed:
            weight.requires_grad_()
