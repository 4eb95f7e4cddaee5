"""A proposed value with what speaks for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Reason:
    """Why a param is proposed as it is."""

    key: str
    """Such as `data.group`; where nothing is proposed, the param that might be."""
    value: Any
    """None: the key is left out."""
    because: str
    doubt: bool = False
    """Whether a person should look at it."""


def values_of(reasons: list[Reason]) -> dict[str, dict[str, Any]]:
    """Return the proposed values by section and key; rules are below `prepare`."""
    sections: dict[str, dict[str, Any]] = {}
    for reason in reasons:
        section, *keys, last = reason.key.split(".")
        place = sections.setdefault(section, {})
        for key in keys:
            place = place.setdefault(key, {})
        place[last] = reason.value
    return sections
