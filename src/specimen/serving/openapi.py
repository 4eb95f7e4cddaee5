"""What the OpenAPI document says about the forms that the server takes, and about what may be wrong with them."""

from __future__ import annotations

import json
from typing import Any

from specimen.data.dataset.features import CategoryFeature, Features, NumberFeature
from specimen.serving.schemas import Problem

FORM_PROBLEMS = {
    400: "The form is malformed.",
    408: "The request came in too slowly.",
    413: "The request, or each of its images, is too large.",
    415: "Not a form, or none of its files is an image.",
    422: "No image, damaged images, or features that the model does not know.",
    429: "Too many requests in progress; try again after `Retry-After` seconds.",
    503: "The work took too long.",
}
ACCESS_PROBLEMS = {
    403: "A page of another site sent the request.",
    421: "The server was asked under a name that it does not know.",
}
KEY_PROBLEM = {401: "The API key is missing or wrong."}


def problems(descriptions: dict[int, str]) -> dict[int | str, dict[str, Any]]:
    """Return what the OpenAPI document says about these statuses."""
    return {status: {"model": Problem, "description": text} for status, text in descriptions.items()}


def form_schema(features: Features, most_images: int) -> dict[str, Any]:
    """Return what the OpenAPI document says about the forms, with the features of the current model as an example."""
    example = {name: _example(feature) for name, feature in features.items()}
    properties = {
        "images": {
            "type": "array",
            "minItems": 1,
            "maxItems": most_images,
            "items": {"type": "string", "format": "binary"},
            "description": "JPEG, PNG, TIFF, WebP or BMP files.",
        },
        "features": {
            "type": "string",
            "description": "JSON: an object with what is known besides the photos, or a list with one for each photo.",
            "examples": [json.dumps(example, ensure_ascii=False)],
        },
    }
    schema = {"type": "object", "required": ["images"], "properties": properties, "additionalProperties": False}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


def _example(feature: NumberFeature | CategoryFeature) -> float | str | None:
    match feature:
        case NumberFeature(median=median):
            return median
        case CategoryFeature(categories=categories):
            return next(iter(categories), None)
