"""Optimizers and schedules: their values at the first, the highest and the last step."""

from __future__ import annotations

import builders
import pytest
import torch

from specimen.config.train import OptimizerName
from specimen.models.model import make_model
from specimen.training.optimizers import constant, cosine, make_optimizer, make_schedule, one_cycle

STEPS = 40


@pytest.mark.parametrize(
    ("schedule", "first", "last"),
    [(cosine, 1 / 8, 0.0024), (constant, 1 / 8, 1.0), (one_cycle, 1 / 25, 0.0024)],
)
def test_a_schedule_climbs_and_falls(schedule, first: float, last: float) -> None:
    values = [schedule(step, STEPS, 0.2) for step in range(STEPS)]
    assert values[0] == pytest.approx(first)
    assert values[8] == max(values) == 1
    assert values[-1] == pytest.approx(last, abs=1e-4)


@pytest.mark.parametrize("schedule", [cosine, constant, one_cycle])
@pytest.mark.parametrize("steps", [1, 2, 7, 200])
@pytest.mark.parametrize("warmup", [0.0, 0.1, 0.5, 0.99])
def test_a_learning_rate_is_a_share_of_the_peak(schedule, steps: int, warmup: float) -> None:
    assert all(0 <= schedule(step, steps, warmup) <= 1 for step in range(steps + 1))
    assert schedule(0, steps, warmup) > 0


def test_without_warmup_it_starts_at_the_peak() -> None:
    assert cosine(0, STEPS, 0.0) == constant(0, STEPS, 0.0) == 1


@pytest.mark.parametrize(
    ("name", "kind"), [("adamw", torch.optim.AdamW), ("adam", torch.optim.Adam), ("sgd", torch.optim.SGD)]
)
def test_an_optimizer_is_the_one_named(name: OptimizerName, kind: type[torch.optim.Optimizer]) -> None:
    optimizer = make_optimizer(make_model("none", 1, 32, features_width=2), name, lr=0.1)
    assert type(optimizer) is kind


def test_norms_and_biases_have_no_decay_and_the_backbone_its_own_rate() -> None:
    model = make_model("mobilenet_v3_small", 2, 32, features_width=3)
    optimizer = make_optimizer(model, "adamw", lr=0.5, backbone_lr=0.1, weight_decay=0.2)
    found = {id(p): group for group in optimizer.param_groups for p in group["params"]}
    assert len(found) == len(list(model.parameters()))
    for name, parameter in model.named_parameters():
        group = found[id(parameter)]
        assert group["weight_decay"] == (0.2 if parameter.ndim > 1 else 0.0), name
        assert group["lr"] == pytest.approx(0.05 if name.startswith("backbone.") else 0.5), name


def test_the_schedule_moves_all_rates() -> None:
    with builders.tiny_backbone() as backbone:
        optimizer = make_optimizer(make_model(backbone, 2, 32), "sgd", lr=0.5, backbone_lr=0.1)
    make_schedule(optimizer, "cosine", steps=10, warmup=0.5)
    assert {round(group["lr"], 6) for group in optimizer.param_groups} == {0.1, 0.01}
