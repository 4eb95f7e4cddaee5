"""The weights that a backbone starts from: named ones of torchvision, or those in a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from specimen.common.errors import SpecimenError, accepted_hint
from specimen.common.weight_files import weights_file
from specimen.models.normalize import IMAGENET_MEAN, IMAGENET_STD
from specimen.models.torch_files import DamagedFileError, not_finite, read_torch, with_versions
from specimen.models.torchvision_models import models

SECOND_HEADS = ("aux1.", "aux2.", "AuxLogits.")
"""googlenet and inception_v3 have them for training alone; our backbones leave them out."""
OF_BACKBONE = "backbone."
"""Start of the names of its weights in a model of Specimen."""
SHOWN_FAULTS = 5


@dataclass(frozen=True)
class StartWeights:
    """A state dict to start from, if one is still to be loaded, and the scaling of pictures that it was made with."""

    state: dict[str, Tensor] | None = None
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD


def find_torchvision_weights(name: str, weights: str) -> StartWeights:
    """Return the weights of a model of torchvision: none, named ones, or those in a file (see `Train.weights`).

    Raises `SpecimenError` for an unknown name, a file that is not a state dict, or a failed download.
    """
    if weights == "none":
        return StartWeights()
    if (file := weights_file(weights)) is not None:
        return read_weights(file, name)
    known: type[models.WeightsEnum] = models.get_model_weights(name)
    if weights not in known.__members__:
        options = ["none", *known.__members__, "a file .pt or .pth"]
        raise SpecimenError(f"train.weights: {name} has no '{weights}'. {accepted_hint(weights, options)}")
    named = known[weights]
    try:
        state = named.get_state_dict(progress=True, check_hash=True)
    except (OSError, RuntimeError) as error:  # no network, or a download that does not match its checksum
        raise SpecimenError(
            f"train.weights: '{weights}' of {name} could not be downloaded ({error}). Fetch {named.url} where "
            "there is a network and set train.weights to that file, or set train.weights: none to start from scratch."
        ) from error
    preset = named.transforms()
    return StartWeights(dict(state), tuple(preset.mean), tuple(preset.std))


def read_weights(
    path: Path, backbone: str, mean: tuple[float, ...] = IMAGENET_MEAN, std: tuple[float, ...] = IMAGENET_STD
) -> StartWeights:
    """Read a state dict, which gets the given scaling, or a model of Specimen, which has its own.

    Raises `SpecimenError` for a file that is neither, that is damaged, and for a model with another backbone.
    """
    try:
        content = read_torch(path)
    except FileNotFoundError:
        raise SpecimenError(f"train.weights: {path} does not exist.") from None
    except DamagedFileError as error:
        raise SpecimenError(f"train.weights: {path} is damaged: {error}.") from error
    except MemoryError:
        raise
    # torch raises whatever it stumbles over in a file of another kind: KeyError, IndexError, UnicodeDecodeError, ...
    except Exception as error:
        raise SpecimenError(f"train.weights: {path} cannot be read as a state dict: {error}") from error
    if _is_state(content):
        return StartWeights(content, mean, std)
    if isinstance(content, dict) and _is_state(content.get("weights")) and isinstance(content.get("meta"), dict):
        return _weights_of_model(path, content["weights"], str(content["meta"].get("backbone")), backbone)
    raise SpecimenError(f"train.weights: {path} is not a state dict (a dictionary of tensors) or a model of Specimen.")


def _weights_of_model(path: Path, weights: dict[str, Tensor], backbone: str, wanted: str) -> StartWeights:
    """Return the weights of the backbone of a model of Specimen, and the scaling of its pictures."""
    if backbone != wanted:
        raise SpecimenError(
            f"train.weights: {path} is a model whose backbone is {backbone}, not {wanted}. Set train.backbone: "
            f"{backbone}, or choose other weights."
        )
    state = {key.removeprefix(OF_BACKBONE): value for key, value in weights.items() if key.startswith(OF_BACKBONE)}
    # As `Normalize` keeps them, rounded to what they were made from.
    mean = weights["normalize.mean"].flatten().double() / 255
    std = 1 / (weights["normalize.scale"].flatten().double() * 255)
    return StartWeights(state, tuple(mean.numpy().round(5).tolist()), tuple(std.numpy().round(5).tolist()))


def _is_state(content: object) -> bool:
    return isinstance(content, dict) and all(isinstance(value, Tensor) for value in content.values())


def load_state(body: nn.Module, state: dict[str, Tensor], heads: tuple[str, ...], what: str) -> None:
    """Load weights that were made for another number of classes; all but the heads must fit.

    Raises `SpecimenError`, which starts with `what`, where they do not, or are not finite numbers.
    """
    left_out = (*SECOND_HEADS, *(f"{head}." for head in heads))
    versioned = with_versions(state, body)
    for key in [key for key in versioned if key.startswith(left_out)]:
        del versioned[key]
    state = versioned
    own = body.state_dict()
    faults = [f"missing {key}" for key in own if key not in state]
    faults += [f"unknown {key}" for key in state if key not in own]
    faults += [
        f"{key} is {tuple(state[key].shape)}, not {tuple(own[key].shape)}"
        for key in own
        if key in state and state[key].shape != own[key].shape
    ]
    if faults:
        more = f" (and {len(faults) - SHOWN_FAULTS} more)" if len(faults) > SHOWN_FAULTS else ""
        raise SpecimenError(f"{what} do not fit: {'; '.join(faults[:SHOWN_FAULTS])}{more}.")
    if faulty := not_finite(state):
        raise SpecimenError(f"{what} are damaged: {faulty[0]} holds values that are not finite numbers.")
    body.load_state_dict(state)
