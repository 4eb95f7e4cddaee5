"""Which weights are trained, and which stay as they are."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from specimen.config.train import Train
from specimen.models.model import Model, make_model
from specimen.training.fine_tuning import NORMS, set_mode, set_trainable, trainable_share


@pytest.fixture(scope="module")
def model() -> Model:
    return make_model("mobilenet_v3_small", 2, 32, features_width=3)


def trained(model: Model) -> set[str]:
    return {name for name, parameter in model.named_parameters() if parameter.requires_grad}


def train(**settings: object) -> Train:
    return Train(**({"weights": "start.pt"} | settings))


def outside_the_backbone(model: Model) -> set[str]:
    return {name for name, _ in model.named_parameters() if not name.startswith("backbone.")}


def test_head_trains_what_is_behind_the_backbone(model: Model) -> None:
    set_trainable(model, train(fine_tune="head"), 1)
    assert trained(model) == outside_the_backbone(model)


def test_norm_trains_head_norms_and_biases(model: Model) -> None:
    set_trainable(model, train(fine_tune="norm"), 1)
    norms = {f"{name}.weight" for name, module in model.named_modules() if isinstance(module, NORMS)}
    biases = {name for name, _ in model.named_parameters() if name.endswith("bias")}
    assert trained(model) == outside_the_backbone(model) | norms | biases


def test_the_backbone_joins_after_so_many_epochs(model: Model) -> None:
    seen = []
    for epoch in (1, 2, 3):
        set_trainable(model, train(freeze_epochs=2), epoch)
        seen.append(trained(model) == outside_the_backbone(model))
    assert seen == [True, True, False]
    assert len(trained(model)) == len(list(model.parameters()))


@pytest.mark.parametrize(("fine_tune", "kept"), [("head", True), ("norm", False), ("all", False)])
def test_a_frozen_backbone_keeps_its_statistics(fine_tune: str, kept: bool) -> None:
    model = make_model("mobilenet_v3_small", 2, 32)
    before = [buffer.clone() for buffer in model.backbone.buffers()]  # type: ignore[union-attr]
    set_mode(model, train(fine_tune=fine_tune), 1)
    model(torch.randint(0, 256, (4, 3, 32, 32), dtype=torch.uint8))
    after = model.backbone.buffers()  # type: ignore[union-attr]
    assert all(map(torch.equal, before, after)) == kept
    assert model.head.training


def test_the_share_counts_numbers_and_not_tensors() -> None:
    model = nn.Sequential(nn.Linear(3, 2, bias=False), nn.Linear(2, 1, bias=False))
    model[0].weight.requires_grad_(False)
    assert trainable_share(model) == 2 / 8


def test_without_a_backbone_all_is_trained() -> None:
    model = make_model("none", 1, 32, features_width=2)
    set_trainable(model, Train(backbone="none", features=["a"], freeze_epochs=3), 1)
    assert trainable_share(model) == 1
