"""The model that a server predicts with; when its file changes, the new model replaces it between two requests."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from pydantic import JsonValue

from specimen.common.errors import SpecimenError
from specimen.common.hashing import file_md5
from specimen.inference.load import load_predictor
from specimen.models.faults import find_faults
from specimen.models.meta import missing_model
from specimen.models.predictor import Predictor

LOG = logging.getLogger("uvicorn.error")  # the only log of the server

FileStamp = tuple[int, int, int]
"""Inode, size and modification time of a file."""


@dataclass(frozen=True)
class LoadedModel:
    """A model in use. A request keeps the one it started with."""

    predictor: Predictor
    version: str
    """md5 of the file, as in `dvc.lock`."""
    metrics: dict[str, JsonValue] | None
    """Of the test split; None unless they belong to this very file."""


@dataclass(frozen=True)
class MetricsRecord:
    """Where a repository keeps the metrics of its model, and which model that is."""

    lock: Path = Path("dvc.lock")
    metrics: Path = Path("metrics/test.json")

    def metrics_of(self, model: Path, version: str) -> dict[str, JsonValue] | None:
        """Return the metrics of the test split, unless there is a `dvc.lock` and it names another model."""
        try:
            if self.lock.is_file() and _locked_md5(self.lock, model) != version:
                return None
            if not self.metrics.is_file():  # a pipe would block
                return None
            metrics = json.loads(self.metrics.read_text(encoding="utf-8"))
        # Missing, truncated or in a merge conflict: the model can be served without metrics.
        except (OSError, ValueError, yaml.YAMLError, AttributeError, TypeError, KeyError):
            return None
        return metrics if isinstance(metrics, dict) else None


def _locked_md5(lock: Path, model: Path) -> str | None:
    """Return the md5 that `dvc.lock` records for a file, None if it does not mention the file."""
    for stage in yaml.load(lock.read_text(encoding="utf-8"), yaml.CSafeLoader)["stages"].values():
        for out in stage.get("outs", ()):
            if (lock.parent / out["path"]).absolute() == model.absolute():
                return str(out["md5"])
    return None


class ModelWatcher:
    """Holds the model of a file and follows the file."""

    def __init__(
        self, path: Path, metrics_record: MetricsRecord, on_load: Callable[[LoadedModel], None] = lambda _: None
    ) -> None:
        """Load the model. `on_load` is called with it, and with each that replaces it. Raises `SpecimenError`."""
        self.path = path
        self.problem: str | None = None
        """Why the current file is not the model in use, if so."""
        self._metrics_record = metrics_record
        self._on_load = on_load
        self._seen = self._stamp()
        self.loaded = self._load()
        on_load(self.loaded)

    async def follow(self, seconds: float = 1.0) -> None:
        """Check the file again and again, and switch to its model whenever another one has arrived whole."""
        while True:
            await asyncio.sleep(seconds)
            await self.check()

    async def check(self) -> None:
        """Check the file once. If it cannot be loaded, the model stays, and `problem` says why."""
        stamp = self._stamp()
        if stamp == self._seen:
            return
        if stamp is None:
            self.problem = f"{self.path} is gone; the server still uses the model that was there."
            return
        try:
            model = await asyncio.to_thread(self._load)
        except SpecimenError as error:
            # A file that is still being copied changes again, and is checked again.
            self.problem = f"{error} The server still uses the previous model."
            LOG.warning(self.problem)
        else:
            if model.version != self.loaded.version:
                LOG.info("model %s replaces %s", model.version, self.loaded.version)
            self.loaded = model
            self.problem = None
            self._on_load(model)
        self._seen = stamp

    def _stamp(self) -> FileStamp | None:
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_ino, status.st_size, status.st_mtime_ns

    def _load(self) -> LoadedModel:
        """Load the model and predict once, so that the first request finds it warm. Raises `SpecimenError`."""
        before = self._stamp()
        if before is None:
            raise missing_model(self.path)
        if not self.path.is_file():  # a pipe, for one, is read until somebody writes, and nothing stops that
            raise SpecimenError(f"{self.path}: not a file, so it cannot be used as a model.")
        try:
            predictor = load_predictor(self.path)
            _predict_once(self.path, predictor)
            version = file_md5(self.path)
        except SpecimenError:
            raise
        # A file that changes while it is read, or holds something else, fails in whatever way its runtime fails.
        except Exception as error:
            raise SpecimenError(f"{self.path}: cannot be used as a model ({error}).") from error
        if self._stamp() != before:
            raise SpecimenError(f"{self.path}: changed while it was read.")
        return LoadedModel(predictor, version, self._metrics_record.metrics_of(self.path, version))


def _predict_once(path: Path, predictor: Predictor) -> None:
    size = predictor.meta.image_size
    black = np.zeros((1, size, size, 3), dtype=np.uint8)
    samples = pd.DataFrame([dict.fromkeys(predictor.meta.features)], index=[0])
    predictions = predictor.predict(black, samples)
    for fault in find_faults(predictions, samples, predictor.meta.features).values():
        raise SpecimenError(f"{path}: {fault}.")
