"""Which weights are trained, and which stay as they are."""

from __future__ import annotations

import builders
import pytest
import torch

from specimen.config.train import FineTune, Train
from specimen.models.model import Model, make_model
from specimen.training.fine_tuning import BATCH_NORM, NORMS, FineTuning


@pytest.fixture(scope="module")
def model() -> Model:
    return make_model("mobilenet_v3_small", 2, 32, features_width=3)


def with_gradients(model: Model) -> set[str]:
    return {name for name, parameter in model.named_parameters() if parameter.requires_grad}


def outside_the_backbone(model: Model) -> set[str]:
    return {name for name, _ in model.named_parameters() if not name.startswith("backbone.")}


def test_head_trains_what_is_behind_the_backbone(model: Model) -> None:
    FineTuning("head").set_trainable(model, 1)
    assert with_gradients(model) == outside_the_backbone(model)


def test_norm_trains_head_norms_and_biases(model: Model) -> None:
    FineTuning("norm").set_trainable(model, 1)
    norms = {f"{name}.weight" for name, module in model.named_modules() if isinstance(module, NORMS)}
    biases = {name for name, _ in model.named_parameters() if name.endswith("bias")}
    assert with_gradients(model) == outside_the_backbone(model) | norms | biases


def test_the_backbone_joins_after_so_many_epochs(model: Model) -> None:
    seen = []
    for epoch in (1, 2, 3):
        FineTuning(freeze_epochs=2).set_trainable(model, epoch)
        seen.append(with_gradients(model) == outside_the_backbone(model))
    assert seen == [True, True, False]
    assert len(with_gradients(model)) == len(list(model.parameters()))


@pytest.mark.parametrize(("trained", "kept"), [("head", True), ("norm", False), ("all", False)])
def test_a_frozen_backbone_keeps_its_statistics(trained: FineTune, kept: bool) -> None:
    model = make_model("mobilenet_v3_small", 2, 32)
    before = [buffer.clone() for buffer in model.backbone.buffers()]  # type: ignore[union-attr]
    FineTuning(trained).set_mode(model, 1)
    model(torch.randint(0, 256, (4, 3, 32, 32), dtype=torch.uint8))
    after = model.backbone.buffers()  # type: ignore[union-attr]
    assert all(map(torch.equal, before, after)) == kept
    assert model.head.training


def test_a_frozen_batch_norm_keeps_its_statistics_and_learns_its_scale() -> None:
    model = make_model("mobilenet_v3_small", 2, 32)
    tuning = FineTuning(batch_norm="frozen")
    tuning.set_trainable(model, 1)
    tuning.set_mode(model, 1)
    before = [buffer.clone() for buffer in model.backbone.buffers()]  # type: ignore[union-attr]
    model(torch.randint(0, 256, (4, 3, 32, 32), dtype=torch.uint8)).sum().backward()
    assert all(map(torch.equal, before, model.backbone.buffers()))  # type: ignore[union-attr]
    norms = [module for module in model.backbone.modules() if isinstance(module, BATCH_NORM)]  # type: ignore[union-attr]
    assert norms
    assert all(norm.weight.grad is not None for norm in norms)
    assert any(module.training for module in model.backbone.modules()), "dropout goes on"  # type: ignore[union-attr]


def test_the_params_say_what_is_trained() -> None:
    train = Train(fine_tune="norm", freeze_epochs=2, batch_norm="frozen", weights="a.pt")
    assert FineTuning.of(train) == FineTuning("norm", 2, "frozen")


def test_numbers_are_counted_and_not_tensors() -> None:
    with builders.tiny_backbone() as backbone:
        model = make_model(backbone, 2, 32)
    # The convolution has 8 x 3 x 3 x 3 weights and 8 biases, the norm 8 and 8, the head 2 x 8 and 2.
    assert FineTuning("head").count(model, 1) == (18, 258)
    assert FineTuning("norm").count(model, 1) == (18 + 8 + 16, 258)
    assert FineTuning().count(model, 1) == (258, 258)


def test_the_count_is_that_of_its_epoch() -> None:
    with builders.tiny_backbone() as backbone:
        model = make_model(backbone, 2, 32)
    assert FineTuning(freeze_epochs=2).count(model, 2) == (18, 258)
    assert FineTuning(freeze_epochs=2).count(model, 3) == (258, 258)


def test_without_a_backbone_all_is_trained() -> None:
    model = make_model("none", 1, 32, features_width=2)
    FineTuning(freeze_epochs=3).set_trainable(model, 1)
    assert len(with_gradients(model)) == len(list(model.parameters()))
    trained, total = FineTuning(freeze_epochs=3).count(model, 1)
    assert trained == total > 0
