"""The features that a request gives beside its images, checked against what the model knows."""

from __future__ import annotations

from typing import Any

from specimen.common.errors import accepted_hint
from specimen.data.dataset.features import CategoryFeature, Features, NumberFeature
from specimen.serving.limits import RequestError

LARGEST = 1e30
"""Beyond any unit; its standard score still is a number in 32 bits."""

LONGEST = 50
"""Letters of what was given that come back in a message; to look for the nearest name to a megabyte takes too long."""

Row = dict[str, Any]
"""Values of the features of one image; None where the request gives none, which the model takes as missing."""


def rows(given: Any, count: int, features: Features) -> list[Row]:
    """Return one row for each of `count` images, from one JSON object for all or a list of one for each.

    Raises `RefusalError` for a feature that the model does not know, and for a value of the wrong type.
    """
    if given is None:
        given = {}
    if isinstance(given, dict):
        return [_row(given, features, "features")] * count
    if not isinstance(given, list):
        raise _wrong("features", given, "an object for all images, or a list with one for each")
    if len(given) != count:
        raise RequestError(
            422, "bad_features", f"features: a list of {len(given)} for {count} images; give one for each."
        )
    return [_row(one, features, f"features[{place}]") for place, one in enumerate(given)]


def _row(given: Any, features: Features, where: str) -> Row:
    if not isinstance(given, dict):
        raise _wrong(where, given, "an object such as " + str(dict.fromkeys(features)))
    unknown = next((name for name in given if name not in features), None)
    if unknown is not None:
        hint = accepted_hint(unknown[:LONGEST], features, "features of this model")
        raise RequestError(422, "bad_features", f"{where}: unknown feature '{unknown[:LONGEST]}'. {hint}")
    return {name: _value(given.get(name), feature, f"{where}.{name}") for name, feature in features.items()}


def _value(value: Any, feature: NumberFeature | CategoryFeature, where: str) -> float | str | None:
    if value is None or value == "":
        return None
    if isinstance(feature, NumberFeature):
        if not isinstance(value, (int, float)):  # true counts as 1, as in a sheet
            raise _wrong(where, value, "a number or null")
        if abs(value) > LARGEST:
            raise RequestError(422, "bad_features", f"{where}: {_short(value)} is too large for a measurement.")
        return float(value)
    categories = feature.categories
    # A category of 3 is stored as text, but whoever has a sheet of numbers sends a number.
    text = str(value) if isinstance(value, (str, int)) else None
    if text not in categories:
        raise RequestError(
            422,
            "bad_features",
            f"{where}: unknown value {_short(value)}. {accepted_hint((text or '')[:LONGEST], categories)}",
        )
    return text


def _wrong(where: str, value: Any, wanted: str) -> RequestError:
    return RequestError(
        422, "bad_features", f"{where}: {_short(value)} is {_KINDS.get(type(value), 'no value')}, not {wanted}."
    )


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


_KINDS = {str: "a text", bool: "a truth value", int: "a number", float: "a number", list: "a list", dict: "an object"}
