"""Which data and folds an advice belongs to."""

from dataclasses import dataclass
from typing import Any, cast

import pytest

from specimen.advice.origin import origin_of
from specimen.common.errors import SpecimenError
from specimen.versioning.errors import NotFoundError
from specimen.versioning.revisions import Revision


def fold(number: int, data: str) -> dict[str, Any]:
    return {
        "cmd": f"python src/fold.py {number}",
        "deps": [{"path": "data/prepared", "md5": data}],
        "outs": [{"path": f"folds/fold-{number}", "md5": f"{number}f.dir"}],
    }


@dataclass
class Locked:
    """A revision that has this lock of the folds, or none."""

    stages: dict[str, Any] | None

    def yaml(self, path: str) -> dict[str, Any]:
        if self.stages is None:
            raise NotFoundError(f"{path} is not in workspace")
        return {"schema": "2.0", "stages": self.stages}


def origin(stages: dict[str, Any] | None, count: int = 2) -> dict[str, Any]:
    return origin_of(cast(Revision, Locked(stages)), count)


def test_it_is_the_hashes_of_the_data_and_of_each_fold() -> None:
    stages = {"fold@0": fold(0, "aa.dir"), "fold@1": fold(1, "aa.dir"), "fold@2": fold(2, "old.dir")}
    assert origin(stages) == {"data": "aa.dir", "folds": {"0": "0f.dir", "1": "1f.dir"}}


def test_a_fold_that_dvc_has_not_run_is_named() -> None:
    with pytest.raises(SpecimenError, match="DVC has not run fold 1"):
        origin({"fold@0": fold(0, "aa.dir")})


def test_folds_of_different_data_are_refused() -> None:
    with pytest.raises(SpecimenError, match="not all folds are of the same data"):
        origin({"fold@0": fold(0, "aa.dir"), "fold@1": fold(1, "bb.dir")})


def test_without_a_lock_the_way_out_is_named() -> None:
    with pytest.raises(SpecimenError, match=r"folds/dvc\.lock is not in workspace: `make cv` trains the folds"):
        origin(None)
