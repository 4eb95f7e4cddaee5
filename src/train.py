"""Stage train: the store -> models/model.pt, the weights of the epoch that was best on val."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from specimen.common import errors
from specimen.common.files import significant, write_csv
from specimen.common.memory import keep_freed_memory
from specimen.common.stage_deps import require_dep
from specimen.config.base import load_section
from specimen.config.train import Train
from specimen.data.dataset.store import Store
from specimen.integrations.tracking import Tracking, run_name, track_training
from specimen.models.device import pick_device, pick_precision
from specimen.models.model import Model, save_model
from specimen.models.task import Task
from specimen.training.batches import Batch
from specimen.training.checkpoint import Checkpoint
from specimen.training.compute import Compute, precision_name
from specimen.training.distributed import process_group
from specimen.training.epoch_records import append_epoch_record
from specimen.training.fine_tuning import FineTuning
from specimen.training.finish import finish_model
from specimen.training.hardware import compute_reproducibly, out_of_memory, use_threads
from specimen.training.loop import EpochRecord, fit, make_training_state
from specimen.training.setup import checkpoint_fingerprint, set_up_training

PREPARED, MODEL, HISTORY = Path("data/prepared"), Path("models/model.pt"), Path("plots/history.csv")
CHECKPOINT = Path("models/checkpoint.pt")


def main() -> None:
    """Train, alone or as one process of several, and write the model and the history of its epochs."""
    keep_freed_memory()
    compute_reproducibly()
    with process_group() as group:
        train, store = load_section("train", Train), Store.load(PREPARED)
        use_threads(train.threads, group.size)
        device = pick_device(train.device, group.local_rank)
        compute = Compute(device, pick_precision(train.precision, device), group)
        name = run_name(train.backbone, store.meta.image_size, train.lr)
        with out_of_memory(train.batch_size), track_training(name, is_first=group.is_first) as tracking:
            train_model(store, train, compute, tracking)


def train_model(store: Store, train: Train, compute: Compute, tracking: Tracking) -> None:
    """Train from the start or from a checkpoint; the first process writes and prints."""
    group, bar = compute.group, _bar if compute.group.is_first else iter
    if Path(train.weights).is_file():
        require_dep("train", Path(train.weights), "train.weights")
    setup = set_up_training(store, train, compute, bar)
    task, state = setup.task, make_training_state(setup.model, train, len(setup.loaders.train))
    group.print_once(_plan(setup.model, train, compute))

    fingerprint = checkpoint_fingerprint(PREPARED, setup.meta, train, compute, Path(__file__))
    checkpoint = Checkpoint(CHECKPOINT, fingerprint)
    if (saved := checkpoint.load()) is not None:
        state.restore(saved)
        group.print_once(f"goes on after epoch {len(state.records)}, from {CHECKPOINT}")
    for record in state.records:
        _publish(record, task, tracking, is_first=group.is_first)
    try:
        for record in fit(state, task, compute, setup.loaders, train, bar):
            if group.is_first:
                checkpoint.save(state.state())
                write_csv(HISTORY, _history(state.records, task))
            _publish(record, task, tracking, is_first=group.is_first)
            group.print_once(_line(record, task, train.epochs))
    except KeyboardInterrupt:
        if state.records:
            group.print_once(f"\nEpoch {len(state.records)} is kept in {CHECKPOINT}; `dvc repro` goes on from there.")
        raise
    if group.is_first:
        write_csv(HISTORY, _history(state.records, task))
        best_epoch = max(record.epoch for record in state.records if record.best)
        model, meta = finish_model(state.model, setup.meta, best_epoch, store, train.coverage)
        save_model(MODEL, model, meta)
        tracking.made(MODEL)
        checkpoint.remove()


def _plan(model: Model, train: Train, compute: Compute) -> str:
    several = f", {compute.group.size} processes" if compute.group.size > 1 else ""
    where = f"{compute.device.type} in {precision_name(compute.precision)}{several}"
    # Of the last epoch, because a backbone may be frozen at first.
    share = FineTuning(train.fine_tune, train.freeze_epochs).trainable_share(model, train.epochs)
    return f"{train.backbone} on {where}, {share:.1%} of the parameters trained"


def _bar(batches: Iterable[Batch]) -> Iterable[Batch]:
    """Show a bar over batches, on a terminal."""
    return tqdm(batches, leave=False, unit=" batches", disable=None)


def _history(records: list[EpochRecord], task: Task) -> pd.DataFrame:
    table = pd.DataFrame([asdict(record) for record in records]).drop(columns="best")
    table = table.rename(columns={"val_metric": f"val_{task.monitor}"})
    return table.assign(**{name: significant(table[name].to_numpy()) for name in table.columns.drop("epoch")})


def _publish(record: EpochRecord, task: Task, tracking: Tracking, *, is_first: bool) -> None:
    """Hand the numbers of an epoch to trackers and to whoever watches."""
    values = {"lr": record.lr, "train_loss": record.train_loss, "val_loss": record.val_loss}
    values[f"val_{task.monitor}"] = record.val_metric
    tracking.log(values, record.epoch)
    if is_first:
        append_epoch_record(values, record.epoch)


def _line(record: EpochRecord, task: Task, epochs: int) -> str:
    mark = "  best so far" if record.best else ""
    return (
        f"epoch {record.epoch:>{len(str(epochs))}}/{epochs}  train loss {record.train_loss:.4f}  "
        f"val loss {record.val_loss:.4f}  val {task.monitor} {record.val_metric:.4g}{mark}"
    )


if __name__ == "__main__":
    errors.run_cli(main)
