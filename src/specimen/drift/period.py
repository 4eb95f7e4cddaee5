"""The files of a server -> the photos of a period and of the one before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from pathlib import Path

from pydantic import ValidationError

from specimen.common.errors import SpecimenError
from specimen.drift.line_file import rotated
from specimen.drift.photo_record import PhotoRecord


@dataclass(frozen=True)
class Period:
    """Whole days, from the first to the last."""

    first: date
    last: date

    @classmethod
    def until(cls, last: date, days: int) -> Period:
        """Return so many days, of which this is the last."""
        return cls(last - timedelta(days=days - 1), last)

    @property
    def before(self) -> Period:
        """As many days, directly before."""
        return Period.until(self.first - timedelta(days=1), (self.last - self.first).days + 1)

    def of(self, records: Iterable[PhotoRecord], zone: tzinfo) -> list[PhotoRecord]:
        """Return the photos of these days in a time zone."""
        return [record for record in records if self.first <= record.time.astimezone(zone).date() <= self.last]

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"


def record_files(paths: Sequence[Path]) -> list[Path]:
    """Return the files that are named, those of named folders, and the older part of each, without repeats.

    Raises `SpecimenError` for one that is not there.
    """
    files: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            found = sorted(file for file in path.rglob("*") if file.is_file() and ".jsonl" in file.suffixes)
        else:
            found = [file for file in (rotated(path), path) if file.is_file()]
        if not found:
            raise SpecimenError(
                f"{path}: no statistics here. `python src/serve.py --keep-statistics FILE` writes them."
            )
        files |= dict.fromkeys(found)
    return list(files)


def read_records(files: Iterable[Path]) -> tuple[list[PhotoRecord], int]:
    """Return all photos, and how many lines were not those of a photo: half lines, say, after a loss of power."""
    records: list[PhotoRecord] = []
    unreadable = 0
    for file in files:
        with file.open("rb") as lines:
            for line in lines:
                try:
                    records.append(PhotoRecord.model_validate_json(line))
                except ValidationError:
                    unreadable += bool(line.strip())
    return records, unreadable
