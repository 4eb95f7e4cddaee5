"""Nested values in one level, as trackers and DVC name them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def flatten(values: Mapping[str, Any], separator: str, replacement: str | None = None) -> dict[str, Any]:
    """Return nested values in one level: `{"a": {"b": 1}}` becomes `{"a.b": 1}` with the separator `.`.

    An empty mapping stays as it is. A separator inside a key is replaced by `replacement`, if one is given.
    """
    return dict(_flat_items(values, separator, replacement))


def _flat_items(values: Mapping[str, Any], separator: str, replacement: str | None) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        name = str(key) if replacement is None else str(key).replace(separator, replacement)
        if isinstance(value, Mapping) and value:
            for inner_name, inner_value in _flat_items(value, separator, replacement):
                yield f"{name}{separator}{inner_name}", inner_value
        else:
            yield name, value
