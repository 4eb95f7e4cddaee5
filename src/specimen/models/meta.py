"""What travels with the weights: all that is needed to use them, and how they came about."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from pydantic import model_validator

from specimen.common.errors import SpecimenError
from specimen.common.facts import Facts, VersionedFacts
from specimen.config.base import WITHOUT_PICTURES, Resize
from specimen.data.dataset import features
from specimen.data.dataset.features import Features
from specimen.data.dataset.meta import DatasetMeta
from specimen.models.task import AnyTask

WAY_OUT = "`dvc repro` makes it again; or check out the code of the commit that made it, and use it with that."
"""What to do with a model file of another version."""


def missing_model(path: Path) -> SpecimenError:
    """Return the error that a model file is not there."""
    if path.parent.name == "small":
        return SpecimenError(
            f"{path}: no such model. `dvc pull` fetches it; `dvc repro` makes it if export.formats names it and it is "
            "good enough, see metrics/export.json."
        )
    return SpecimenError(f"{path}: no such model. `dvc pull` fetches it, `dvc repro` makes it.")


def damaged_model(path: Path, why: str) -> SpecimenError:
    """Return the error that a model file is not as it was written."""
    return SpecimenError(f"{path}: damaged: {why}. Fetch or copy it again; or remove it, and `dvc repro` makes it.")


class TrainingFacts(Facts):
    """How the weights came about."""

    params: dict[str, Any]
    """The section `train` of params.yaml, without the keys that do not change the result."""
    precision: str
    threads: int | None = None
    """None: computed on a GPU."""
    compiled: bool = False
    """Whether the steps were."""
    best_epoch: int | None = None
    """From 1; None while training."""


class ModelMeta(VersionedFacts):
    """The facts of a model, in `model.pt` and in the metadata of `model.onnx`."""

    dataset: DatasetMeta
    """What it was trained on."""
    task: AnyTask
    backbone: str
    used_features: tuple[str, ...] = ()
    """The features of the data set that the model sees."""
    novelty_photos: int | None = None
    """How many training photos a picture is compared with; None: no distance is known."""
    training: TrainingFacts

    @model_validator(mode="after")
    def _features_are_known(self) -> Self:
        if unknown := set(self.used_features).difference(self.dataset.features):
            raise ValueError(f"the data set has no feature {', '.join(sorted(unknown))}")
        return self

    @property
    def sees_pictures(self) -> bool:
        """Whether it looks at pictures, or at features alone."""
        return self.backbone not in WITHOUT_PICTURES

    @property
    def target(self) -> str:
        """Name of what is predicted."""
        return self.dataset.target

    @property
    def unit(self) -> str:
        """Unit of what is predicted, empty for classes."""
        return self.dataset.unit

    @property
    def image_size(self) -> int:
        """Side in pixels of the pictures that the model sees."""
        return self.dataset.image_size

    @property
    def resize(self) -> Resize:
        """How a photo becomes a square of that side."""
        return self.dataset.resize

    @property
    def white_level(self) -> float | None:
        """Value that is white in photos of more than 8 bits; None: what the file says."""
        return self.dataset.white_level

    @property
    def features(self) -> Features:
        """How to encode the features that the model sees."""
        return {name: self.dataset.features[name] for name in self.used_features}

    @property
    def features_width(self) -> int:
        """Number of columns of the encoded features."""
        return features.width(self.features)
