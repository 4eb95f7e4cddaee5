"""The features that a request sends with its images, checked against those that the model uses."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import JsonValue

from specimen.common.errors import accepted_hint
from specimen.data.dataset.features import CategoryFeature, Features, NumberFeature
from specimen.serving.request_errors import RequestError

MAX_NUMBER = 1e30
"""Beyond any unit; its standard score is still a number in 32 bits."""

MAX_QUOTED = 50
"""Characters of a value that are quoted in a message; finding the nearest name to a megabyte would take too long."""

FeatureRow = dict[str, float | str | None]
"""Values of the features of one image; None if the request has none, which the model treats as missing."""


def feature_rows(sent: JsonValue, count: int, features: Features) -> list[FeatureRow]:
    """Return one row for each of `count` images, from one JSON object for all or a list with one for each.

    Raises `RequestError` for a feature that the model does not know, and for a value of the wrong type.
    """
    if sent is None:
        sent = {}
    if isinstance(sent, dict):
        return [_row(sent, features, "features")] * count
    if not isinstance(sent, list):
        raise _wrong_type("features", sent, "an object for all images, or a list with one for each")
    if len(sent) != count:
        raise _refused(f"features: a list of {len(sent)} for {count} images; send one object for each.")
    return [_row(item, features, f"features[{index}]") for index, item in enumerate(sent)]


def _row(sent: JsonValue, features: Features, where: str) -> FeatureRow:
    if not isinstance(sent, dict):
        raise _wrong_type(where, sent, f"an object such as {dict.fromkeys(features)}")
    unknown = next((name for name in sent if name not in features), None)
    if unknown is not None:
        hint = accepted_hint(unknown[:MAX_QUOTED], features, "features of this model")
        raise _refused(f"{where}: unknown feature '{unknown[:MAX_QUOTED]}'. {hint}")
    return {name: _value(sent.get(name), feature, f"{where}.{name}") for name, feature in features.items()}


def _value(sent: JsonValue, feature: NumberFeature | CategoryFeature, where: str) -> float | str | None:
    if sent is None or sent == "":
        return None
    match feature:
        case NumberFeature():
            return _number(sent, where)
        case CategoryFeature(categories=categories):
            return _category(sent, categories, where)


def _number(sent: JsonValue, where: str) -> float:
    if not isinstance(sent, (int, float)):  # true counts as 1, as in a sheet
        raise _wrong_type(where, sent, "a number or null")
    if abs(sent) > MAX_NUMBER:
        raise _refused(f"{where}: {_quoted(sent)} is too large for a measurement.")
    return float(sent)


def _category(sent: JsonValue, categories: Sequence[str], where: str) -> str:
    # The category 3 is stored as text, but whoever has a sheet of numbers sends a number.
    text = str(sent) if isinstance(sent, (str, int)) else ""
    if text not in categories:
        hint = accepted_hint(text[:MAX_QUOTED], categories)
        raise _refused(f"{where}: unknown value {_quoted(sent)}. {hint}")
    return text


def _wrong_type(where: str, sent: JsonValue, wanted: str) -> RequestError:
    return _refused(f"{where}: {_quoted(sent)} is {_TYPES.get(type(sent), 'null')}, not {wanted}.")


def _refused(message: str) -> RequestError:
    return RequestError(422, "bad_features", message)


def _quoted(sent: JsonValue) -> str:
    text = repr(sent)
    return text if len(text) <= MAX_QUOTED else f"{text[:MAX_QUOTED]}..."


_TYPES = {str: "text", bool: "a boolean", int: "a number", float: "a number", list: "a list", dict: "an object"}
