"""The model: a backbone of torchvision or timm and a head of our own, saved with all that is needed to use it."""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torchvision
from torch import Tensor, nn
from torchvision.models import WeightsEnum, get_model, get_model_weights, list_models

from specimen.errors import SpecimenError, accepted, missing_extra
from specimen.files import written_aside
from specimen.novelty import Novelty
from specimen.transforms import Normalize

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of the pictures that torchvision's weights were trained on; as good as any other for a start from scratch."""

NO_LINEAR_HEAD = ("squeezenet1_0", "squeezenet1_1")
BACKBONES = tuple(name for name in list_models(module=torchvision.models) if name not in NO_LINEAR_HEAD)
"""Classification models of torchvision whose last layer is linear, and so can be replaced."""


TABULAR_WIDTH = 32
"""Width of the branch for tabular features: a few columns need no more."""


class Model(nn.Module):
    """Pictures and tabular features -> logits: normalise, backbone; a small branch for the features; one head."""

    def __init__(self, backbone: nn.Module | None, embedding_width: int, features_width: int, num_outputs: int) -> None:
        super().__init__()
        self.embedding_width = embedding_width
        self.normalize = Normalize(IMAGENET_MEAN, IMAGENET_STD)
        self.backbone = backbone
        self.tabular = _tabular_branch(features_width) if features_width else None
        self.head = nn.Linear(embedding_width + (TABULAR_WIDTH if features_width else 0), num_outputs)
        self.novelty: Novelty | None = None  # known when the training is over

    def forward(self, images: Tensor, features: Tensor | None = None) -> Tensor:
        """Return logits N x num_outputs for uint8 pictures N x 3 x H x W and features N x features_width."""
        return self.classify(self.embed(images), features)

    def embed(self, images: Tensor) -> Tensor:
        """Return what the backbone makes of pictures: N x embedding_width."""
        if self.backbone is None:
            return images.new_zeros((len(images), 0), dtype=self.head.weight.dtype)
        embedding: Tensor = self.backbone(self.normalize(images))
        return embedding

    def classify(self, embedding: Tensor, features: Tensor | None = None) -> Tensor:
        """Return logits N x num_outputs for embeddings and features."""
        if self.tabular is not None:
            embedding = torch.cat([embedding, self.tabular(features)], dim=1)
        logits: Tensor = self.head(embedding)
        return logits


