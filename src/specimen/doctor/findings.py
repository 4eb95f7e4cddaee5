"""What a check finds: how bad it is, a sentence, and the way out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from specimen.doctor.place import Place

Status = Literal["ok", "warning", "fault"]


@dataclass(frozen=True)
class Finding:
    """The answer of one check; the way out is empty where all is well."""

    status: Status
    what: str
    way_out: str = ""


Check = Callable[[Place], Finding | None]
"""Looks at one thing; None where it has nothing to look at."""
Checks = Mapping[str, Check]
"""By the words that the table shows."""


def ok(what: str) -> Finding:
    """Return that all is well."""
    return Finding("ok", what)


def warning(what: str, way_out: str) -> Finding:
    """Return what works, but may cost time or trust."""
    return Finding("warning", what, way_out)


def fault(what: str, way_out: str) -> Finding:
    """Return what will fail, or makes the numbers wrong."""
    return Finding("fault", what, way_out)
