"""The whole of `params.yaml`: what its sections say together. No stage but validate knows it."""

from pathlib import Path
from typing import Self

from pydantic import model_validator

from specimen.common.errors import SpecimenError
from specimen.config.base import PARAMS_FILE, WITHOUT_PICTURES, Section, check, read_yaml, require_one_reading
from specimen.config.data import Data
from specimen.config.evaluate import Evaluate
from specimen.config.export import Export
from specimen.config.forest import CRITERIA
from specimen.config.prepare import Prepare, Split
from specimen.config.report import Report
from specimen.config.sample import Sample
from specimen.config.train import Train


class Params(Section):
    """The whole of `params.yaml`."""

    sample: Sample = Sample()
    data: Data
    prepare: Prepare = Prepare()
    split: Split = Split()
    train: Train = Train()
    evaluate: Evaluate = Evaluate()
    export: Export = Export()
    report: Report = Report()

    @model_validator(mode="after")
    def _sections_agree(self) -> Self:
        for key, names in (("train.features", self.train.features), ("evaluate.by", self.evaluate.by)):
            unknown = [name for name in names if name not in self.data.features]
            if unknown:
                known = ", ".join(self.data.features) or "none"
                raise ValueError(f"{key}: '{unknown[0]}' is not in data.features, which the store keeps: {known}")
        if self.data.image_column is None and self.train.backbone not in WITHOUT_PICTURES:
            raise ValueError(
                f"train.backbone: {self.train.backbone} looks at pictures, but data.image_column: null means a table "
                "without any; set backbone: none or forest, and in train.features the columns to learn from"
            )
        if self.export.small and self.train.backbone in WITHOUT_PICTURES:
            raise ValueError(
                f"export.formats: {', '.join(self.export.small)} are for networks that look at pictures; a model of "
                "features alone is small as it is"
            )
        criterion = self.train.forest.criterion
        if criterion not in ("default", *(accepted := CRITERIA[self.data.task])):
            raise ValueError(
                f"train.forest.criterion: {criterion} is not for data.task: {self.data.task}, which takes "
                f"{', '.join(accepted)}"
            )
        if self.data.task == "regression" and (self.train.augment.mixup or self.train.augment.cutmix):
            raise ValueError("train.augment: mixup and cutmix mix classes, so not with data.task: regression")
        return self


def load_params(path: Path = PARAMS_FILE) -> Params:
    """Read and check a params file. Raises `SpecimenError` that lists every fault with its key."""
    params = check_params(read_yaml(path), str(path))
    require_one_reading(params, path)
    return params


def check_params(content: object, where: str) -> Params:
    """Check what a params file holds; see `load_params`."""
    if not isinstance(content, dict):
        raise SpecimenError(f"{where}: expected sections {', '.join(Params.model_fields)}, found {content!r}.")
    return check(Params, content, where)
