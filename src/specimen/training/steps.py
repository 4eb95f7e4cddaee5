"""The steps of one epoch: forward, backward, update."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from torch import nn

from specimen.common.errors import SpecimenError
from specimen.models.task import Task
from specimen.training.batches import Batch
from specimen.training.compute import Compute
from specimen.training.training_state import TrainingState


@dataclass(frozen=True)
class Steps:
    """Takes the steps of one epoch."""

    state: TrainingState
    network: nn.Module
    """What the batches go through."""
    task: Task
    compute: Compute
    clip_norm: float | None
    epoch: int
    """For messages."""

    def take(self, batches: Iterable[Batch]) -> float:
        """Take one step for each batch; return the mean loss over the samples of all processes.

        Raises `SpecimenError` when the loss is no longer a finite number.
        """
        total = 0.0
        count = 0
        for number, batch in enumerate(batches, start=1):
            total += self._step(self.compute.move(batch), number) * len(batch.targets)
            count += len(batch.targets)
        sums = self.compute.group.gather((total, count))
        return float(sum(total for total, _ in sums) / sum(count for _, count in sums))

    def _step(self, batch: Batch, number: int) -> float:
        with self.compute.autocast():
            logits = self.network(batch.inputs, batch.features)
        loss = self.task.loss(logits.float(), batch.targets)
        value = float(loss.detach())
        check_loss(value, f"the loss is {value} in epoch {self.epoch}, step {number}", self.state.lr)
        self.state.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        if self.clip_norm is not None:
            nn.utils.clip_grad_norm_(self.network.parameters(), self.clip_norm)
        self.state.optimizer.step()
        self.state.schedule.step()
        if self.state.average is not None:
            self.state.average.update_parameters(self.state.model)
        return value


def check_loss(loss: float, what: str, lr: float) -> None:
    """Raise `SpecimenError` where a loss is not a finite number."""
    if not math.isfinite(loss):
        raise SpecimenError(
            f"train: {what}, at lr {lr:g}. Lower train.lr, set train.clip_norm: 1, or train.precision: fp32."
        )
