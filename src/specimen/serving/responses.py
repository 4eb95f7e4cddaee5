"""From a model and its predictions to what the server answers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import singledispatch
from typing import Any

from specimen.data.dataset.features import CategoryFeature, NumberFeature
from specimen.models.meta import ModelMeta
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
    ClassPrediction,
    ClassProbability,
    FeatureFacts,
    ModelFacts,
    NumberPrediction,
    RequestLimits,
)

TOP = 3
"""Classes in an answer, the most probable first."""


def model_facts(model: LoadedModel, limits: Limits) -> ModelFacts:
    """Describe a model and what one request may contain."""
    meta = model.predictor.meta
    return ModelFacts(
        version=model.version,
        task=meta.task.name,
        target=meta.target,
        unit=meta.unit,
        classes=list(meta.task.class_names) if isinstance(meta.task, Classification) else None,
        features=[_feature_facts(name, feature) for name, feature in meta.features.items()],
        coverage=meta.task.coverage,
        image_size=meta.image_size,
        resize=meta.resize,
        metrics=model.metrics,
        limits=RequestLimits(
            file_bytes=limits.file_bytes,
            request_bytes=limits.request_bytes,
            pixels=limits.pixels,
            images=limits.images,
        ),
    )


def _feature_facts(name: str, feature: NumberFeature | CategoryFeature) -> FeatureFacts:
    match feature:
        case NumberFeature(kind=kind, median=median):
            return FeatureFacts(name=name, kind=kind, typical=median)
        case CategoryFeature(kind=kind, categories=categories):
            return FeatureFacts(name=name, kind=kind, categories=list(categories))


def prediction_answer(meta: ModelMeta, file: str, row: Mapping[Any, Any]) -> NumberPrediction | ClassPrediction:
    """Return the answer for a file, from its row of the table of predictions."""
    return _answer(meta.task, file, row, meta.unit)


@singledispatch
def _answer(task: Task, file: str, row: Mapping[Any, Any], unit: str) -> NumberPrediction | ClassPrediction:
    raise NotImplementedError(type(task))


@_answer.register
def _(task: Regression, file: str, row: Mapping[Any, Any], unit: str) -> NumberPrediction:
    return NumberPrediction(
        file=file,
        prediction=row[PREDICTION],
        low=row.get(LOW),
        high=row.get(HIGH),
        unit=unit,
        unlike=row.get(UNLIKE),
    )


@_answer.register
def _(task: Classification, file: str, row: Mapping[Any, Any], unit: str) -> ClassPrediction:
    probabilities = [
        ClassProbability(name=name, probability=row[probability_column(name)]) for name in task.class_names
    ]
    prediction_set = row.get(PREDICTION_SET)
    return ClassPrediction(
        file=file,
        prediction=row[PREDICTION],
        confidence=row[CONFIDENCE],
        prediction_set=None if prediction_set is None else parse_set(prediction_set),
        top=sorted(probabilities, key=lambda class_: -class_.probability)[:TOP],
        unlike=row.get(UNLIKE),
    )
