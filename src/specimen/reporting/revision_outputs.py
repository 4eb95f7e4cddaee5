"""What one revision offers to the report: params, metrics, predictions, data, history and locks, each read once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Any, TypeVar

import pandas as pd

from specimen.common.errors import accepted_hint
from specimen.models.task import TASKS
from specimen.reporting.revision_tables import read_table
from specimen.reporting.verdict import RevisionPredictions
from specimen.versioning.errors import NotAvailableError, NotFoundError
from specimen.versioning.lock import Lock, StageLock, read_lock
from specimen.versioning.pins import Pins, read_pins
from specimen.versioning.revisions import Revision
from specimen.versioning.uncached import differing_outputs

PARAMS = "params.yaml"
METRICS = "metrics/test.json"
DATA_METRICS = "metrics/data.json"
PREDICTIONS = "plots/predictions.csv"
IGNORED = "data/prepared/ignored.csv"
HISTORY = "plots/history.csv"
SAMPLES = "data/prepared/samples.csv"
REJECTED = "data/prepared/rejected.csv"
LOCKS = {"": "dvc.lock", "data/dvc.yaml:": "data/dvc.lock"}
"""Lock files, by what `dvc repro` puts before the names of their stages."""

T = TypeVar("T")


@dataclass(frozen=True)
class Target:
    """What a revision predicts, as the section `data` of its params says."""

    task: str
    column: str
    unit: str

    @property
    def classes(self) -> bool:
        """Whether the labels are classes, and so text even if they look like numbers."""
        return self.task == "classification"


@dataclass(frozen=True)
class RevisionParams:
    """A revision and its params; `result()` of each returns it, or raises `NotAvailableError` with the reason."""

    revision: Future[Revision]
    params: Future[Mapping[str, Any]]


@dataclass(frozen=True)
class RevisionOutputs(RevisionParams):
    """The outputs of a revision; `result()` of each returns it, or raises `NotAvailableError` with the reason."""

    metrics: Future[Mapping[str, Any]]
    data_metrics: Future[Mapping[str, Any]]
    predictions: Future[RevisionPredictions]
    samples: Future[pd.DataFrame]
    rejected: Future[pd.DataFrame]
    ignored: Future[pd.DataFrame]
    history: Future[pd.DataFrame]
    stages: Future[Mapping[str, StageLock]]
    differing: Future[tuple[list[str], list[str]]]
    """Outputs in Git that are missing, and those that are not what the lock says."""
    pins: Future[Pins]


def read_params(revision: Future[Revision], reader: Executor) -> RevisionParams:
    """Read the params of a revision in the background."""
    return RevisionParams(revision, reader.submit(lambda: revision.result().yaml(PARAMS)))


def read_outputs(revision: Future[Revision], reader: Executor) -> RevisionOutputs:
    """Read the outputs of a revision in the background.

    `reader` does one thing after the other: the file system of DVC is not made for several threads.
    """

    def read(function: Callable[[Revision], T]) -> Future[T]:
        return reader.submit(lambda: function(revision.result()))

    params: Future[Mapping[str, Any]] = read(lambda known: known.yaml(PARAMS))
    target = read(lambda known: read_target(params.result(), f"{PARAMS} of {known.label}"))
    locks = read(_read_locks)
    return RevisionOutputs(
        revision,
        params,
        metrics=read(lambda known: known.json(METRICS)),
        data_metrics=read(lambda known: known.json(DATA_METRICS)),
        predictions=read(lambda known: _read_predictions(known, target.result())),
        samples=read(lambda known: read_table(known, SAMPLES, classes=target.result().classes)),
        rejected=read(lambda known: read_table(known, REJECTED)),
        ignored=read(lambda known: read_table(known, IGNORED)),
        history=read(lambda known: read_table(known, HISTORY)),
        stages=read(lambda _: _stages(locks.result())),
        differing=read(lambda known: _differing(known, locks.result())),
        pins=read(read_pins),
    )


def read_target(params: Mapping[str, Any], source: str) -> Target:
    """Return what params say of the target. Raises `NotAvailableError` that names their source."""
    section = params.get("data")
    if not isinstance(section, dict):
        raise NotAvailableError(f"{source} has no section data")
    task = section.get("task")
    if task not in TASKS:
        raise NotAvailableError(f"{source}: data.task is {task!r}. {accepted_hint(task, TASKS)}".rstrip("."))
    return Target(task, str(section.get("target")), str(section.get("unit") or ""))


def _read_predictions(revision: Revision, target: Target) -> RevisionPredictions:
    predictions = read_table(revision, PREDICTIONS, classes=target.classes)
    return RevisionPredictions(predictions, target.task, target.column, target.unit)


def _read_locks(revision: Revision) -> dict[str, Lock]:
    """Return the stages of each lock file; a pipeline that never ran has none."""
    locks: dict[str, Lock] = {}
    for file in LOCKS.values():
        try:
            locks[file] = read_lock(revision.yaml(file), f"{file} of {revision.label}")
        except NotFoundError:
            continue
    return locks


def _stages(locks: Mapping[str, Lock]) -> dict[str, StageLock]:
    """Return the stages of all pipelines, named as `dvc repro` names them."""
    return {f"{prefix}{name}": stage for prefix, file in LOCKS.items() for name, stage in locks.get(file, {}).items()}


def _differing(revision: Revision, locks: Mapping[str, Lock]) -> tuple[list[str], list[str]]:
    """Compare the outputs in Git with the locks."""
    missing: list[str] = []
    edited: list[str] = []
    for file, lock in locks.items():
        found = differing_outputs(revision, file.replace(".lock", ".yaml"), lock)
        missing += found[0]
        edited += found[1]
    return missing, edited
