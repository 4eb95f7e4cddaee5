"""The model that a server predicts with; when its file changes, the new one takes its place between two requests."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from specimen.common.errors import SpecimenError
from specimen.common.hashing import file_md5
from specimen.inference.load import load_predictor
from specimen.models.predictor import Predictor

LOG = logging.getLogger("uvicorn.error")  # the one log of a server

Stamp = tuple[int, int, int]
"""Inode, size and time of change of a file."""


@dataclass(frozen=True)
class LoadedModel:
    """A model at work. A request holds on to the one it began with."""

    predictor: Predictor
    version: str
    """md5 of the file, which is how DVC names it in `dvc.lock`."""
    metrics: dict[str, Any] | None
    """Of the test split, where they belong to this very file."""


@dataclass(frozen=True)
class MetricsRecord:
    """Where a repository keeps what it knows of the model."""

    lock: Path = Path("dvc.lock")
    metrics: Path = Path("metrics/test.json")

    def metrics_of(self, model: Path, version: str) -> dict[str, Any] | None:
        """Return the metrics of the test split, unless there is a `dvc.lock` and it names another model."""
        try:
            locked = _locked_version(self.lock, model)
            if self.lock.exists() and locked != version:
                return None
            metrics = json.loads(self.metrics.read_text(encoding="utf-8"))
        # Missing, cut off or in a merge conflict: the model serves all the same.
        except (OSError, ValueError, yaml.YAMLError, AttributeError, TypeError, KeyError):
            return None
        return metrics if isinstance(metrics, dict) else None


def _locked_version(lock: Path, model: Path) -> str | None:
    """Return the md5 that `dvc.lock` has for a file, None where it does not speak of it."""
    if not lock.exists():
        return None
    for stage in yaml.load(lock.read_text(encoding="utf-8"), yaml.CSafeLoader)["stages"].values():
        for out in stage.get("outs", ()):
            if (lock.parent / out["path"]).absolute() == model.absolute():
                return str(out["md5"])
    return None


class ModelWatcher:
    """Holds the model of a file and follows the file."""

    def __init__(
        self, path: Path, records: MetricsRecord, on_load: Callable[[LoadedModel], None] = lambda _: None
    ) -> None:
        self.path, self.records, self.on_load = path, records, on_load
        self.problem: str | None = None
        """Why the file that is there now does not serve, if it does not."""
        self._seen = self._stamp()
        self.loaded = self._load()
        on_load(self.loaded)

    async def follow(self, seconds: float = 1.0) -> None:
        """Look at the file again and again, and swap the model when another one has arrived there whole."""
        while True:
            await asyncio.sleep(seconds)
            await self.look()

    async def look(self) -> None:
        """Look at the file once. What cannot be loaded leaves the model as it is, and says why in `problem`."""
        stamp = self._stamp()
        if stamp == self._seen:
            return
        if stamp is None:
            self.problem = f"{self.path} is gone; the model that was there still serves."
            return
        try:
            loaded = await asyncio.to_thread(self._load)
        except SpecimenError as error:
            # A file that is still being copied changes again, and is looked at again.
            self.problem = f"{error} The model that was there before still serves."
            LOG.warning(self.problem)
        else:
            if loaded.version != self.loaded.version:
                LOG.info("model %s in place of %s", loaded.version, self.loaded.version)
            self.loaded, self.problem = loaded, None
            self.on_load(loaded)
        self._seen = stamp

    def _stamp(self) -> Stamp | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns

    def _load(self) -> LoadedModel:
        """Load the model and predict once, so that the first request finds it warm. Raises `SpecimenError`."""
        before = self._stamp()
        if before is None:
            raise SpecimenError(f"{self.path}: no such model. `dvc pull` fetches it, `dvc repro` makes it.")
        try:
            predictor = load_predictor(self.path)
            size = predictor.meta.image_size
            blank = np.zeros((1, size, size, 3), dtype=np.uint8)
            predictor.predict(blank, pd.DataFrame([dict.fromkeys(predictor.meta.features)]))
            version = file_md5(self.path)
        except SpecimenError:
            raise
        except Exception as error:  # of a file that changes while it is read, or that holds something else
            raise SpecimenError(f"{self.path}: cannot be used as a model ({error}).") from error
        if self._stamp() != before:
            raise SpecimenError(f"{self.path}: changed while it was read.")
        return LoadedModel(predictor, version, self.records.metrics_of(self.path, version))
