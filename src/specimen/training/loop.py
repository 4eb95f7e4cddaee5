"""The training loop: plain torch, one path, a generator of one record an epoch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader

from specimen.common.errors import SpecimenError
from specimen.config.train import Train
from specimen.models.model import Model
from specimen.models.task import Task
from specimen.training.batches import Batch, draw_seed
from specimen.training.compute import Compute
from specimen.training.fine_tuning import FineTuning
from specimen.training.loaders import Loaders
from specimen.training.optimizers import make_optimizer, make_schedule

Progress = Callable[[Iterable[Batch]], Iterable[Batch]]


@dataclass(frozen=True)
class EpochRecord:
    """What one epoch brought."""

    epoch: int
    """From 1."""
    lr: float
    """Of the first step, that of the head."""
    train_loss: float
    val_loss: float
    val_metric: float
    """The metric that the task monitors, in its own unit."""
    best: bool
    """No epoch so far had a better val metric."""


@dataclass
class TrainingState:
    """All that changes from epoch to epoch, and so all that a checkpoint holds."""

    model: Model
    optimizer: torch.optim.Optimizer
    schedule: LambdaLR
    average: AveragedModel | None
    """Moving average of the weights, if one is wanted; val and the result use it."""
    best: dict[str, torch.Tensor] = field(default_factory=dict)
    """Weights of the best epoch."""
    records: list[EpochRecord] = field(default_factory=list)

    @property
    def eval_model(self) -> Model:
        """The model whose weights count."""
        return self.model if self.average is None else self.average.module  # type: ignore[return-value]

    def state(self) -> dict[str, Any]:
        """Return tensors and plain values."""
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "best": self.best,
            "records": [asdict(record) for record in self.records],
        }
        return state if self.average is None else state | {"average": self.average.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a state."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        if self.average is not None:
            self.average.load_state_dict(state["average"])
        self.best = state["best"]
        self.records = [EpochRecord(**record) for record in state["records"]]


def make_training_state(model: Model, train: Train, steps: int) -> TrainingState:
    """Return a run that stands before its first epoch of `steps` steps."""
    optimizer = make_optimizer(model, train)
    average = None
    if train.ema is not None:
        mean = get_ema_multi_avg_fn(train.ema)  # type: ignore[no-untyped-call]
        average = AveragedModel(model, multi_avg_fn=mean, use_buffers=True)
    return TrainingState(model, optimizer, make_schedule(optimizer, train, steps * train.epochs), average)


def fit(
    run: TrainingState, task: Task, compute: Compute, loaders: Loaders, train: Train, progress: Progress = iter
) -> Iterator[EpochRecord]:
    """Train from where `run` stands, yielding a record after each epoch; at the end the model has its best weights.

    Raises `SpecimenError` when the loss is no longer a number.
    """
    fine_tuning = FineTuning(train.fine_tune, train.freeze_epochs)
    for epoch in range(len(run.records) + 1, train.epochs + 1):
        if _is_stale(run.records, train.patience):
            break
        fine_tuning.set_trainable(run.model, epoch)
        fine_tuning.set_mode(run.model, epoch)
        # By epoch, so that a resumed run draws (dropout) what an uninterrupted one draws.
        torch.manual_seed(draw_seed(train.seed, epoch, compute.group.rank))
        loaders.train.sampler.epoch = epoch  # type: ignore[attr-defined]
        lr = float(run.schedule.get_last_lr()[-1])
        steps = _Steps(run, compute.parallel(loaders.part(run.model)), task, compute, train.clip_norm, epoch)
        train_loss = steps.take(progress(loaders.train))
        logits, val_loss = predict(loaders.part(run.eval_model), task, compute, loaders.val)
        _check_loss(val_loss, f"the val loss is {val_loss} after epoch {epoch}", lr)
        metric = task.score(loaders.val_targets, task.decode(logits))
        best = not run.records or _key(task, metric, val_loss) > max(
            _key(task, record.val_metric, record.val_loss) for record in run.records
        )
        if best:
            run.best = {key: value.detach().cpu().clone() for key, value in run.eval_model.state_dict().items()}
        run.records.append(EpochRecord(epoch, lr, train_loss, val_loss, metric, best))
        yield run.records[-1]
    run.model.load_state_dict(run.best)


def _check_loss(loss: float, what: str, lr: float) -> None:
    if not math.isfinite(loss):
        raise SpecimenError(
            f"train: {what}, at lr {lr:g}. Lower train.lr, set train.clip_norm: 1, or train.precision: fp32."
        )


def _key(task: Task, metric: float, val_loss: float) -> tuple[float, float]:
    """Order epochs by metric; the loss breaks ties, as on a small val split many have the same accuracy."""
    return (metric if task.higher_is_better else -metric, -val_loss)


def _is_stale(records: list[EpochRecord], patience: int | None) -> bool:
    return patience is not None and len(records) >= patience and not any(record.best for record in records[-patience:])


@dataclass(frozen=True)
class _Steps:
    """The steps of one epoch."""

    run: TrainingState
    model: nn.Module
    task: Task
    compute: Compute
    clip_norm: float | None
    epoch: int

    def take(self, batches: Iterable[Batch]) -> float:
        """Take one step a batch; return the mean loss over the samples of all processes."""
        total, count = 0.0, 0
        for step, batch in enumerate(batches, start=1):
            total += self._step(self.compute.move(batch), step) * len(batch.targets)
            count += len(batch.targets)
        sums = self.compute.group.gather((total, count))
        return float(sum(part for part, _ in sums) / sum(number for _, number in sums))

    def _step(self, batch: Batch, step: int) -> float:
        with self.compute.autocast():
            logits = self.model(batch.inputs, batch.features)
        loss = self.task.loss(logits.float(), batch.targets)
        value = float(loss.detach())
        lr = float(self.run.schedule.get_last_lr()[-1])
        _check_loss(value, f"the loss is {value} in epoch {self.epoch}, step {step}", lr)
        self.run.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        if self.clip_norm is not None:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.clip_norm)
        self.run.optimizer.step()
        self.run.schedule.step()
        if self.run.average is not None:
            self.run.average.update_parameters(self.run.model)
        return value


@torch.inference_mode()
def predict(
    model: nn.Module, task: Task, compute: Compute, loader: DataLoader[Batch]
) -> tuple[npt.NDArray[np.float32], float]:
    """Return the logits (N x num_outputs, float32) of a loader's rows, in their order, and the mean loss."""
    model.eval()
    parts, losses = [], []
    for batch in loader:
        if not len(batch.targets):  # with several processes the last batch may have too few rows for all
            parts.append(np.empty((0, task.num_outputs), dtype=np.float32))
            continue
        moved = compute.move(batch)
        with compute.autocast():
            logits = model(moved.inputs, moved.features).float()
        losses.append(float(task.loss(logits, moved.targets)) * len(logits))
        parts.append(logits.cpu().numpy())
    return _whole(compute.group.gather((parts, losses)))


def _whole(gathered: list[tuple[list[npt.NDArray[np.float32]], list[float]]]) -> tuple[npt.NDArray[np.float32], float]:
    """Put the shares of the processes together: process r has rows r, r + size, r + 2 size, ... of each batch."""
    batches = []
    for shares in zip(*(parts for parts, _ in gathered), strict=True):
        batch = np.empty((sum(map(len, shares)), shares[0].shape[1]), dtype=np.float32)
        for rank, share in enumerate(shares):
            batch[rank :: len(shares)] = share
        batches.append(batch)
    logits = np.concatenate(batches)
    return logits, sum(sum(losses) for _, losses in gathered) / len(logits)
