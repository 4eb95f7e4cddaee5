"""Keep numbers of each predicted photo in a file, for `tools/drift.py`, without ever holding up a request."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from specimen.common.errors import SpecimenError
from specimen.drift.line_file import append_lines
from specimen.drift.photo_record import photo_record
from specimen.serving.decoding import DecodedImage
from specimen.serving.request_features import FeatureRow

LOG = logging.getLogger("uvicorn.error")
MOST_BYTES = 100_000_000
"""Of a file; some 300,000 photos. There is one older file of the same size."""
MOST_WAITING = 32_000_000
"""Bytes of pictures that wait to be measured; a disk that hangs must not fill the memory."""


@dataclass(frozen=True)
class PredictedPhoto:
    """A photo with its answer."""

    image: DecodedImage
    features: FeatureRow
    prediction: Mapping[Any, Any]
    """Its row of the table of predictions."""


class PhotoLog:
    """A file that grows by a line for each photo, written in a thread of its own."""

    def __init__(self, path: Path, on_lost: Callable[[int], None] = lambda _: None) -> None:
        """`on_lost` is called with the number of photos that could not be noted.

        Raises `SpecimenError` for a file that cannot be written.
        """
        self._path = path
        self._on_lost = on_lost
        self._waiting = 0
        self._lock = Lock()
        self._lost = 0
        """Since the last photo that was noted."""
        try:
            append_lines(path, b"", MOST_BYTES)
        except OSError as error:
            raise SpecimenError(
                f"--keep-statistics {path}: {error.strerror}. Name a file that can be written."
            ) from error
        self._thread = ThreadPoolExecutor(1, "photo log")

    def add(self, model: str, photos: Sequence[PredictedPhoto]) -> None:
        """Note photos that the model of this version has predicted; returns at once and raises nothing."""
        size = sum(photo.image.picture.nbytes for photo in photos)
        with self._lock:
            full = self._waiting + size > MOST_WAITING and self._waiting > 0
            if not full:
                self._waiting += size
        if full:
            self._lose(len(photos), "the disk is too slow")
        else:
            self._thread.submit(self._note, datetime.now(UTC), model, photos, size)

    def close(self) -> None:
        """Write what waits, and end the thread."""
        self._thread.shutdown()

    def _note(self, time: datetime, model: str, photos: Sequence[PredictedPhoto], size: int) -> None:
        try:
            append_lines(self._path, b"".join(_line(time, model, photo) for photo in photos), MOST_BYTES)
        except Exception as error:  # whatever it is, the photos have their predictions
            self._lose(len(photos), getattr(error, "strerror", None) or repr(error))
        else:
            with self._lock:
                lost, self._lost = self._lost, 0
            if lost:
                LOG.warning("%s: grows again; %d photos are missing in it", self._path, lost)
        finally:
            with self._lock:
                self._waiting -= size

    def _lose(self, count: int, why: str) -> None:
        """Say once, and count, that photos are not noted."""
        with self._lock:
            is_first = not self._lost
            self._lost += count
        if is_first:
            LOG.warning("%s: photos are predicted, but not noted here: %s", self._path, why)
        self._on_lost(count)


def _line(time: datetime, model: str, photo: PredictedPhoto) -> bytes:
    image = photo.image
    record = photo_record(
        time.replace(microsecond=0), model, image.picture, image.sides, photo.prediction, photo.features
    )
    return record.model_dump_json(exclude_none=True).encode() + b"\n"
