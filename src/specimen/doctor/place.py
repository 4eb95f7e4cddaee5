"""The repository that is examined, and what several checks want to know of it, found once."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from specimen.common.errors import SpecimenError
from specimen.config.base import PARAMS_FILE
from specimen.config.params import Params, load_params

SECONDS = 120.0
"""How long a program that is asked may take."""


@dataclass(frozen=True)
class Place:
    """A repository, by its root."""

    root: Path
    write: bool = False
    """Whether a check may put a small file into the remote."""

    @cached_property
    def params(self) -> Params | None:
        """The params; None where they cannot be read, which a check of its own says."""
        with suppress(SpecimenError):
            return load_params(self.root / PARAMS_FILE)
        return None

    @cached_property
    def dvc_config(self) -> Mapping[str, Any]:
        """DVC's config, that of the user and the system included. Raises `SpecimenError` where DVC cannot read it."""
        return read_dvc_config(self.root)


def read_dvc_config(root: Path, level: str | None = None) -> Mapping[str, Any]:
    """Return DVC's config, or one level of it: `repo` is the file that Git keeps.

    Raises `SpecimenError` where DVC cannot read it.
    """
    from dvc.config import Config, ConfigError  # noqa: PLC0415 - half a second

    folder = root / ".dvc"
    if not folder.is_dir():
        raise SpecimenError(f"{folder} not found; run from the root of the repository.")
    try:
        config = Config(str(folder.resolve()))
        return config if level is None else dict(config.load_one(level))
    except ConfigError as error:
        raise SpecimenError(f"DVC cannot read its config: {error}") from None
