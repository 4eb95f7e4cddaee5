"""Where in a picture the model looked: Grad-CAM, and how much of that lies on the object.

Source: R. Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization", ICCV
2017, arXiv 1610.02391. Coarse by nature: the heat is as fine as the map of features that it is made of, with most
backbones a 32nd of the picture.

As in the paper, only what speaks for the explained output counts: for the predicted class, or for a larger number. With
numbers one could count what lowers them too, but empty ground lowers them as well: on the embedded sample the share of
the heat on the plant fell from 0.11 to 0.07 (by chance 0.04), and small plants lit up the corners of the picture.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from specimen.data.dataset import features
from specimen.models.model import Model
from specimen.models.network import Progress
from specimen.models.torch_network import TorchPredictor

Heat = npt.NDArray[np.float32]
"""N x S x S, from 0 (does not speak for the prediction) to 1 (speaks for it more than any other place)."""


def heat(
    predictor: TorchPredictor, images: npt.NDArray[np.uint8], samples: pd.DataFrame, progress: Progress = iter
) -> Heat | None:
    """Return where the model looked in pictures N x S x S x 3; `samples` has N rows with the features it uses.

    None if there is no map to look at: the model sees no pictures, or cuts them into tokens as vision transformers do.
    Explained is the predicted class, or the predicted number. In fp32, the same bytes on each run. All 0 where nothing
    speaks for it.
    """
    layer = _last_map(predictor.model, images.shape[1])
    if layer is None:
        return None
    columns = torch.from_numpy(features.encode(samples, predictor.meta.features))
    parts = [np.zeros((0, *images.shape[1:3]), np.float32)]
    tiny = torch.finfo(torch.float32).tiny
    for start in progress(range(0, len(images), predictor.batch_size)):
        batch = slice(start, start + predictor.batch_size)
        pictures = torch.from_numpy(np.array(images[batch])).permute(0, 3, 1, 2)
        found = _contributions(predictor.model, layer, pictures, columns[batch]).relu()
        smooth = F.interpolate(found[:, None], images.shape[1:3], mode="bilinear")[:, 0]
        parts.append((smooth / smooth.amax((1, 2), keepdim=True).clamp_min(tiny)).cpu().numpy())
    return np.concatenate(parts)


@torch.enable_grad()
def _contributions(model: Model, layer: nn.Module, pictures: Tensor, columns: Tensor) -> Tensor:
    """Return N x h x w: the maps of the layer, each weighted by the mean gradient of the output with respect to it."""
    maps: list[Tensor] = []

    def cut(module: nn.Module, inputs: object, output: Tensor) -> Tensor:
        # Gradients stop here. A copy, because densenet changes its map in place afterwards, and a leaf may not be.
        maps.append(output.detach().float().requires_grad_().clone())
        return maps[0]

    model.requires_grad_(False)  # of the weights no gradient is needed: nothing of the backbone is kept for it
    handle = layer.register_forward_hook(cut)
    try:
        device = next(model.parameters()).device
        logits = model(pictures.to(device), columns.to(device))
    finally:
        handle.remove()
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
        outputs.extend([(module, output)] if isinstance(output, Tensor) else [])

    handles = [module.register_forward_hook(note) for module in model.backbone.modules()]
    try:
        model.embed(torch.zeros(1, 3, size, size, dtype=torch.uint8, device=next(model.parameters()).device))
    finally:
        for handle in handles:
            handle.remove()
    for module, output in reversed(outputs):
        if output.ndim == 3:  # tokens: what maps there were came before these
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
) -> dict[str, float]:
    """Return `attention_inside`, the mean share of heat on the object, and `attention_by_chance` to read it by.

    The latter is what heat spread evenly would have there: the mean share of the area. Empty without anything to tell.
    """
    found = list(_shares(predictor, images, masks, samples, progress))
    shares, areas = (np.concatenate(parts) for parts in zip(*found, strict=True)) if found else (np.empty(0),) * 2
    told = np.isfinite(shares)
    if not told.any():
        return {}
    return {"attention_inside": float(shares[told].mean()), "attention_by_chance": float(areas[told].mean())}


def _shares(
    predictor: TorchPredictor,
    images: npt.NDArray[np.uint8],
    masks: npt.NDArray[np.uint8],
    samples: pd.DataFrame,
    progress: Progress,
) -> Iterator[tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]:
    """Yield the shares of heat and of area for a few hundred pictures at a time: their heat would fill the memory."""
    for start in progress(range(0, len(images), 4 * predictor.batch_size)):
        part = slice(start, start + 4 * predictor.batch_size)
        found = heat(predictor, images[part], samples.iloc[part])
        if found is None:
            return
        yield attention_share(found, masks[part]), (masks[part] > 0).mean((1, 2))
