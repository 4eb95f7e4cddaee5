"""Whether a training compiles its steps, what it says of that, and that compiled steps are the steps."""

from __future__ import annotations

import os
import shutil
from typing import Any

import pytest
import torch
from torch import nn

from specimen.common.errors import SpecimenError
from specimen.config.train import Train
from specimen.training import compiling
from specimen.training.compiling import CompiledNetwork, Plan, Saving, plan_compiling
from specimen.training.compute import Compute
from specimen.training.distributed import ProcessGroup

CPU = Compute(torch.device("cpu"), torch.float32)
SAVING = Saving(("mobilenet",), "frozen", 0.01, 60.0)
"""A picture of 224 px takes a hundredth of a second less."""
FROZEN = {"backbone": "mobilenet_v3_large", "weights": "a.pth", "batch_norm": "frozen"}


@pytest.fixture(autouse=True)
def can_compile(monkeypatch: pytest.MonkeyPatch) -> None:
    """Decide on one thread with a known table, on a machine that has a compiler."""
    monkeypatch.setattr(compiling, "SAVINGS", (SAVING,))
    monkeypatch.setattr(compiling, "find_fault", lambda device: None)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)


def plan(pictures: int = 1000, image_size: int = 224, compute: Compute = CPU, **train: Any) -> Plan:
    return plan_compiling(Train(**{**FROZEN, **train}), compute, pictures, image_size)


def test_auto_compiles_where_the_epochs_save_twice_what_it_takes() -> None:
    assert plan(epochs=13) == Plan(True, "compiled: compiling takes about 1 min 0 s, saves about 2 min 10 s")
    assert plan(epochs=12) == Plan(False, "not compiled: compiling takes about 1 min 0 s, saves about 2 min 0 s")
    assert not plan(epochs=13, image_size=192).compiled, "small pictures take less time"
    assert not plan(epochs=13, freeze_epochs=2).compiled, "a frozen backbone is not compiled"


def test_more_threads_save_less_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 8)
    assert not plan(epochs=96).compiled
    assert plan(epochs=97).compiled


@pytest.mark.parametrize(
    ("train", "compute"),
    [
        ({"backbone": "resnet18"}, CPU),
        ({"batch_norm": "train"}, CPU),
        ({}, Compute(torch.device("cpu"), torch.bfloat16)),
        ({}, Compute(torch.device("cpu"), torch.float32, ProcessGroup(size=2))),
        ({}, Compute(torch.device("meta"), torch.float32)),
    ],
)
def test_auto_does_not_compile_where_no_gain_was_measured(train: dict[str, Any], compute: Compute) -> None:
    decided = plan(epochs=1000, compute=compute, **train)
    assert not decided.compiled
    assert decided.why.startswith("not compiled: no gain is known for ")


@pytest.mark.parametrize("train", [{"fine_tune": "head", "batch_norm": "train"}, {"compile": "off"}])
def test_what_is_not_to_be_compiled_is_not_spoken_of(train: dict[str, Any]) -> None:
    assert plan(epochs=1000, **train) == Plan(False, "")


def test_without_a_compiler_auto_says_so_and_on_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "find_fault", lambda device: "no g++")
    assert plan(epochs=1000) == Plan(False, "not compiled, although it would save time: no g++")
    assert plan(epochs=1).why.startswith("not compiled: compiling takes")
    with pytest.raises(SpecimenError, match=r"train.compile: on, but torch cannot compile here \(no g\+\+\)"):
        plan(compile="on")


def test_several_processes_do_not_compile() -> None:
    with pytest.raises(SpecimenError, match=r"train\.compile: on is for one process"):
        plan(compile="on", compute=Compute(torch.device("cpu"), torch.float32, ProcessGroup(size=2)))


class Small(nn.Module):
    """A network of one convolution, with the signature of a model."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Hardswish(), nn.Flatten())

    def forward(self, images: torch.Tensor, features: torch.Tensor | None = None) -> torch.Tensor:
        outputs: torch.Tensor = self.layers(images)
        return outputs


def gradients(network: nn.Module, images: torch.Tensor) -> list[torch.Tensor]:
    network.zero_grad()
    network(images).square().sum().backward()
    return [parameter.grad.clone() for parameter in network.parameters() if parameter.grad is not None]


@pytest.mark.skipif(shutil.which(os.environ.get("CXX", "g++")) is None, reason="there is no C++ compiler")
def test_compiled_steps_have_the_gradients_of_the_network_and_the_same_bits_each_time() -> None:
    torch.manual_seed(0)
    network, images = Small(), torch.rand(4, 3, 6, 6)
    compiled = CompiledNetwork(network, batch_size=4)
    first, second = gradients(compiled, images), gradients(compiled, images)
    assert all(map(torch.equal, first, second))
    torch.testing.assert_close(first, gradients(network, images))


def test_a_short_batch_is_not_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "BACKEND", "eager")
    compiled = CompiledNetwork(Small(), batch_size=4)
    monkeypatch.setattr(compiled.compiled, "forward", lambda *_: torch.tensor(1.0))
    assert compiled(torch.rand(4, 3, 6, 6)).ndim == 0
    assert compiled(torch.rand(3, 3, 6, 6)).shape == (3, 64)
