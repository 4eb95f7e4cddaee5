"""Backbones: networks of torchvision or timm without their heads, from random numbers or from weights."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from specimen.common.errors import SpecimenError, accepted_hint, missing_extra
from specimen.common.weight_files import weights_file
from specimen.models.normalize import Normalize
from specimen.models.start_weights import StartWeights, find_torchvision_weights, load_state, read_weights
from specimen.models.torchvision_models import models

NO_LINEAR_HEAD = ("squeezenet1_0", "squeezenet1_1")
BACKBONES = tuple(name for name in models.list_models(module=models) if name not in NO_LINEAR_HEAD)
"""Classification models of torchvision whose last layer is linear, and so can be replaced."""
TIMM = "timm/"
"""Start of the names of timm's models."""
NORM_MOMENTUM = 0.1
"""At least, for batch norms in a network that starts from random numbers. MobileNetV3 has 0.01 and MNASNet 0.0003, for
long trainings: after the few hundred steps on a small data set, the mean and variance for predictions would still be
those of the start, and every photo would get the same prediction."""


@dataclass(frozen=True)
class _Headless:
    """A network without its head, before the weights are loaded."""

    body: nn.Module
    start: StartWeights
    heads: tuple[str, ...]
    """Names of the layers that a state dict may have for the head."""


def make_backbone(name: str, image_size: int, weights: str) -> tuple[nn.Module, int, Normalize]:
    """Return a network, the width of the embeddings that it puts out (N x width), and the scaling of its pictures.

    `name` is a model of torchvision, or of timm as `timm/<name>`. Raises `SpecimenError` for an unknown name, unknown
    weights, a failed download, weights that do not fit, or pictures that the network does not take.
    """
    try:
        make = _from_timm if name.startswith(TIMM) else _from_torchvision
        made = make(name, image_size, weights)
        if made.start.state is not None:
            what = f"train.weights: '{weights}' for {name} at {image_size} px"
            load_state(made.body, made.start.state, made.heads, what)
        if weights == "none":
            _let_norms_follow(made.body)
        width = _embedding_width(made.body, image_size)
    except (AssertionError, RuntimeError) as error:  # no whole number of patches or windows, or shrunk to nothing
        raise SpecimenError(
            f"train.backbone: {name} takes no pictures of {image_size} px ({error}). Set prepare.image_size to "
            f"{_made_for(name)}, which it is made for, or choose another backbone."
        ) from error
    except OSError as error:
        raise SpecimenError(
            f"train.weights: '{weights}' of {name} could not be downloaded ({error}). Set train.weights to a state "
            "dict file, or to none to start from scratch."
        ) from error
    return made.body, width, Normalize(made.start.mean, made.start.std)


def _from_torchvision(name: str, image_size: int, weights: str) -> _Headless:
    if name not in BACKBONES:
        raise SpecimenError(f"train.backbone: no model '{name}' here. {accepted_hint(name, BACKBONES, 'models')}")
    options: dict[str, object] = {"image_size": image_size} if name.startswith("vit_") else {}
    if name in ("googlenet", "inception_v3"):
        # Without their second heads and slow initialisation; with the scaling that torchvision gives their weights.
        options = {"aux_logits": False, "init_weights": False, "transform_input": True}
    body = models.get_model(name, weights=None, **options)
    head = [path for path, module in body.named_modules() if isinstance(module, nn.Linear)][-1]
    parent, _, attribute = head.rpartition(".")
    setattr(body.get_submodule(parent), attribute, nn.Identity())
    return _Headless(body, find_torchvision_weights(name, weights), (head,))


def _from_timm(full_name: str, image_size: int, weights: str) -> _Headless:
    """Return a model of timm; named weights (one of its tags; DEFAULT is the first) are already loaded."""
    try:
        import timm  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        raise SpecimenError(missing_extra(f"train.backbone: {full_name}", "timm")) from None
    name = full_name.removeprefix(TIMM)
    if not timm.is_model(name):
        raise SpecimenError(
            f"train.backbone: timm has no '{name}'. {accepted_hint(name, timm.list_models(), 'models')}"
        )
    config = timm.get_pretrained_cfg(name)
    file = weights_file(weights)
    from_file = read_weights(file, full_name, config.mean, config.std) if file is not None else None
    tags = {full.split(".")[1]: full for full in timm.list_pretrained(f"{name}.*")}
    options = {"none": name, **tags}
    if tags:
        options["DEFAULT"] = name
    if from_file is None and weights not in options:
        raise SpecimenError(f"train.weights: {full_name} has no '{weights}'. {accepted_hint(weights, options)}")
    size = {"img_size": image_size} if config.fixed_input_size else {}
    pretrained = from_file is None and weights != "none"
    body = timm.create_model(options.get(weights, name), pretrained=pretrained, num_classes=0, **size)
    own = body.pretrained_cfg
    heads = own["classifier"]
    heads = (heads,) if isinstance(heads, str) else tuple(heads)
    return _Headless(body, from_file or StartWeights(None, own["mean"], own["std"]), heads)


def _let_norms_follow(body: nn.Module) -> None:
    for norm in body.modules():
        if isinstance(norm, nn.BatchNorm2d) and norm.momentum is not None:
            norm.momentum = max(norm.momentum, NORM_MOMENTUM)


def _made_for(name: str) -> int:
    """Return the side in pixels of the pictures that a known backbone was designed for."""
    if name.startswith(TIMM):
        import timm  # noqa: PLC0415 - an extra

        return int(timm.get_pretrained_cfg(name.removeprefix(TIMM)).input_size[-1])
    return min(int(weights.transforms().crop_size[0]) for weights in models.get_model_weights(name))


def _embedding_width(body: nn.Module, image_size: int) -> int:
    """Try one picture: some networks shrink a small one to nothing, others want whole windows."""
    with torch.inference_mode():
        width: int = body.eval()(torch.zeros(1, 3, image_size, image_size)).shape[1]
    body.train()
    return width
