"""What `dvc exp run --set-param` would make of a params file, without a run and without a change of the file."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from dvc.exceptions import InvalidArgumentError
from dvc.utils.hydra import apply_overrides

from specimen.common.errors import SpecimenError
from specimen.versioning.errors import first_line


def write_changed(params: Path, changes: Iterable[str], target: Path) -> None:
    """Write a copy of a params file with changes as `set_param` takes them, by DVC's own reading of each.

    Raises `SpecimenError` that names the first change that DVC does not take.
    """
    shutil.copyfile(params, target)
    for change in changes:
        try:
            apply_overrides(target, [set_param(change)])
        except InvalidArgumentError as error:
            raise SpecimenError(f"'{change}': {first_line(error.__cause__ or error)}") from error


def set_param(change: str) -> str:
    """Return `KEY=VALUE` as DVC wants it, so that a key which params.yaml leaves out can be set as well.

    Raises `SpecimenError` for a change without a key or a value.
    """
    key, equals, value = change.partition("=")
    if not key.strip() or not equals or not value.strip():
        raise SpecimenError(f"'{change}' changes nothing; write KEY=VALUE, such as train.epochs=3.")
    return change if key.startswith(("+", "~")) else f"++{change}"