class Head(nn.Module):
    """The part of a model behind the backbone, for embeddings that were computed before."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model

    def forward(self, embedding: Tensor, features: Tensor | None = None) -> Tensor:
        """Return logits N x num_outputs."""
        return self.model.classify(embedding, features)


def _tabular_branch(width: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, TABULAR_WIDTH), nn.ReLU(), nn.Linear(TABULAR_WIDTH, TABULAR_WIDTH), nn.ReLU())


def make_model(
    backbone: str, num_outputs: int, image_size: int, weights: str = "none", features_width: int = 0
) -> Model:
    """Build a model with a new head for square pictures; the backbone starts from `weights` (see `Train.weights`).

    The backbone `none` leaves the pictures out, `timm/<name>` is a model of timm. Raises `SpecimenError` for an unknown
    backbone, unknown weights, a failed download, or weights that do not fit.
    """
    if backbone == "none":
        return Model(None, 0, features_width, num_outputs)
    if backbone.startswith("timm/"):
        return _timm_model(backbone.removeprefix("timm/"), num_outputs, image_size, weights, features_width)
    if backbone not in BACKBONES:
        raise SpecimenError(f"train.backbone: no model '{backbone}' here. {accepted(backbone, BACKBONES, 'models')}")
    try:
        body = get_model(backbone, weights=None, **_constructor_options(backbone, image_size))
    except AssertionError as error:  # of vit_*: the picture is no whole number of patches
        raise SpecimenError(_misfit(backbone, image_size, error)) from error
    start = _find_weights(backbone, weights)
    if start is not None:
        _load_backbone(body, start, f"train.weights: '{weights}' for {backbone} at {image_size} px")
    model = Model(body, _take_off_head(body), features_width, num_outputs)
    if start is not None:
        model.normalize = Normalize(start.mean, start.std)
    _check_size(model, backbone, image_size)
    return model.to(memory_format=torch.channels_last)


@dataclass(frozen=True)
class _Weights:
    """A state dict to start from, and the scaling of pictures that it was trained with."""

    state: dict[str, Tensor]
    mean: tuple[float, ...]
    std: tuple[float, ...]


def _timm_model(name: str, num_outputs: int, image_size: int, weights: str, features_width: int) -> Model:
    """Build on a model of timm; `weights` may also be one of its pretrained tags, DEFAULT is the first of them."""
    try:
        import timm  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        raise SpecimenError(missing_extra(f"train.backbone: timm/{name}", "timm")) from None
    if not timm.is_model(name):
        raise SpecimenError(f"train.backbone: timm has no '{name}'. {accepted(name, timm.list_models(), 'models')}")
    from_file = Path(weights).suffix in (".pt", ".pth")
    options = ["none", "DEFAULT", *(full.split(".")[1] for full in timm.list_pretrained(f"{name}.*"))]
    if not from_file and weights not in options:
        raise SpecimenError(f"train.weights: timm/{name} has no '{weights}'. {accepted(weights, options)}")
    tag = f".{weights}" if weights in options[2:] else ""
    sized = {"img_size": image_size} if timm.get_pretrained_cfg(name).fixed_input_size else {}
    try:
        body = timm.create_model(name + tag, pretrained=not from_file and weights != "none", **sized)
    except (AssertionError, OSError, RuntimeError) as error:  # no such size, no network, no weights at all
        raise SpecimenError(
            f"train.backbone: timm/{name} with weights '{weights}' at {image_size} px could not be made ({error}). "
            "Without a network, set train.weights to a state dict file or to none; or change prepare.image_size."
        ) from error
    mean, std = body.pretrained_cfg["mean"], body.pretrained_cfg["std"]
    if from_file:
        head = body.pretrained_cfg["classifier"]
        start = _Weights(_read_state(Path(weights)), mean, std)
        what = f"train.weights: '{weights}' for timm/{name} at {image_size} px"
        _load_backbone(body, start, what, (head,) if isinstance(head, str) else head)
    body.reset_classifier(0)
    with torch.inference_mode():
        width = body.eval()(torch.zeros(2, 3, image_size, image_size)).shape[1]
    model = Model(body.train(), width, features_width, num_outputs)
    model.normalize = Normalize(mean, std)
    return model.to(memory_format=torch.channels_last)


def _constructor_options(backbone: str, image_size: int) -> dict[str, Any]:
    if backbone.startswith("vit_"):
        return {"image_size": image_size}
    if backbone in ("googlenet", "inception_v3"):
        # Without their second heads and slow initialisation; with the scaling that torchvision gives their weights.
        return {"aux_logits": False, "init_weights": False, "transform_input": True}
    return {}


def _check_size(model: Model, backbone: str, image_size: int) -> None:
    """Try one picture: some backbones shrink a small one to nothing, maxvit_t wants whole windows."""
    try:
        with torch.inference_mode():
            model.eval().embed(torch.zeros(1, 3, image_size, image_size, dtype=torch.uint8))
    except RuntimeError as error:
        raise SpecimenError(_misfit(backbone, image_size, error)) from error
    model.train()


def _misfit(backbone: str, image_size: int, error: Exception) -> str:
    return (
        f"train.backbone: {backbone} takes no pictures of {image_size} px ({error}). Set prepare.image_size to 224, "
        "which it is made for, or choose another backbone."
    )


def _take_off_head(body: nn.Module) -> int:
    """Replace the last linear layer of a torchvision model by nothing; return the width of what it now puts out."""
    name, last = [(name, module) for name, module in body.named_modules() if isinstance(module, nn.Linear)][-1]
    parent, _, attribute = name.rpartition(".")
    setattr(body.get_submodule(parent), attribute, nn.Identity())
    return last.in_features


def _find_weights(backbone: str, weights: str) -> _Weights | None:
    """Return the named weights of torchvision, or those in a file."""
    if weights == "none":
        return None
    if Path(weights).suffix in (".pt", ".pth"):
        return _Weights(_read_state(Path(weights)), IMAGENET_MEAN, IMAGENET_STD)
    known: type[WeightsEnum] = get_model_weights(backbone)
    if weights not in known.__members__:
        options = ["none", *known.__members__, "a file .pt or .pth"]
        raise SpecimenError(f"train.weights: {backbone} has no '{weights}'. {accepted(weights, options)}")
    found = known[weights]
    try:
        state = found.get_state_dict(progress=True, check_hash=True)
    except (OSError, RuntimeError) as error:  # no network, or a download that does not match its checksum
        raise SpecimenError(
            f"train.weights: '{weights}' of {backbone} could not be downloaded ({error}). Fetch {found.url} where "
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


def _load_backbone(body: nn.Module, start: _Weights, what: str, heads: Sequence[str] = ()) -> None:
    """Load weights that were made for another number of classes; all but the heads (or last linear layer) must fit."""
    heads = heads or [name for name, module in body.named_modules() if isinstance(module, nn.Linear)][-1:]
    ours = tuple(f"{head}." for head in heads)
    # googlenet and inception_v3 come with second heads for training, which we leave out.
    state = {key: value for key, value in start.state.items() if not key.startswith(("aux1.", "aux2.", "AuxLogits."))}
    state = {key: value for key, value in state.items() if not key.startswith(ours)}
    wanted = {key: value for key, value in body.state_dict().items() if not key.startswith(ours)}
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
    body.load_state_dict(state, strict=False)


def save_model(path: Path, model: Model, meta: dict[str, Any]) -> None:
    """Write weights and meta, as plain values; the same content gives the same bytes."""
    # Through JSON, because pickle also stores which strings are the same object, and that differs between runs.
    plain = json.loads(json.dumps(meta))
    state = {str(key): value.detach().cpu().contiguous() for key, value in model.state_dict().items()}
    buffer = io.BytesIO()
    torch.save({"weights": state, "meta": plain}, buffer)  # to a buffer: the file's name would go into the bytes
    with written_aside(path) as aside:
        aside.write_bytes(buffer.getvalue())


def load_model(path: Path) -> tuple[Model, dict[str, Any]]:
    """Read a model and its meta. Raises `SpecimenError` if the file is not one of ours."""
    try:
        content = dict(torch.load(path, map_location="cpu", weights_only=True))
        meta = content["meta"]
        model = make_model(**meta["model"], image_size=meta["image_size"])
        if "novelty" in meta:
            model.novelty = Novelty(meta["novelty"]["photos"], model.embedding_width)
        model.load_state_dict(content["weights"])
    except Exception as error:  # see _read_state
        raise SpecimenError(f"{path}: no model of Specimen ({error}). `dvc repro train` makes one.") from error
    return model.eval(), meta
