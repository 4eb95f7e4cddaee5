"""What changes when the label table does, so that a sensor sees it."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

from specimen.common.errors import SpecimenError
from specimen.common.hashing import content_md5, file_md5
from specimen.config.base import PARAMS_FILE
from specimen.config.data import Data
from specimen.config.params import load_params
from specimen.data.readers.batches import find_batches
from specimen.data.readers.zip_images import read_member


def label_fingerprint(root: Path) -> str:
    """Return the hash of the label table of the repository in `root`, or of all tables if there are batches.

    Of class folders, it is the hash of the list of photos.

    Raises `SpecimenError` for params that are not valid, and where the table is missing or cannot be read.
    """
    data = load_params(root / PARAMS_FILE).data
    source = root / data.root
    if not source.exists():
        raise SpecimenError(f"data.root: '{data.root}' does not exist.")
    if data.batched:
        batches = find_batches(data.model_copy(update={"root": str(source)}))
        return _hash_list(
            [(name, _hash_table(Path(part.root), str(part.table), part)) for name, part in batches.items()]
        )
    if data.table is not None:
        return _hash_table(source, data.table, data)
    return _hash_list(_zip_entries(source) if source.is_file() else _files(source))


def _hash_table(source: Path, table: str, data: Data) -> str:
    """Return the hash of a table in a folder, in a zip, or next to a zip."""
    path = source / table
    if source.is_file():
        content = read_member(source, table)
        if content is not None:
            return content_md5(content)
        path = source.parent / table
    if not path.is_file():
        raise SpecimenError(f"data.table: no file '{table}' in '{data.root}'.")
    return file_md5(path)


def _files(folder: Path) -> list[tuple[str, int]]:
    """Return the files in a folder with their times: to read all photos every minute would take too long."""
    return [(str(path.relative_to(folder)), path.stat().st_mtime_ns) for path in sorted(folder.rglob("*"))]


def _zip_entries(archive: Path) -> list[tuple[str, int]]:
    """Return the files in a zip with their checksums, which are in its directory."""
    try:
        with zipfile.ZipFile(archive) as opened:
            return [(entry.filename, entry.CRC) for entry in opened.infolist()]
    except (zipfile.BadZipFile, OSError) as error:
        raise SpecimenError(f"{archive}: cannot be read as a zip: {error}") from error


def _hash_list(entries: Sequence[tuple[str, int | str]]) -> str:
    return content_md5(repr(entries).encode())
