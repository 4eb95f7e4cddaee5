"""Stage train: the store -> models/model.pt, the weights of the epoch that was best on val."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from tqdm import tqdm

from specimen.common import errors
from specimen.common.errors import SpecimenError, accepted_hint
from specimen.common.files import significant, write_csv
from specimen.common.memory import keep_freed_memory
from specimen.common.stage_deps import require_dep
from specimen.config.base import load_section
from specimen.config.train import Train
from specimen.data.dataset import features
from specimen.data.dataset.store import Store
from specimen.integrations.tracking import Tracking, run_name, track_training
from specimen.models.device import pick_device, pick_precision
from specimen.models.model import make_model, save_model
from specimen.models.novelty import Novelty, colours_of
from specimen.models.predictor import Predictor
from specimen.models.task import Task, make_task
from specimen.training.batches import Batch
from specimen.training.calibration import calibrate, too_few_groups
from specimen.training.checkpoint import Checkpoint, fingerprint
from specimen.training.compute import Compute
from specimen.training.distributed import process_group
from specimen.training.fine_tuning import set_trainable, trainable_share
from specimen.training.hardware import compute_reproducibly, out_of_memory, use_threads
from specimen.training.loaders import make_loaders
from specimen.training.loop import EpochRecord, TrainingState, fit, make_training_state
from specimen.training.novelty_limits import EmbeddingsAndColours, evenly_spaced, fit_novelty

PREPARED, MODEL, HISTORY = Path("data/prepared"), Path("models/model.pt"), Path("plots/history.csv")
CHECKPOINT = Path("models/checkpoint.pt")
NO_MATTER = {"launcher", "device", "workers", "track"}
"""Params that say how to compute, and change nothing in the result."""


def main() -> None:
    """Train, alone or as one process of several, and write the model and the history of its epochs."""
    keep_freed_memory()
    compute_reproducibly()
    with process_group() as group:
        train, store = load_section("train", Train), Store.load(PREPARED)
        use_threads(train.threads, group.size)
        device = pick_device(train.device, group.local_rank)
        compute = Compute(device, pick_precision(train.precision, device), group)
        name = run_name(train.backbone, store.meta["image_size"], train.lr)
        with out_of_memory(train.batch_size), track_training(name, is_first=group.is_first) as tracking:
            train_model(store, train, compute, tracking)


def train_model(store: Store, train: Train, compute: Compute, tracking: Tracking) -> None:
    """Train from the start or from a checkpoint; the first process writes and prints."""
    group, bar = compute.group, _bar if compute.group.is_first else iter
    task = make_task(store.meta, store.samples["target"][store.rows("train")], train)
    if Path(train.weights).is_file():
        require_dep("train", Path(train.weights), "train.weights")
    meta = _meta(store, train, task, compute)
    torch.manual_seed(train.seed)
    model = compute.prepare(make_model(**meta["model"], image_size=meta["image_size"], weights=train.weights))
    loaders = make_loaders(store, task, model, train, compute, bar)
    run = make_training_state(model, train, len(loaders.train))
    group.print_once(_plan(run, train, compute))

    checkpoint = Checkpoint(CHECKPOINT, _fingerprint(meta, train, compute))
    if (state := checkpoint.load()) is not None:
        run.restore(state)
        group.print_once(f"goes on after epoch {len(run.records)}, from {CHECKPOINT}")
    for record in run.records:
        tracking.log(*_numbers(record, task))
    try:
        for record in fit(run, task, compute, loaders, train, bar):
            if group.is_first:
                checkpoint.save(run.state())
                write_csv(HISTORY, _history(run.records, task))
            tracking.log(*_numbers(record, task))
            group.print_once(_line(record, task, train.epochs))
    except KeyboardInterrupt:
        if run.records:
            group.print_once(f"\nEpoch {len(run.records)} is kept in {CHECKPOINT}; `dvc repro` goes on from there.")
        raise
    if group.is_first:
        best = max(record.epoch for record in run.records if record.best)
        write_csv(HISTORY, _history(run.records, task))
        meta |= {"best_epoch": best}
        save_model(MODEL, run.model, meta)
        predictor = Predictor.load(MODEL)  # as everyone predicts later, in fp32
        meta |= {"task": _calibrated(predictor, store, train.coverage).describe()}
        if (novelty := _novelty(predictor, store)) is not None:
            predictor.model.novelty = novelty
            meta |= {"novelty": {"photos": len(novelty.embeddings)}}
        save_model(MODEL, predictor.model, meta)
        tracking.made(MODEL)
        checkpoint.remove()


def _meta(store: Store, train: Train, task: Task, compute: Compute) -> dict[str, Any]:
    """Return what travels with the weights: all that is needed to use them, and how they came about."""
    known = store.meta["features"]
    for name in train.features:
        if name not in known:
            raise SpecimenError(f"train.features: '{name}' is not in {PREPARED}. {accepted_hint(name, known)}")
    used = {name: known[name] for name in train.features}
    model = {"backbone": train.backbone, "num_outputs": task.num_outputs, "features_width": features.width(used)}
    return store.meta | {
        "task": task.describe(),
        "model": model,
        "features": used,
        "train": train.model_dump(mode="json", exclude=NO_MATTER),
        "precision": _name(compute.precision),
        **({"threads": torch.get_num_threads()} if compute.device.type == "cpu" else {}),
    }


def _calibrated(predictor: Predictor, store: Store, coverage: float) -> Task:
    """Return the task that can say how sure a prediction is, from what the model that was written says of val."""
    rows = store.rows("val")
    samples = store.samples.iloc[rows]
    if (warning := too_few_groups(samples["group"], coverage)) is not None:
        print(warning)
    return calibrate(
        predictor.task, predictor.logits(store.images[rows], samples), samples["target"], samples["group"], coverage
    )


@torch.inference_mode()
def _novelty(predictor: Predictor, store: Store) -> Novelty | None:
    """Return how to tell that a picture is unlike the training photos; None for a model that sees no pictures."""
    model = predictor.model
    if model.backbone is None:
        return None
    device, size = next(model.parameters()).device, predictor.batch_size

    def see(rows: npt.NDArray[np.int64]) -> EmbeddingsAndColours:
        batches = (store.images[rows[start : start + size]] for start in range(0, len(rows), size))
        pictures = (torch.from_numpy(batch).permute(0, 3, 1, 2).to(device) for batch in batches)
        parts = [(model.embed(batch).float().cpu(), colours_of(batch).cpu()) for batch in pictures]
        return torch.cat([embedding for embedding, _ in parts]), torch.cat([colours for _, colours in parts])

    val = evenly_spaced(store.rows("val"))
    return fit_novelty(see(evenly_spaced(store.rows("train"))), see(val), store.samples["group"].iloc[val])


def _fingerprint(meta: dict[str, Any], train: Train, compute: Compute) -> str:
    """Return what must be equal for a checkpoint to count; the pictures, too many to read, stand by their date."""
    weights = Path(train.weights).read_bytes() if Path(train.weights).is_file() else b""
    pictures = (PREPARED / "images.npy").stat()
    where = f"{compute.device.type} {compute.group.size} {pictures.st_size} {pictures.st_mtime_ns}"
    samples = (PREPARED / "samples.csv").read_bytes()
    return fingerprint(repr(meta), where, Path(__file__).read_bytes(), weights, samples)


def _plan(run: TrainingState, train: Train, compute: Compute) -> str:
    set_trainable(run.model, train, train.epochs)
    share = trainable_share(run.model)
    several = f", {compute.group.size} processes" if compute.group.size > 1 else ""
    where = f"{compute.device.type} in {_name(compute.precision)}{several}"
    return f"{train.backbone} on {where}, {share:.1%} of the parameters trained"


def _name(precision: torch.dtype) -> str:
    return {torch.bfloat16: "bf16", torch.float32: "fp32"}[precision]


def _bar(batches: Iterable[Batch]) -> Iterable[Batch]:
    """Show a bar over batches, on a terminal."""
    return tqdm(batches, leave=False, unit=" batches", disable=None)


def _history(records: list[EpochRecord], task: Task) -> pd.DataFrame:
    table = pd.DataFrame([asdict(record) for record in records]).drop(columns="best")
    table = table.rename(columns={"val_metric": f"val_{task.monitor}"})
    return table.assign(**{name: significant(table[name].to_numpy()) for name in table.columns.drop("epoch")})


def _numbers(record: EpochRecord, task: Task) -> tuple[dict[str, float], int]:
    """Return what trackers get of an epoch."""
    metric = {f"val_{task.monitor}": record.val_metric}
    return {"lr": record.lr, "train_loss": record.train_loss, "val_loss": record.val_loss, **metric}, record.epoch


def _line(record: EpochRecord, task: Task, epochs: int) -> str:
    mark = "  best so far" if record.best else ""
    return (
        f"epoch {record.epoch:>{len(str(epochs))}}/{epochs}  train loss {record.train_loss:.4f}  "
        f"val loss {record.val_loss:.4f}  val {task.monitor} {record.val_metric:.4g}{mark}"
    )


if __name__ == "__main__":
    errors.run_cli(main)
