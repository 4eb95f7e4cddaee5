"""From a model and its predictions to what the server answers."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

from specimen.data.dataset.features import CategoryFeature, Features, NumberFeature
from specimen.models.predictions import (
    CONFIDENCE,
    HIGH,
    LOW,
    PREDICTION,
    PREDICTION_SET,
    UNLIKE,
    parse_set,
    probability_column,
)
from specimen.models.task import Classification, Regression, Task
from specimen.serving.limits import Limits
from specimen.serving.model_watcher import LoadedModel
from specimen.serving.schemas import (
    Bounds,
    ClassPrediction,
    ClassProbability,
    Failure,
    FeatureFacts,
    ModelFacts,
    NumberPrediction,
    Problem,
)

TOP = 3
STATUS = {"not_an_image": 415, "too_large": 413, "too_many_pixels": 413, "damaged": 422}
"""Codes of a failure, and the status of a request whose images all failed for this reason."""


def facts(loaded: LoadedModel, limits: Limits) -> ModelFacts:
    """Describe a model."""
    meta, task = loaded.predictor.meta, loaded.predictor.task
    return ModelFacts(
        version=loaded.version,
        task=task.name,
        target=meta.target,
        unit=meta.unit,
        classes=list(task.class_names) if isinstance(task, Classification) else None,
        features=_features(meta.features),
        coverage=task.coverage,
        image_size=meta.image_size,
        resize=meta.resize,
        metrics=loaded.metrics,
        limits=Bounds(
            file_bytes=limits.file_bytes,
            request_bytes=limits.request_bytes,
            pixels=limits.pixels,
            images=limits.images,
        ),
    )


def _features(features: Features) -> list[FeatureFacts]:
    return [_feature(name, feature) for name, feature in features.items()]


def _feature(name: str, feature: NumberFeature | CategoryFeature) -> FeatureFacts:
    if isinstance(feature, NumberFeature):
        return FeatureFacts(name=name, kind=feature.kind, typical=feature.median)
    return FeatureFacts(name=name, kind=feature.kind, categories=list(feature.categories))


@singledispatch
def answer(task: Task, file: str, columns: dict[str, Any], unit: str) -> NumberPrediction | ClassPrediction:
    """Return the answer for one image from its columns of the prediction."""
    raise NotImplementedError(type(task))


@answer.register
def _(task: Regression, file: str, columns: dict[str, Any], unit: str) -> NumberPrediction:
    return NumberPrediction(
        file=file,
        prediction=columns[PREDICTION],
        low=columns.get(LOW),
        high=columns.get(HIGH),
        unit=unit,
        unlike=columns.get(UNLIKE),
    )


@answer.register
def _(task: Classification, file: str, columns: dict[str, Any], unit: str) -> ClassPrediction:
    each = [ClassProbability(name=name, probability=columns[probability_column(name)]) for name in task.class_names]
    names = columns.get(PREDICTION_SET)
    return ClassPrediction(
        file=file,
        prediction=columns[PREDICTION],
        confidence=columns[CONFIDENCE],
        prediction_set=None if names is None else parse_set(names),
        top=sorted(each, key=lambda one: -one.probability)[:TOP],
        unlike=columns.get(UNLIKE),
    )


def all_failed(failures: list[Failure]) -> tuple[int, Problem]:
    """Return the status and the answer of a request of which no image has a prediction."""
    codes = {failure.code for failure in failures}
    code, status = (failures[0].code, STATUS[failures[0].code]) if len(codes) == 1 else ("no_image", 422)
    more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
    return status, Problem(code=code, message=failures[0].error + more, results=failures)
