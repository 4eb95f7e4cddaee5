"""What may be changed for one run of Dagster: typed in the launchpad, checked as params.yaml is, handed on to DVC."""

# Not `from __future__ import annotations`: Dagster looks at the types of the fields.
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import dagster as dg
from pydantic import Field

from specimen.common.errors import SpecimenError
from specimen.config.base import PARAMS_FILE, read_yaml
from specimen.config.params import check_params, load_params
from specimen.versioning.changed_params import write_changed

WHERE = "run config"


class RunParams(dg.Config):  # type: ignore[misc]
    """Params for this run alone; what is left out is as params.yaml says."""

    epochs: int | None = Field(None, description="train.epochs: how long, 1 or more")
    batch_size: int | None = Field(None, description="train.batch_size: samples in a step, 2 or more")
    lr: float | None = Field(None, description="train.lr: peak learning rate, such as 0.001 (not 1e-3: a text in YAML)")
    backbone: str | None = Field(None, description="train.backbone: resnet18, timm/mobilenetv3_large_100, none, ...")
    weights: str | None = Field(None, description="train.weights: none, DEFAULT or another name, or the path of a file")
    overrides: list[str] = Field([], description="Any other params as KEY=VALUE, such as train.augment.flip=0.3")

    def changes(self) -> list[str]:
        """Return the changes as `dvc exp run --set-param` takes them."""
        fields = self.model_dump(exclude={"overrides"}, exclude_none=True)
        return [*(f"train.{key}={json.dumps(value)}" for key, value in fields.items()), *self.overrides]


def check_changes(root: Path, changes: Sequence[str]) -> Sequence[str]:
    """Return the changes, none where all values are those that params.yaml has.

    Raises `SpecimenError` that names each key with its value and what is accepted.
    """
    if not changes:
        return ()
    before = load_params(root / PARAMS_FILE)
    with tempfile.TemporaryDirectory() as folder:
        changed = Path(folder) / PARAMS_FILE
        try:
            write_changed(root / PARAMS_FILE, changes, changed)
        except SpecimenError as error:
            raise SpecimenError(f"{WHERE}: {error}") from error
        after = check_params(read_yaml(changed), WHERE)
    return () if before == after else changes


def make_mapping(root: Path, op: str) -> dg.ConfigMapping:
    """Return what turns `RunParams` into the run config of a job, checked before a run is launched."""

    @dg.config_mapping  # type: ignore[untyped-decorator]
    def to_op(val: RunParams) -> dict[str, object]:  # Dagster wants this name
        try:
            check_changes(root, val.changes())
        except SpecimenError as error:
            raise dg.DagsterInvalidConfigError(str(error), [], val.model_dump()) from None
        return {"ops": {op: {"config": val.model_dump(exclude_none=True)}}}

    return to_op
