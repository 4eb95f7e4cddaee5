"""Can somebody else repeat this? What DVC and Git say of the revision that is judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TypeVar

from specimen.reporting.collect.recomputed import recompute_metrics
from specimen.reporting.facts.base import MOST_ROWS, NotKnown, first_names
from specimen.reporting.facts.reproducibility import PinChange, Reproducibility
from specimen.reporting.revision_outputs import RevisionOutputs
from specimen.versioning.errors import NotAvailableError
from specimen.versioning.lock import changed_stages, unexplained_stages
from specimen.versioning.pins import changed_pins
from specimen.versioning.states import StageState

T = TypeVar("T")


@dataclass(frozen=True)
class Checks:
    """What DVC and Git are asked; `result()` of each raises `NotAvailableError` where they cannot answer."""

    base: RevisionOutputs
    head: RevisionOutputs
    stale: Future[dict[str, bool]]
    not_in_remote: Future[list[str]]
    uncommitted: Future[list[str]]
    last_run: Mapping[str, StageState]


def collect_reproducibility(checks: Checks) -> Reproducibility:
    """Return the answers, or why they are not known."""
    base, head = checks.base, checks.head
    return Reproducibility(
        stale=_known(checks.stale.result),
        not_in_remote=_known(lambda: first_names(checks.not_in_remote.result())),
        uncommitted=_known(lambda: first_names(checks.uncommitted.result())),
        unexplained=_known(lambda: first_names(unexplained_stages(base.stages.result(), head.stages.result()))),
        missing=_known(lambda: first_names(head.differing.result()[0])),
        edited=_known(lambda: first_names(head.differing.result()[1])),
        recomputed=_known(lambda: recompute_metrics(head)[:MOST_ROWS]),
        pins=_known(lambda: _pin_changes(base, head)),
        changed=_known(lambda: changed_stages(base.stages.result(), head.stages.result())),
        last_run=dict(checks.last_run),
    )


def _known(ask: Callable[[], T]) -> T | NotKnown:
    try:
        return ask()
    except NotAvailableError as error:
        return NotKnown(reason=str(error))
    # A table that nobody has foreseen must not cost the reviewer the other answers.
    except Exception as error:
        return NotKnown(reason=f"{type(error).__name__}: {error}")


def _pin_changes(base: RevisionOutputs, head: RevisionOutputs) -> tuple[PinChange, ...]:
    changed = changed_pins(base.pins.result(), head.pins.result())
    return tuple(PinChange(package=name, before=old, after=new) for name, (old, new) in changed.items())[:MOST_ROWS]
