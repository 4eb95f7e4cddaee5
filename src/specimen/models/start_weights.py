"""The weights that a backbone starts from: named ones of torchvision, or a state dict in a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from specimen.common.errors import SpecimenError, accepted_hint
from specimen.common.weight_files import weights_file
from specimen.models.normalize import IMAGENET_MEAN, IMAGENET_STD
from specimen.models.torchvision_models import models

SECOND_HEADS = ("aux1.", "aux2.", "AuxLogits.")
"""googlenet and inception_v3 have them for training alone; our backbones leave them out."""
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
        return StartWeights(read_state(file))
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


def read_state(path: Path) -> dict[str, Tensor]:
    """Read a state dict. Raises `SpecimenError` for a file that is not one."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    # torch raises whatever it stumbles over in a file of another kind: KeyError, IndexError, UnicodeDecodeError, ...
    except Exception as error:
        raise SpecimenError(f"train.weights: {path} cannot be read as a state dict: {error}") from error
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise SpecimenError(f"train.weights: {path} is not a state dict (a dictionary of tensors).")
    return state


def load_state(body: nn.Module, state: dict[str, Tensor], heads: tuple[str, ...], what: str) -> None:
    """Load weights that were made for another number of classes; all but the heads must fit.

    Raises `SpecimenError`, which starts with `what`, where they do not.
    """
    left_out = (*SECOND_HEADS, *(f"{head}." for head in heads))
    state = {key: value for key, value in state.items() if not key.startswith(left_out)}
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
    body.load_state_dict(state)
