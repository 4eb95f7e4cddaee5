"""What the server answers, as the OpenAPI document describes it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

Code = Literal[
    "bad_features", "bad_form", "bad_request", "busy", "damaged", "internal", "no_image", "no_key", "no_memory",
    "no_prediction", "not_an_image", "not_found", "too_costly", "too_large", "too_many_images", "too_many_pixels",
    "too_many_scans", "too_slow", "wrong_host", "wrong_method", "wrong_site",
]  # fmt: skip
"""Why a request or an image got no prediction; the page has a text for each."""


class Answer(BaseModel):
    """Part of an answer; what has no value is null."""

    model_config = ConfigDict(frozen=True)


class NumberPrediction(Answer):
    """A number for one image."""

    file: str
    prediction: float = Field(examples=[0.42])
    low: float | None = Field(None, examples=[0.31])
    """The true value is between `low` and `high` as often as the model's `coverage` says."""
    high: float | None = Field(None, examples=[0.55])
    unit: str = Field("", examples=["g"])
    unlike: bool | None = Field(None, examples=[False])
    """Whether the image looks different from the training photos, so that the number cannot be relied on."""


class ClassProbability(Answer):
    """One class that an image may show."""

    name: str
    probability: float


class ClassPrediction(Answer):
    """A class for one image."""

    file: str
    prediction: str = Field(examples=["Moon"])
    confidence: float = Field(examples=[0.93])
    prediction_set: list[str] | None = Field(None, examples=[["Moon", "Mercury"]])
    """The true class is among these as often as the model's `coverage` says."""
    top: list[ClassProbability]
    """The three most probable classes, the most probable first."""
    unlike: bool | None = Field(None, examples=[False])
    """Whether the image looks different from the training photos, so that the class cannot be relied on."""


class Failure(Answer):
    """An image without a prediction; the other images of the request have theirs."""

    file: str
    code: Code = Field(examples=["not_an_image"])
    error: str = Field(examples=["notes.txt: none of the formats BMP, JPEG, PNG, TIFF, WEBP"])


Result = NumberPrediction | ClassPrediction | Failure
"""What the server says of one image."""


class Predictions(Answer):
    """One result for each image, in the order of the request."""

    version: str
    """md5 of the model that predicted."""
    results: list[Result]


class Problem(Answer):
    """Why a request got no prediction: a code for programs, a message for people."""

    code: Code = Field(examples=["no_image"])
    message: str
    results: list[Failure] = []
    """If every image failed, the reason for each."""


class Explanation(Answer):
    """What the model looked at in one image."""

    file: str
    version: str
    result: NumberPrediction | ClassPrediction
    heat: list[list[float]]
    """Rows from the top of the square picture that the model sees, from 0 to 1: how much each part speaks for the
    prediction, that is for a larger number or for the predicted class."""
    change: float
    """How much covering the hottest part lowers the prediction: in the unit of the target, or as a probability."""
    picture: str
    """That square picture, as a `data:` URL of a PNG."""


class FeatureFacts(Answer):
    """A feature that the model uses in addition to the picture."""

    name: str
    kind: Literal["number", "category"]
    typical: float | None = None
    """The median of a number in the train split, which replaces a missing value."""
    categories: list[str] | None = None


class RequestLimits(Answer):
    """What one request may contain."""

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
    """How often intervals and sets of classes contain the truth."""
    image_size: int
    resize: Literal["pad", "crop", "stretch"]
    metrics: dict[str, JsonValue] | None
    """Measured on the test split; null if `metrics/test.json` belongs to another model."""
    limits: RequestLimits


class Health(Answer):
    """Whether the server can predict."""

    ready: bool
    version: str
    problem: str | None
    """Why the current model file is not the model that predicts, if so."""
