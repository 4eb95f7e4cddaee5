"""What `dvc exp run --set-param` would make of a params file, without a run and without a change of the file."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from dvc.exceptions import InvalidArgumentError
from dvc.utils.hydra import apply_overrides

from specimen.common.errors import SpecimenError
from specimen.versioning.dvc_commands import set_param
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
