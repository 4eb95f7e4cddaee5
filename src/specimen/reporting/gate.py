"""What decides on a change: the metric, and whether a worse model turns the check red.

Both are read from the base, so that a pull request cannot set its own gate.
"""

from __future__ import annotations

from dataclasses import dataclass

from specimen.common.errors import SpecimenError
from specimen.config.base import check
from specimen.config.report import Report
from specimen.reporting.revision_outputs import PARAMS, RevisionParams
from specimen.versioning.errors import NotAvailableError

SECTION = "report"
OF_THE_BASE = ("metric", "fail_on", "spend")
"""Keys of the section that decide; the others are read from the revision that is judged."""


@dataclass(frozen=True)
class Gate:
    """The settings that count for a report, and what a reviewer has to know about them."""

    settings: Report
    fault: str = ""
    """What is wrong with the section in the revision that is judged."""
    base_fault: str = ""
    """What is wrong with that of the base, which then does not count."""
    changes: tuple[str, ...] = ()
    """How the revision that is judged changes the gate, such as `report.fail_on from worse to never`."""


def read_gate(base: RevisionParams, head: RevisionParams) -> Gate:
    """Read the gate of the base, or that of the head where the base has none that can be read."""
    own = deciding = None
    fault = base_fault = ""
    try:
        own = _read_settings(head)
    except SpecimenError as error:
        fault = str(error)
    try:
        deciding = _read_settings(base)
    except SpecimenError as error:
        base_fault = str(error)
    if deciding is None:
        return Gate(own or Report(), fault, base_fault)
    if own is None:
        return Gate(deciding, fault)
    changes = tuple(
        f"{SECTION}.{key} from {_text(deciding, key)} to {_text(own, key)}"
        for key in OF_THE_BASE
        if getattr(deciding, key) != getattr(own, key)
    )
    of_the_base = {key: getattr(deciding, key) for key in OF_THE_BASE}
    return Gate(own.model_copy(update=of_the_base), changes=changes)


def _read_settings(outputs: RevisionParams) -> Report | None:
    """Return the section of a revision; None where its params cannot be read, which other sections of the report say.

    Raises `SpecimenError` for a section that is not valid.
    """
    try:
        params = outputs.params.result()
        source = f"{PARAMS} of {outputs.revision.result().label}"
    except NotAvailableError:
        return None
    return check(Report, params.get(SECTION, {}), source, SECTION)


def _text(settings: Report, key: str) -> str:
    value = getattr(settings, key)
    return "null" if value is None else str(value)
