"""Can somebody else repeat this? What DVC and Git say of the revision that is judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TypeVar

from specimen.reporting.facts.base import NotKnown, first_names
from specimen.reporting.facts.reproducibility import Reproducibility
from specimen.versioning.errors import NotAvailableError
from specimen.versioning.states import StageOutputs, StageState

T = TypeVar("T")
F = TypeVar("F")


@dataclass(frozen=True)
class Checks:
    """What DVC and Git are asked; `result()` of each raises `NotAvailableError` where they cannot answer."""

    stale: Future[dict[str, bool]]
    not_in_remote: Future[list[str]]
    uncommitted: Future[list[str]]
    changed: Future[dict[str, StageOutputs]]
    last_run: Mapping[str, StageState]


def collect_reproducibility(checks: Checks) -> Reproducibility:
    """Return the answers, or why they are not known."""
    return Reproducibility(
        stale=_known(checks.stale, dict),
        not_in_remote=_known(checks.not_in_remote, first_names),
        uncommitted=_known(checks.uncommitted, first_names),
        changed=_known(checks.changed, dict),
        last_run=dict(checks.last_run),
    )


def _known(asked: Future[T], read: Callable[[T], F]) -> F | NotKnown:
    try:
        return read(asked.result())
    except NotAvailableError as error:
        return NotKnown(reason=str(error))
