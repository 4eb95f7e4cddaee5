"""The loop: when it stops, what it keeps, and how far a step goes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from specimen.config.train import Train
from specimen.models.model import make_model
from specimen.models.task import Classification, Regression
from specimen.training.batches import Batch
from specimen.training.checkpoint import Checkpoint
from specimen.training.compute import Compute
from specimen.training.epoch_records import EpochRecord, is_stale
from specimen.training.loop import is_best
from specimen.training.steps import Steps
from specimen.training.training_state import make_training_state

REGRESSION = Regression(0.0, 1.0, "none", "mse")
BATCH = Batch(torch.zeros(4, 3, 8, 8, dtype=torch.uint8), torch.randn(4, 2), torch.full((4,), 1000.0))


def records(*best: bool) -> list[EpochRecord]:
    return [EpochRecord(epoch, 0.1, 1.0, 1.0, {"rmse": 1.0}, flag) for epoch, flag in enumerate(best, start=1)]


def record(metric: float, loss: float = 1.0) -> EpochRecord:
    return EpochRecord(1, 0.1, 1.0, loss, {"rmse": metric, "accuracy": metric}, best=True)


@pytest.mark.parametrize(
    ("best", "patience", "stale"),
    [
        ((True, False, False), 2, True),
        ((True, False), 2, False),
        ((False, True, False), 2, False),
        ((True, False, False), None, False),
        ((), 1, False),
    ],
)
def test_patience_counts_epochs_since_the_best(best: tuple[bool, ...], patience: int | None, stale: bool) -> None:
    assert is_stale(records(*best), patience) == stale


def test_a_lower_error_is_better_and_the_loss_breaks_ties() -> None:
    assert is_best([record(metric=2.0, loss=1.0)], REGRESSION, 1.0, 9.0)
    assert not is_best([record(metric=1.0, loss=9.0)], REGRESSION, 2.0, 1.0)
    accuracy = Classification(("a", "b"), 0.0)
    assert is_best([record(metric=0.8, loss=1.0)], accuracy, 0.9, 9.0)
    assert is_best([record(metric=0.9, loss=2.0)], accuracy, 0.9, 1.0)
    assert not is_best([record(metric=0.9, loss=1.0)], accuracy, 0.9, 1.0)


def test_the_first_epoch_is_the_best_and_a_later_one_must_beat_all() -> None:
    assert is_best([], REGRESSION, 9.0, 9.0)
    assert not is_best([record(metric=1.0), record(metric=3.0)], REGRESSION, 2.0, 0.0)


def moved(**settings: object) -> float:
    """Return how far one step of plain descent moves the weights."""
    torch.manual_seed(0)
    train = Train(optimizer="sgd", lr=1.0, schedule="constant", warmup=0, weight_decay=0, **settings)
    run = make_training_state(make_model("none", 1, 8, features_width=2), train, steps=1)
    before = torch.cat([p.detach().flatten().clone() for p in run.model.parameters()])
    compute = Compute(torch.device("cpu"), torch.float32)
    Steps(run, run.model, REGRESSION, compute, train.clip_norm, 1).take([BATCH])
    after = torch.cat([p.detach().flatten() for p in run.model.parameters()])
    return float((after - before).norm())


def test_a_clipped_step_is_no_longer_than_allowed() -> None:
    assert moved() > 10
    # Nesterov's first step is 1 + momentum times the gradient.
    assert moved(clip_norm=0.5) == pytest.approx(0.5 * 1.9, rel=1e-3)


def test_the_average_follows_the_weights_slowly() -> None:
    run = make_training_state(make_model("none", 1, 8, features_width=2), Train(ema=0.9), steps=1)
    assert run.average is not None
    run.average.update_parameters(run.model)
    before = run.model.head.weight.detach().clone()
    with torch.no_grad():
        run.model.head.weight.add_(1.0)
    run.average.update_parameters(run.model)
    torch.testing.assert_close(run.eval_model.head.weight.detach(), before + 0.1)


def test_the_best_weights_keep_the_versions_of_their_layers_through_a_checkpoint(tmp_path: Path) -> None:
    """Without them mnasnet refuses its weights after the last epoch."""
    run = make_training_state(make_model("mnasnet0_5", 1, 32), Train(), steps=1)
    run.keep_best()
    run.model.load_state_dict(run.best)
    checkpoint = Checkpoint(tmp_path / "checkpoint.pt", "mine")
    checkpoint.save(run.state_dict())
    saved = checkpoint.load()
    assert saved is not None
    again = make_training_state(make_model("mnasnet0_5", 1, 32), Train(), steps=1)
    again.load_state_dict(saved)
    again.model.load_state_dict(again.best)
    torch.testing.assert_close(dict(again.model.state_dict()), dict(run.model.state_dict()))
