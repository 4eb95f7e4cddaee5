"""All that changes from epoch to epoch, and so all that a checkpoint holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from specimen.config.train import Train
from specimen.models.model import Model
from specimen.models.torch_files import with_versions
from specimen.training.epoch_records import EpochRecord
from specimen.training.optimizers import make_optimizer, make_schedule

StateDict = dict[str, Any]
"""Tensors and plain values, as `torch.save` takes them."""


@dataclass
class TrainingState:
    """A training between two epochs."""

    model: Model
    optimizer: torch.optim.Optimizer
    schedule: LambdaLR
    average: AveragedModel | None
    """Moving average of the weights, if the params ask for one; val and the result use it."""
    best: dict[str, torch.Tensor] = field(default_factory=dict)
    """Weights of the best epoch."""
    records: list[EpochRecord] = field(default_factory=list)

    @property
    def eval_model(self) -> Model:
        """The model whose weights count: the average where there is one."""
        return self.model if self.average is None else self.average.module  # type: ignore[return-value]

    @property
    def lr(self) -> float:
        """The learning rate of the head in the next step."""
        return float(self.schedule.get_last_lr()[-1])

    def keep_best(self) -> None:
        """Keep a copy of the weights as they are now."""
        state = self.eval_model.state_dict()
        self.best = with_versions({key: value.detach().cpu().clone() for key, value in state.items()}, self.eval_model)

    def state_dict(self) -> StateDict:
        """Return tensors and plain values."""
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "best": self.best,
            "records": [asdict(record) for record in self.records],
        }
        return state if self.average is None else state | {"average": self.average.state_dict()}

    def load_state_dict(self, state: StateDict) -> None:
        """Continue from a state."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        if self.average is not None:
            self.average.load_state_dict(state["average"])
        self.best = state["best"]
        self.records = [EpochRecord(**record) for record in state["records"]]


def make_training_state(model: Model, train: Train, steps: int) -> TrainingState:
    """Return a training before its first epoch; an epoch has so many steps."""
    optimizer = make_optimizer(
        model, train.optimizer, lr=train.lr, backbone_lr=train.backbone_lr, weight_decay=train.weight_decay
    )
    schedule = make_schedule(optimizer, train.schedule, steps=steps * train.epochs, warmup=train.warmup)
    average = None
    if train.ema is not None:
        update = get_ema_multi_avg_fn(train.ema)  # type: ignore[no-untyped-call]
        average = AveragedModel(model, multi_avg_fn=update, use_buffers=True)
    return TrainingState(model, optimizer, schedule, average)
