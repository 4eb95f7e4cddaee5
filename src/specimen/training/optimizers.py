"""Optimizers and schedules."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch.optim.lr_scheduler import LambdaLR

from specimen.config.train import Train
from specimen.models.model import Model


def make_optimizer(model: Model, train: Train) -> torch.optim.Optimizer:
    """Return the optimizer: weight decay on matrices and kernels alone, a learning rate of its own for the backbone."""
    groups = []
    for part, lr in ((model.backbone, train.lr * train.backbone_lr), (model.tabular, train.lr), (model.head, train.lr)):
        parameters = [] if part is None else list(part.parameters())
        for chosen, decay in (
            ([p for p in parameters if p.ndim > 1], train.weight_decay),
            ([p for p in parameters if p.ndim <= 1], 0.0),
        ):
            if chosen:
                groups.append({"params": chosen, "lr": lr, "weight_decay": decay})
    makers: dict[str, Callable[[], torch.optim.Optimizer]] = {
        "adamw": lambda: torch.optim.AdamW(groups, lr=train.lr, fused=True),
        "adam": lambda: torch.optim.Adam(groups, lr=train.lr, fused=True),
        "sgd": lambda: torch.optim.SGD(groups, lr=train.lr, momentum=0.9, nesterov=True, fused=True),
    }
    return makers[train.optimizer]()


def make_schedule(optimizer: torch.optim.Optimizer, train: Train, steps: int) -> LambdaLR:
    """Return the schedule over all `steps` of the training."""
    factor = {"cosine": cosine, "one_cycle": one_cycle, "constant": constant}[train.schedule]
    return LambdaLR(optimizer, lambda step: factor(step, steps, train.warmup))


def cosine(step: int, steps: int, warmup: float) -> float:
    """Return the share of the peak learning rate: up along a line, then down along a cosine."""
    climb = round(steps * warmup)
    return (step + 1) / climb if step < climb else _fall((step - climb) / max(1, steps - climb))


def constant(step: int, steps: int, warmup: float) -> float:
    """Return the share of the peak learning rate: up along a line, then level."""
    climb = round(steps * warmup)
    return (step + 1) / climb if step < climb else 1.0


def one_cycle(step: int, steps: int, warmup: float) -> float:
    """Return the share of the peak learning rate: up along a cosine from 1/25 of it, then down along one to nothing.

    Source: L. N. Smith, N. Topin, "Super-Convergence", arXiv 1708.07120; the 25 is fastai's.
    """
    climb = round(steps * max(warmup, 0.01))
    if step < climb:
        return 1 - _fall(step / climb) * (1 - 1 / 25)
    return _fall((step - climb) / max(1, steps - climb))


def _fall(share: float) -> float:
    """Return a half cosine from 1 at 0 to 0 at 1."""
    return 0.5 * (1 + math.cos(math.pi * share))
