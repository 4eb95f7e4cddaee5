"""What a server keeps of a photo: numbers, and never the picture, its name or who sent it. One line of JSON each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict

from specimen.data.readers.decode import Picture
from specimen.drift.picture_statistics import picture_statistics
from specimen.models.predictions import CONFIDENCE, DISTANCE, PREDICTION


class PhotoRecord(BaseModel):
    """One photo that was predicted. Keys of later versions are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    time: AwareDatetime
    model: str
    """md5 of the model file, as in `dvc.lock`."""
    prediction: float | str
    """In the unit of the target, or a class."""
    confidence: float | None = None
    """Of classes alone."""
    distance: float | None = None
    """From the training photos; None where the model does not know."""
    width: int
    height: int
    """Of the upright photo, in pixels."""
    brightness: float | None = None
    contrast: float | None = None
    sharpness: float | None = None
    warmth: float | None = None
    greenness: float | None = None
    features: dict[str, float | str | None] = {}
    """Those that the model uses, as sent: numbers and categories of the model, never free text."""


def photo_record(
    time: datetime,
    model: str,
    picture: Picture,
    sides: tuple[int, int],
    prediction: Mapping[Any, Any],
    features: Mapping[str, float | str | None],
) -> PhotoRecord:
    """Return the record of a picture, size x size x 3, of a photo of these sides, and a row of its predictions."""
    return PhotoRecord(
        time=time,
        model=model,
        prediction=prediction[PREDICTION],
        confidence=prediction.get(CONFIDENCE),
        distance=prediction.get(DISTANCE),
        width=sides[0],
        height=sides[1],
        features=dict(features),
        **picture_statistics(picture),
    )
