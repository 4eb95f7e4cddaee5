"""What the OpenAPI document says of the forms that the server takes, and of what may be wrong with them."""

from __future__ import annotations

import json
from typing import Any

from specimen.data.dataset.features import CategoryFeature, Features, NumberFeature
from specimen.serving.schemas import Problem

FORM_PROBLEMS = {
    400: "The form is malformed.",
    408: "The request came in too slowly.",
    413: "The request, or each of its images, is too large.",
    415: "No form, or none of its files is an image.",
    422: "No image, images that are damaged, or features that the model does not know.",
    429: "Too many requests at work; try again after `Retry-After` seconds.",
    503: "The work took too long.",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what the OpenAPI document says of these statuses."""
    texts = FORM_PROBLEMS | {401: "The API key is missing or wrong."}
    return {status: {"model": Problem, "description": texts[status]} for status in statuses}


def form(features: Features) -> dict[str, Any]:
    """Return what the OpenAPI document says of the forms, with features of the model at hand as an example."""
    example = {name: _example(feature) for name, feature in features.items()}
    properties = {
        "images": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "string", "format": "binary"},
            "description": "JPEG, PNG, TIFF, WebP or BMP files.",
        },
        "features": {
            "type": "string",
            "description": "JSON: an object of what is known beside the photos, or a list with one for each.",
            "examples": [json.dumps(example, ensure_ascii=False)],
        },
    }
    schema = {"type": "object", "required": ["images"], "properties": properties, "additionalProperties": False}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


def _example(feature: NumberFeature | CategoryFeature) -> float | str | None:
    if isinstance(feature, NumberFeature):
        return feature.median
    return next(iter(feature.categories), None)
