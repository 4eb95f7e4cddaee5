"""Write files whole or not at all, and the same bytes for the same content."""

import errno
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from specimen.common.errors import SpecimenError

SIGNIFICANT_DIGITS = 6


@contextmanager
def replace_atomically(path: Path) -> Iterator[Path]:
    """Yield a path next to `path` to write a file or folder to; on success that replaces `path`, else it is removed.

    What a killed run has left there is removed first. Raises `SpecimenError` where the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.new")
    old = path.with_name(f".{path.name}.old")
    _settle(path, old)
    _remove(aside)
    try:
        yield aside
        if path.is_dir():  # a folder cannot be replaced in one step
            path.rename(old)
        aside.replace(path)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise SpecimenError(f"{path}: the disk is full, nothing was changed. Free some space and run again.") from error
    finally:
        _remove(aside)
        _settle(path, old)


def _settle(path: Path, old: Path) -> None:
    """Put `old` back where `path` is missing (a run was killed between two renames), else remove it."""
    if old.exists() and not path.exists():
        old.rename(path)
    _remove(old)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write JSON with numbers of 6 significant digits, so that noise in the last bits is no change."""
    with replace_atomically(path) as aside:
        text = json.dumps(_rounded(content), indent=2, ensure_ascii=False, allow_nan=False)
        aside.write_text(text + "\n", encoding="utf-8")


def write_csv(path: Path, table: pd.DataFrame) -> None:
    """Write a CSV without index; floats as they are, so round what was computed with `significant` before."""
    with replace_atomically(path) as aside:
        table.to_csv(aside, index=False, lineterminator="\n")


def significant(values: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
    """Round to 6 significant digits."""
    text = [f"{value:.{SIGNIFICANT_DIGITS}g}" for value in values.ravel()]
    return np.array(text, dtype=np.float64).reshape(values.shape)


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(item) for item in value]
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}") if isinstance(value, float) else value


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
