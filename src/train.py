"""Stage train: the store -> models/model.pt, the weights of the epoch that was best on val."""

from __future__ import annotations

import specimen.common.interrupts  # isort: skip # noqa: F401

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from specimen.common import errors
from specimen.common.files import write_csv
from specimen.common.flattening import flatten
from specimen.common.memory import keep_freed_memory
from specimen.common.stage_deps import require_dep
from specimen.common.weight_files import weights_file
from specimen.config.base import load_section
from specimen.config.train import Train
from specimen.data.dataset.store import Store
from specimen.integrations.tracking import Tracking, run_name, track_training
from specimen.models.meta import ModelMeta
from specimen.models.model import Model, save_model
from specimen.training.batches import Batch
from specimen.training.calibration import too_few_groups
from specimen.training.checkpoint import Checkpoint, require_agreement, run_fingerprint
from specimen.training.compiling import plan_compiling
from specimen.training.compute import Compute, pick_compute, precision_name
from specimen.training.distributed import process_group
from specimen.training.epoch_records import EpochRecord, append_epoch_record, history_table
from specimen.training.fine_tuning import FineTuning
from specimen.training.finish import finish_model
from specimen.training.forest import grow_model
from specimen.training.hardware import compute_reproducibly, out_of_memory, use_threads
from specimen.training.loop import fit
from specimen.training.machine_facts import describe_commit, describe_machine
from specimen.training.run_log import LOG, run_log
from specimen.training.setup import set_up_training
from specimen.training.training_state import make_training_state

PREPARED = Path("data/prepared")
MODEL = Path("models/model.pt")
HISTORY = Path("plots/history.csv")
CHECKPOINT = Path("models/checkpoint.pt")


def main() -> None:
    """Train, alone or as one process of several, and write the model and the history of its epochs."""
    keep_freed_memory()
    compute_reproducibly()
    with process_group() as group:
        train = load_section("train", Train)
        if (file := weights_file(train.weights)) is not None:
            require_dep("train", file, "train.weights")
        store = Store.load(PREPARED)
        use_threads(train.threads, group)
        compute = pick_compute(train.device, train.precision, train.backbone, group)
        name = run_name(train.model_dump(mode="json", exclude=set(train.ignored)))
        with (
            run_log(name, is_first=group.is_first),
            track_training(name, is_first=group.is_first) as tracking,
        ):
            if train.backbone == "forest":
                train_forest(store, train, compute, tracking)
                return
            with out_of_memory(train.batch_size):
                train_network(store, train, compute, tracking)


def train_forest(store: Store, train: Train, compute: Compute, tracking: Tracking) -> None:
    """Grow a forest, and write it as a model of one epoch."""
    LOG.info("a random forest of %d trees", train.forest.n_estimators)
    _log_run(store, train, compute)
    model, meta, record = grow_model(store, train)
    _publish(record, tracking, is_first=True)
    LOG.info(record.scores(meta.task.monitor))
    _write_results(model, meta, [record], store, train.coverage)
    tracking.remember_model(MODEL)


def train_network(store: Store, train: Train, compute: Compute, tracking: Tracking) -> None:
    """Train from the start or from a checkpoint; the first process writes and prints."""
    group = compute.group
    progress = _bar if group.is_first else iter
    plan = plan_compiling(train, compute, len(store.rows("train")), store.meta.image_size)
    compute = replace(compute, compiled=plan.compiled)
    setup = set_up_training(store, train, compute, progress)
    _log_plan(setup.model, train, compute)
    if plan.why:
        LOG.info(plan.why)
    _log_run(store, train, compute)
    state = make_training_state(setup.model, train, len(setup.loaders.train))
    checkpoint = Checkpoint(
        CHECKPOINT, run_fingerprint(PREPARED, train.weights, setup.meta, compute, script=Path(__file__))
    )
    if (saved := checkpoint.load()) is not None:
        state.load_state_dict(saved)
        LOG.info("goes on after epoch %d, from %s", len(state.records), CHECKPOINT)
    require_agreement(group, checkpoint, len(state.records))
    monitor = setup.task.monitor
    for record in state.records:
        _publish(record, tracking, is_first=group.is_first)
    begin = time.monotonic()
    try:
        for record in fit(state, setup.task, compute, setup.loaders, train, progress):
            if group.is_first:
                checkpoint.save(state.state_dict())
                write_csv(HISTORY, history_table(state.records))
            _publish(record, tracking, is_first=group.is_first)
            LOG.info(record.line(monitor, train.epochs, time.monotonic() - begin))
            begin = time.monotonic()
    except KeyboardInterrupt:
        if state.records and group.is_first:
            print()  # after the ^C of the terminal
            LOG.info("Epoch %d is kept in %s; `dvc repro` goes on from there.", len(state.records), CHECKPOINT)
        raise
    if group.is_first:
        _write_results(state.model, setup.meta, state.records, store, train.coverage)
        tracking.remember_model(MODEL)
        checkpoint.remove()


def _write_results(
    model: Model, meta: ModelMeta, records: Sequence[EpochRecord], store: Store, coverage: float
) -> None:
    """Write the history, and the model with what it still lacks."""
    write_csv(HISTORY, history_table(records))
    if (warning := too_few_groups(store.samples["group"][store.rows("val")], coverage)) is not None:
        LOG.warning(warning)
    best_epoch = max(record.epoch for record in records if record.best)
    save_model(MODEL, *finish_model(model, meta, best_epoch, store, coverage))


def _publish(record: EpochRecord, tracking: Tracking, *, is_first: bool) -> None:
    """Hand the numbers of an epoch to trackers and to whoever watches."""
    tracking.log(record.numbers, record.epoch)
    if is_first:
        append_epoch_record(record.numbers, record.epoch)


def _log_plan(model: Model, train: Train, compute: Compute) -> None:
    """Say which network is trained, and how much of it."""
    several = f", {compute.group.size} processes" if compute.group.size > 1 else ""
    where = f"{compute.device.type} in {precision_name(compute.precision)}{several}"
    # Of the last epoch, because a backbone may be frozen at first.
    trained, total = FineTuning.of(train).count(model, train.epochs)
    LOG.info(f"{train.backbone} on {where}: trains {trained:,} of {total:,} parameters ({trained / total:.2%})")


def _log_run(store: Store, train: Train, compute: Compute) -> None:
    """Say from what, with which params and on what machine a model is trained."""
    if ignored := [name for name in train.ignored if name in train.model_fields_set]:
        LOG.info("no effect on backbone %s: %s", train.backbone, ", ".join(ignored))
    if compute.group.is_first:
        LOG.info("%d samples to learn from, %d in val", len(store.rows("train")), len(store.rows("val")))
        chosen = flatten(train.model_dump(mode="json", exclude_defaults=True), ".")
        LOG.info("params: %s", ", ".join(f"{key} {value}" for key, value in chosen.items()) or "as they come")
        LOG.debug("all params: %s", train.model_dump_json())
        LOG.info("hardware: %s", describe_machine(compute.device))
        LOG.info("commit: %s", describe_commit() or "none, for this is not a repository of Git")


def _bar(batches: Iterable[Batch]) -> Iterable[Batch]:
    """Show a bar over batches, on a terminal."""
    return tqdm(batches, leave=False, unit=" batches", disable=None)


if __name__ == "__main__":
    errors.run_cli(main)
