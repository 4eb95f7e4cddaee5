"""What the server answers, as it stands in the OpenAPI document."""

from __future__ import annotations

import json
from functools import singledispatch
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from specimen.features import Description
from specimen.limits import Limits
from specimen.model_slot import Loaded
from specimen.task import Classification, Regression, Task

TOP = 3
STATUS = {"not_an_image": 415, "too_large": 413, "too_many_pixels": 413, "damaged": 422}
"""Codes of a failure, and the status of a request whose images all failed for this reason."""


class Answer(BaseModel):
    """A part of an answer; what has no value is null."""

    model_config = ConfigDict(frozen=True)


class Amount(Answer):
    """A number for one image."""

    file: str
    prediction: float = Field(examples=[0.42])
    low: float | None = Field(None, examples=[0.31])
    """The true value lies from `low` to `high` as often as the model's `coverage` says."""
    high: float | None = Field(None, examples=[0.55])
    unit: str = Field("", examples=["g"])


class ClassProbability(Answer):
    """One class that an image may show."""

    name: str
    probability: float


class Class(Answer):
    """A class for one image."""

    file: str
    prediction: str = Field(examples=["Moon"])
    confidence: float = Field(examples=[0.93])
    prediction_set: list[str] | None = Field(None, examples=[["Moon", "Mercury"]])
    """The classes that hold the true one as often as the model's `coverage` says."""
    top: list[ClassProbability]
    """The three likeliest classes, likeliest first."""


class Failure(Answer):
    """An image without a prediction; the others of the request have theirs."""

    file: str
    code: str = Field(examples=["not_an_image"])
    error: str = Field(examples=["notes.txt: none of the formats BMP, JPEG, PNG, TIFF, WEBP"])


class Predictions(Answer):
    """One result for each image, in the order of the request."""

    version: str
    """md5 of the model that predicted."""
    results: list[Amount | Class | Failure]


class Problem(Answer):
    """Why a request got no prediction: a code for programs, a message for people."""

    code: str = Field(examples=["no_image"])
    message: str
    results: list[Failure] = []
    """Where every image failed, the reason of each."""


class Heat(Answer):
    """What the model looked at in one image."""

    file: str
    version: str
    result: Amount | Class
    heat: list[list[float]]
    """Rows from the top of the square picture that the model sees: how much the prediction changes when that part is
    covered, in the unit of the target or as a probability."""
    picture: str
    """That square picture, as a `data:` address of a PNG."""


class FeatureFacts(Answer):
    """A feature that the model uses beside the picture."""

    name: str
    kind: Literal["number", "category"]
    typical: float | None = None
    """The median of a number in the train split, which stands in for a missing one."""
    categories: list[str] | None = None


class Bounds(Answer):
    """What one request may hold."""

    file_bytes: int
    request_bytes: int
    pixels: int
    images: int


class ModelFacts(Answer):
    """The model that predicts now."""

    version: str
    """md5 of its file, as in `dvc.lock`."""
    task: Literal["regression", "classification"]
    target: str
    unit: str
    classes: list[str] | None
    features: list[FeatureFacts]
    coverage: float | None
    """Share of the truths that intervals and sets of classes hold."""
    image_size: int
    resize: Literal["pad", "crop", "stretch"]
    metrics: dict[str, Any] | None
    """Measured on the test split; null if those in `metrics/test.json` are of another model."""
    limits: Bounds


class Health(Answer):
    """Whether predictions can be had."""

    ready: bool
    version: str
    problem: str | None
    """Why the model file that is there now is not the one that predicts, if so."""


def facts(loaded: Loaded, limits: Limits) -> ModelFacts:
    """Describe a model."""
    meta, task = loaded.predictor.meta, loaded.predictor.task.describe()
    return ModelFacts(
        version=loaded.version,
        task=task["name"],
        target=meta["target"],
        unit=meta.get("unit") or "",
        classes=task.get("class_names"),
        features=_features(meta["features"]),
        coverage=task.get("coverage"),
        image_size=meta["image_size"],
        resize=meta["resize"],
        metrics=loaded.metrics,
        limits=Bounds(
            file_bytes=limits.file_bytes,
            request_bytes=limits.request_bytes,
            pixels=limits.pixels,
            images=limits.images,
        ),
    )


def _features(description: Description) -> list[FeatureFacts]:
    return [
        FeatureFacts(name=name, kind=one["kind"], typical=one.get("median"), categories=one.get("categories"))
        for name, one in description.items()
    ]


@singledispatch
def answer(task: Task, file: str, columns: dict[str, Any], unit: str) -> Amount | Class:
    """Return the answer for one image from its columns of the prediction."""
    raise NotImplementedError(type(task))


@answer.register
def _(task: Regression, file: str, columns: dict[str, Any], unit: str) -> Amount:
    return Amount(
        file=file, prediction=columns["prediction"], low=columns.get("low"), high=columns.get("high"), unit=unit
    )


@answer.register
def _(task: Classification, file: str, columns: dict[str, Any], unit: str) -> Class:
    each = [ClassProbability(name=name, probability=columns[f"p: {name}"]) for name in task.class_names]
    names = columns.get("prediction_set")
    return Class(
        file=file,
        prediction=columns["prediction"],
        confidence=columns["confidence"],
        prediction_set=None if names is None else json.loads(names),
        top=sorted(each, key=lambda one: -one.probability)[:TOP],
    )


def all_failed(failures: list[Failure]) -> tuple[int, Problem]:
    """Return the status and the answer of a request of which no image has a prediction."""
    codes = {failure.code for failure in failures}
    code, status = (failures[0].code, STATUS[failures[0].code]) if len(codes) == 1 else ("no_image", 422)
    more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
    return status, Problem(code=code, message=failures[0].error + more, results=failures)
