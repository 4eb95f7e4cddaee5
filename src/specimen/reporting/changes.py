"""Values of metrics and params in the base and now, as `dvc metrics diff` and `dvc params diff` know them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from specimen.common.flattening import flatten


@dataclass(frozen=True)
class Change:
    """One value in the base and now; None where it is not there."""

    file: str
    key: str
    """Nested keys joined by dots."""
    old: object = None
    new: object = None
    difference: float | None = None
    """New minus old, of numbers."""

    @property
    def differs(self) -> bool:
        """Whether the value has changed."""
        return self.old != self.new


def read_changes(diff: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> list[Change]:
    """Return what `dvc metrics diff --json` or `dvc params diff --json` printed, sorted by file and key."""
    return [
        Change(file, key, values.get("old"), values.get("new"), values.get("diff"))
        for file, keys in sorted(diff.items())
        for key, values in sorted(keys.items())
    ]


def values_of_head(file: str, content: Mapping[str, Any]) -> list[Change]:
    """Return the values of one revision as new, where DVC has nothing to compare them with."""
    return [Change(file, key, new=value) for key, value in sorted(flatten(content, ".").items())]


def unchanged_values(file: str, content: Mapping[str, Any]) -> list[Change]:
    """Return the values of one revision as if the base had the same."""
    return [Change(file, key, value, value) for key, value in sorted(flatten(content, ".").items())]
