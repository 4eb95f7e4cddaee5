"""The list of trainings with other seeds, which DVC makes stages of: `seeds/seeds.yaml`."""

from __future__ import annotations

import itertools
from dataclasses import asdict, dataclass
from pathlib import Path

import yaml

from specimen.common.errors import SpecimenError
from specimen.config.base import read_yaml
from specimen.versioning.seed_lock import LIST

PATH = Path(LIST)
COMMENT = "# The trainings with other seeds that DVC knows; `make seeds` writes this file.\n"


@dataclass(frozen=True)
class SeedList:
    """The seeds of this revision's trainings and of those of its base."""

    seeds: list[int]
    base: str
    """The key of the base that is trained with `base_seeds`; anything where there are none."""
    base_seeds: list[int]

    def text(self) -> str:
        """Return the content of the file."""
        return COMMENT + yaml.safe_dump(asdict(self), sort_keys=False, default_flow_style=None)


def only_own(seeds: list[int]) -> SeedList:
    """Return a list without trainings of the base."""
    return SeedList(seeds, "none", [])


def other_seeds(seed: int, count: int) -> list[int]:
    """Return so many seeds, all but the one that made the model: that one may have been chosen for its luck."""
    return list(itertools.islice((other for other in itertools.count(1) if other != seed), count))


def read_list() -> SeedList:
    """Return what is listed now. Raises `SpecimenError` for a file that was not written here."""
    try:
        return SeedList(**read_yaml(PATH))
    except TypeError:
        raise SpecimenError(f"{PATH} does not have the keys seeds, base, base_seeds. Get it back from Git.") from None
