"""The training loop: plain torch, one path, a generator of one record for each epoch."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from specimen.config.train import Train
from specimen.models.task import Task
from specimen.training.batches import Progress
from specimen.training.compiling import CompiledNetwork
from specimen.training.compute import Compute
from specimen.training.epoch_records import EpochRecord, is_stale
from specimen.training.fine_tuning import FineTuning
from specimen.training.loaders import Loaders
from specimen.training.seeds import draw_seed
from specimen.training.steps import Steps, check_loss
from specimen.training.training_state import TrainingState
from specimen.training.validation import predict


def fit(
    state: TrainingState, task: Task, compute: Compute, loaders: Loaders, train: Train, progress: Progress = iter
) -> Iterator[EpochRecord]:
    """Train from where `state` is, yielding a record after each epoch; at the end the model has its best weights.

    Raises `SpecimenError` when the loss is no longer a finite number.
    """
    fine_tuning = FineTuning.of(train)
    compiled = CompiledNetwork(state.model, train.batch_size) if compute.compiled else None
    for epoch in range(len(state.records) + 1, train.epochs + 1):
        if is_stale(state.records, train.patience):
            break
        fine_tuning.set_trainable(state.model, epoch)
        fine_tuning.set_mode(state.model, epoch)
        # By epoch, so that a resumed run draws (dropout) what an uninterrupted one draws.
        torch.manual_seed(draw_seed(train.seed, epoch, compute.group.rank))
        loaders.train_batches.set_epoch(epoch)
        lr = state.lr
        network = compute.parallel(loaders.network(state.model))
        if compiled is not None and not fine_tuning.is_head_only(epoch):
            network = compiled
        train_loss = Steps(state, network, task, compute, train.clip_norm, epoch).take(progress(loaders.train))
        logits, val_loss = predict(loaders.network(state.eval_model), task, compute, loaders.val)
        check_loss(val_loss, f"the val loss is {val_loss} after epoch {epoch}", lr)
        val_metrics = task.scores(loaders.val_targets, task.decode(logits))
        best = is_best(state.records, task, val_metrics[task.monitor], val_loss)
        if best:
            state.keep_best()
        state.records.append(EpochRecord(epoch, lr, train_loss, val_loss, val_metrics, best))
        yield state.records[-1]
    state.model.load_state_dict(state.best)


def is_best(records: list[EpochRecord], task: Task, val_metric: float, val_loss: float) -> bool:
    """Return whether an epoch with these values would be better than all so far."""
    new = _rank(task, val_metric, val_loss)
    return all(new > _rank(task, record.val_metrics[task.monitor], record.val_loss) for record in records)


def _rank(task: Task, val_metric: float, val_loss: float) -> tuple[float, float]:
    """Order epochs by metric; the loss breaks ties, because on a small val split many have the same accuracy."""
    return (val_metric if task.higher_is_better else -val_metric, -val_loss)
