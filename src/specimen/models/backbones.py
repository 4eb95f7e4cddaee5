"""Backbones: networks of torchvision or timm without their heads, from random numbers or from weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from specimen.common.errors import SpecimenError, accepted_hint, missing_extra
from specimen.models.torchvision_models import models

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of the pictures that torchvision's weights were trained on; as good as any other for a start from scratch."""

NO_LINEAR_HEAD = ("squeezenet1_0", "squeezenet1_1")
BACKBONES = tuple(name for name in models.list_models(module=models) if name not in NO_LINEAR_HEAD)
"""Classification models of torchvision whose last layer is linear, and so can be replaced."""

FILES = (".pt", ".pth")
"""Endings by which `train.weights` is the path of a state dict, not a name."""


class Normalize(nn.Module):
    """First layer of every model: uint8 pictures N x 3 x H x W -> floats with the mean and spread of the weights."""

    mean: Tensor
    scale: Tensor

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1) * 255)
        self.register_buffer("scale", 1 / (torch.tensor(std).view(1, 3, 1, 1) * 255))

    def forward(self, images: Tensor) -> Tensor:
        """Return float32 of the same shape."""
        return (images.float() - self.mean) * self.scale


@dataclass(frozen=True)
class _Weights:
    """A state dict to start from, if one is still to be loaded, and the scaling of pictures that it was made with."""

    state: dict[str, Tensor] | None = None
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD


def make_backbone(name: str, image_size: int, weights: str) -> tuple[nn.Module, int, Normalize]:
    """Return a network, the width of the embeddings that it puts out (N x width), and the scaling of its pictures.

    `name` is a model of torchvision, or of timm as `timm/<name>`. Raises `SpecimenError` for an unknown name, unknown
    weights, a failed download, weights that do not fit, or pictures that the network does not take.
    """
    try:
        if name.startswith("timm/"):
            body, start, heads = _from_timm(name.removeprefix("timm/"), image_size, weights)
        else:
            body, start, heads = _from_torchvision(name, image_size, weights)
        if start.state is not None:
            _load(body, start.state, heads, f"train.weights: '{weights}' for {name} at {image_size} px")
        width = _width(body, image_size)
    except (AssertionError, RuntimeError) as error:  # no whole number of patches or windows, or shrunk to nothing
        raise SpecimenError(
            f"train.backbone: {name} takes no pictures of {image_size} px ({error}). Set prepare.image_size to 224, "
            "which it is made for, or choose another backbone."
        ) from error
    except OSError as error:
        raise SpecimenError(
            f"train.weights: '{weights}' of {name} could not be downloaded ({error}). Set train.weights to a state "
            "dict file, or to none to start from scratch."
        ) from error
    return body, width, Normalize(start.mean, start.std)


def _from_torchvision(name: str, image_size: int, weights: str) -> tuple[nn.Module, _Weights, tuple[str, ...]]:
    """Return a model of torchvision without its head, the weights to load, and the name of the head."""
    if name not in BACKBONES:
        raise SpecimenError(f"train.backbone: no model '{name}' here. {accepted_hint(name, BACKBONES, 'models')}")
    options: dict[str, Any] = {"image_size": image_size} if name.startswith("vit_") else {}
    if name in ("googlenet", "inception_v3"):
        # Without their second heads and slow initialisation; with the scaling that torchvision gives their weights.
        options = {"aux_logits": False, "init_weights": False, "transform_input": True}
    body = models.get_model(name, weights=None, **options)
    head = [path for path, module in body.named_modules() if isinstance(module, nn.Linear)][-1]
    parent, _, attribute = head.rpartition(".")
    setattr(body.get_submodule(parent), attribute, nn.Identity())
    return body, _find_weights(name, weights), (head,)


