"""The files that list for which folds or seeds DVC has a stage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from specimen.common.files import replace_atomically


def write_list(path: Path, text: str) -> None:
    """Write a list, unless it is there already."""
    if path.read_text(encoding="utf-8") != text:
        with replace_atomically(path) as new_file:
            new_file.write_text(text, encoding="utf-8")


@contextmanager
def listed(path: Path, text: str) -> Iterator[None]:
    """List stages, and keep the list only if all have run: `dvc pull` fails for one that never ran."""
    before = path.read_text(encoding="utf-8")
    write_list(path, text)
    try:
        yield
    except BaseException:
        write_list(path, before)
        raise
