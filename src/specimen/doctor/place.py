"""The repository that is examined, and what several checks want to know of it, found once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from specimen.common.errors import SpecimenError
from specimen.config.base import PARAMS_FILE
from specimen.config.params import Params, load_params

SECONDS = 120.0
"""How long a program that is asked may take."""
T = TypeVar("T")


@dataclass(frozen=True)
class Place:
    """A repository, by its root."""

    root: Path
    write: bool = False
    """Whether a check may put a small file into the remote."""
    _answers: dict[str, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def params(self) -> Params | None:
        """The params; None where they cannot be read, which a check of its own says."""
        with suppress(SpecimenError):
            return load_params(self.root / PARAMS_FILE)
        return None

    @cached_property
    def dvc_config(self) -> Mapping[str, Any]:
        """DVC's config, that of the user and the system included; empty where it cannot be read, which a check says."""
        with suppress(SpecimenError):
            return read_dvc_config(self.root)
        return {}

    def once(self, name: str, ask: Callable[[], T]) -> T:
        """Return the answer to a question that several checks ask, which is asked once."""
        if name not in self._answers:
            self._answers[name] = ask()
        answer: T = self._answers[name]
        return answer


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