def _from_timm(name: str, image_size: int, weights: str) -> tuple[nn.Module, _Weights, tuple[str, ...]]:
    """Return the same for a model of timm, its named weights (one of its tags; DEFAULT is the first) already loaded."""
    try:
        import timm  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        raise SpecimenError(missing_extra(f"train.backbone: timm/{name}", "timm")) from None
    if not timm.is_model(name):
        raise SpecimenError(
            f"train.backbone: timm has no '{name}'. {accepted_hint(name, timm.list_models(), 'models')}"
        )
    state = _read_state(Path(weights)) if Path(weights).suffix in FILES else None
    tags = {full.split(".")[1]: full for full in timm.list_pretrained(f"{name}.*")}
    options = {"none": name, **tags, **({"DEFAULT": name} if tags else {})}
    if state is None and weights not in options:
        raise SpecimenError(f"train.weights: timm/{name} has no '{weights}'. {accepted_hint(weights, options)}")
    size = {"img_size": image_size} if timm.get_pretrained_cfg(name).fixed_input_size else {}
    pretrained = state is None and weights != "none"
    body = timm.create_model(options.get(weights, name), pretrained=pretrained, num_classes=0, **size)
    config, heads = body.pretrained_cfg, body.pretrained_cfg["classifier"]
    return body, _Weights(state, config["mean"], config["std"]), (heads,) if isinstance(heads, str) else tuple(heads)


def _width(body: nn.Module, image_size: int) -> int:
    """Try one picture: some shrink a small one to nothing, others want whole windows."""
    with torch.inference_mode():
        width: int = body.eval()(torch.zeros(1, 3, image_size, image_size)).shape[1]
    body.train()
    return width


def _find_weights(name: str, weights: str) -> _Weights:
    """Return the named weights of torchvision, or those in a file."""
    if weights == "none":
        return _Weights()
    if Path(weights).suffix in FILES:
        return _Weights(_read_state(Path(weights)))
    known: type[models.WeightsEnum] = models.get_model_weights(name)
    if weights not in known.__members__:
        options = ["none", *known.__members__, "a file .pt or .pth"]
        raise SpecimenError(f"train.weights: {name} has no '{weights}'. {accepted_hint(weights, options)}")
    found = known[weights]
    try:
        state = found.get_state_dict(progress=True, check_hash=True)
    except (OSError, RuntimeError) as error:  # no network, or a download that does not match its checksum
        raise SpecimenError(
            f"train.weights: '{weights}' of {name} could not be downloaded ({error}). Fetch {found.url} where "
            "there is a network and set train.weights to that file, or set train.weights: none to start from scratch."
        ) from error
    preset = found.transforms()
    return _Weights(dict(state), tuple(preset.mean), tuple(preset.std))


def _read_state(path: Path) -> dict[str, Tensor]:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    # torch raises whatever it stumbles over in a file of another kind: KeyError, IndexError, UnicodeDecodeError, ...
    except Exception as error:
        raise SpecimenError(f"train.weights: {path} cannot be read as a state dict: {error}") from error
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise SpecimenError(f"train.weights: {path} holds no state dict (a dictionary of tensors).")
    return state


def _load(body: nn.Module, state: dict[str, Tensor], heads: tuple[str, ...], what: str) -> None:
    """Load weights that were made for another number of classes; all but the heads must fit."""
    # googlenet and inception_v3 come with second heads for training, which we leave out.
    left_out = ("aux1.", "aux2.", "AuxLogits.", *(f"{head}." for head in heads))
    state = {key: value for key, value in state.items() if not key.startswith(left_out)}
    wanted = body.state_dict()
    faults = [f"missing {key}" for key in wanted if key not in state]
    faults += [f"unknown {key}" for key in state if key not in wanted]
    faults += [
        f"{key} is {tuple(state[key].shape)}, not {tuple(wanted[key].shape)}"
        for key in wanted
        if key in state and state[key].shape != wanted[key].shape
    ]
    if faults:
        more = f" (and {len(faults) - 5} more)" if len(faults) > 5 else ""
        raise SpecimenError(f"{what} do not fit: {'; '.join(faults[:5])}{more}.")
    body.load_state_dict(state)
