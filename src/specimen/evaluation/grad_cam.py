"""Where in a picture the model looked: Grad-CAM, and how much of it is on the object.

Source: R. Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization", ICCV
2017, arXiv 1610.02391. It is coarse: a cell of heat is as large as a cell of the last map of features, with
most backbones a 32nd of the picture.

As in the paper, only what speaks for the explained output counts: for the predicted class, or for a larger number. With
numbers one could count what lowers them too, but empty ground lowers them as well: on the embedded sample the share of
the heat on the plant fell from 0.11 to 0.07 (by chance 0.04), and small plants lit up the corners of the picture.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from specimen.data.dataset import features
from specimen.evaluation.results import Attention
from specimen.models.model import Model
from specimen.models.network import Progress
from specimen.models.torch_network import TorchPredictor

Heat = npt.NDArray[np.float32]
"""N x S x S, from 0 (does not speak for the prediction) to 1 (speaks for it most)."""


def heat(
    predictor: TorchPredictor, images: npt.NDArray[np.uint8], samples: pd.DataFrame, progress: Progress = iter
) -> Heat | None:
    """Return where the model looked in pictures N x S x S x 3; `samples` has N rows with the features it uses.

    None if there is no map to look at: the model sees no pictures, or cuts them into tokens as vision transformers do.
    The predicted class or number is explained; where nothing speaks for it, all is 0. In fp32, with the same bytes on
    each run.
    """
    layer = _last_map(predictor.model, images.shape[1])
    if layer is None:
        return None
    columns = torch.from_numpy(features.encode(samples, predictor.meta.features))
    heats = [np.zeros((0, *images.shape[1:3]), np.float32)]
    tiny = torch.finfo(torch.float32).tiny
    for start in progress(range(0, len(images), predictor.batch_size)):
        batch = slice(start, start + predictor.batch_size)
        pictures = torch.from_numpy(np.array(images[batch])).permute(0, 3, 1, 2)
        contributions = _contributions(predictor.model, layer, pictures, columns[batch]).relu()
        smooth = F.interpolate(contributions[:, None], images.shape[1:3], mode="bilinear")[:, 0]
        heats.append((smooth / smooth.amax((1, 2), keepdim=True).clamp_min(tiny)).cpu().numpy())
    return np.concatenate(heats)


def can_explain(predictor: TorchPredictor) -> bool:
    """Return whether the model has a map of features to look at; see `heat`."""
    return _last_map(predictor.model, predictor.meta.image_size) is not None


@torch.enable_grad()
def _contributions(model: Model, layer: nn.Module, pictures: Tensor, columns: Tensor) -> Tensor:
    """Return N x h x w: the maps of the layer, each weighted by the mean gradient of the output with respect to it."""
    maps: list[Tensor] = []

    def cut(module: nn.Module, inputs: object, output: Tensor) -> Tensor:
        # Gradients stop here. A copy, because densenet changes its map in place afterwards, and a leaf may not be.
        maps.append(output.detach().float().requires_grad_().clone())
        return maps[0]

    # No gradient of the weights is needed: without it, nothing of the backbone is kept in memory.
    needed = [weight for weight in model.parameters() if weight.requires_grad]
    model.requires_grad_(False)
    handle = layer.register_forward_hook(cut)
    try:
        device = next(model.parameters()).device
        logits = model(pictures.to(device), columns.to(device))
    finally:
        handle.remove()
        for weight in needed:
            weight.requires_grad_()
    explained = logits.gather(1, logits.argmax(1, keepdim=True)).sum()
    (gradient,) = torch.autograd.grad(explained, maps[0])
    return (gradient.mean((2, 3), keepdim=True) * maps[0]).sum(1).detach()


@torch.inference_mode()
def _last_map(model: Model, size: int) -> nn.Module | None:
    """Return the module that puts out the last map of features (1 x C x h x w) before these are pooled."""
    if model.backbone is None:
        return None
    outputs: list[tuple[nn.Module, Tensor]] = []

    def note(module: nn.Module, inputs: object, output: object) -> None:
        if isinstance(output, Tensor):
            outputs.append((module, output))

    handles = [module.register_forward_hook(note) for module in model.backbone.modules()]
    try:
        model.embed(torch.zeros(1, 3, size, size, dtype=torch.uint8, device=next(model.parameters()).device))
    finally:
        for handle in handles:
            handle.remove()
    for module, output in reversed(outputs):
        if output.ndim == 3:  # tokens: any maps came before these
            return None
        if output.ndim == 4 and min(output.shape[2:]) > 1:
            return module
    return None


def attention_share(heat: Heat, masks: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Return for each picture the share of its heat on the object, N; NaN without heat or object.

    `masks` are N x S x S, not 0 on the object.
    """
    inside = masks > 0
    whole = heat.sum((1, 2), dtype=np.float64)
    usable = (whole > 0) & inside.any((1, 2))
    shares = np.where(inside, heat, 0).sum((1, 2), dtype=np.float64) / np.where(usable, whole, 1)
    return np.where(usable, shares, np.nan)


def attention(
    predictor: TorchPredictor,
    images: npt.NDArray[np.uint8],
    masks: npt.NDArray[np.uint8],
    samples: pd.DataFrame,
    progress: Progress = iter,
) -> Attention | None:
    """Return where the model looks, over all pictures that have heat and an object; None if there are none."""
    shares: list[npt.NDArray[np.float64]] = []
    areas: list[npt.NDArray[np.float64]] = []
    step = 4 * predictor.batch_size  # the heat of all pictures at once would fill the memory
    for start in progress(range(0, len(images), step)):
        rows = slice(start, start + step)
        warmth = heat(predictor, images[rows], samples.iloc[rows])
        if warmth is None:
            return None
        shares.append(attention_share(warmth, masks[rows]))
        areas.append((masks[rows] > 0).mean((1, 2)))
    share = np.concatenate([np.empty(0), *shares])
    area = np.concatenate([np.empty(0), *areas])
    known = np.isfinite(share)
    if not known.any():
        return None
    return Attention(inside=float(share[known].mean()), by_chance=float(area[known].mean()))
