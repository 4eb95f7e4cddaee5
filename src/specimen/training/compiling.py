"""Compiled steps (`torch.compile`): faster for some networks, after a minute or more that the compiler takes.

The same compiler makes the same code of a network, so compiled trainings can be repeated and resumed byte for byte. The
bytes are others than those of steps that are not compiled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from specimen.common.errors import SpecimenError
from specimen.common.sizes import format_seconds
from specimen.config.train import BatchNorm, Train
from specimen.training.compute import Compute

BACKEND = "inductor"
"""What makes code of a network; on a CPU it needs a C++ compiler."""


class Saving(NamedTuple):
    """What compiling does for a family of backbones on a CPU."""

    names: tuple[str, ...]
    """Starts of their names, without `timm/`."""
    batch_norm: BatchNorm
    seconds: float
    """Of one thread that each picture of 224 px takes less in each step."""
    compiling: float
    """Seconds until the first step is done."""


SAVINGS = (
    Saving(("mobilenet",), "frozen", 0.0019, 60.0),
    Saving(("tf_efficientnet_lite", "efficientnet_lite"), "frozen", 0.0037, 60.0),
)
"""In fp32, with AVX-512: mobilenet_v3_large 27.5 images per second of one thread, compiled 29.0; tf_efficientnet_lite0
16.0 and 17.0. With batch norms that learn their statistics nothing is gained: 26.8 and 25.6, 15.3 and 15.4.
`python bench/train.py backbones` measures these.
"""
AREA = 224 * 224
SAFETY = 2.0
"""How many times what compiling takes must be saved: the savings were measured on one machine."""


@dataclass(frozen=True)
class Plan:
    """Whether the steps are compiled."""

    compiled: bool
    why: str
    """For the log; empty where there is nothing to compile."""


def plan_compiling(train: Train, compute: Compute, pictures: int, image_size: int) -> Plan:
    """Return whether to compile the steps of a training that sees so many pictures, of so many pixels, in an epoch.

    It follows from params, data, threads and whether there is a compiler, never from the clock, so that a second run
    decides the same. Raises `SpecimenError` where params want it and it cannot be.
    """
    if train.backbone in ("none", "forest") or train.fine_tune == "head" or train.compile == "off":
        return Plan(False, "")
    if train.compile == "auto":
        plan = _pays(train, compute, pictures, image_size)
        fault = find_fault(compute.device) if plan.compiled else None
        return plan if fault is None else Plan(False, f"not compiled, although it would save time: {fault}")
    if compute.group.size > 1:
        raise SpecimenError("train.compile: on is for one process. Set auto, or train.launcher: python.")
    if (fault := find_fault(compute.device)) is not None:
        raise SpecimenError(
            f"train.compile: on, but torch cannot compile here ({fault}). Install a C++ compiler (Debian, Ubuntu: "
            "apt install g++) and the headers of Python (python3-dev), or set auto."
        )
    return Plan(True, "compiled: train.compile is on")


def _pays(train: Train, compute: Compute, pictures: int, image_size: int) -> Plan:
    """Return whether a training saves more time by compiling than it takes."""
    saving = _find_saving(train, compute)
    if saving is None:
        return Plan(False, f"not compiled: no gain is known for {train.backbone} as it is trained here")
    epochs = train.epochs - train.freeze_epochs
    seconds = saving.seconds * image_size**2 / AREA * pictures * epochs / torch.get_num_threads()
    compiled = seconds > SAFETY * saving.compiling
    facts = f"compiling takes about {format_seconds(saving.compiling)}, saves about {format_seconds(max(0, seconds))}"
    return Plan(compiled, f"{'compiled' if compiled else 'not compiled'}: {facts}")


def _find_saving(train: Train, compute: Compute) -> Saving | None:
    if compute.device.type != "cpu" or compute.precision != torch.float32 or compute.group.size > 1:
        return None
    name = train.backbone.removeprefix("timm/")
    return next(
        (saving for saving in SAVINGS if name.startswith(saving.names) and saving.batch_norm == train.batch_norm), None
    )


def find_fault(device: torch.device) -> str | None:
    """Return why nothing can be compiled for a device, or None; this compiles a small function."""
    try:
        torch.compile(_try, backend=BACKEND)(torch.zeros(64, device=device))
    # Compiler, headers, a folder for the results: each fails with an exception of its own.
    except Exception as error:
        return str(error).strip().partition("\n")[0] or type(error).__name__
    return None


def _try(values: Tensor) -> Tensor:
    return values.sin() + values.cos()


class CompiledNetwork(nn.Module):
    """A network whose full batches are compiled.

    The last batch of an epoch is often shorter: to compile for its size too would take as long once more.
    """

    def __init__(self, network: nn.Module, batch_size: int) -> None:
        super().__init__()
        self.network = network
        self.compiled = torch.compile(network, dynamic=False, backend=BACKEND)
        self.batch_size = batch_size

    def forward(self, images: Tensor, features: Tensor | None = None) -> Tensor:
        """Return the outputs of the network."""
        network = self.compiled if len(images) == self.batch_size else self.network
        outputs: Tensor = network(images, features)
        return outputs
