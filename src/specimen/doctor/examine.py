"""Run the checks one after another; one that breaks is a fault of its own, and the rest go on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from specimen.common.errors import SpecimenError
from specimen.doctor.findings import Check, Checks, Finding, fault, warning
from specimen.doctor.place import Place
from specimen.doctor.secrets import known_secrets, without
from specimen.versioning.errors import NotAvailableError, TooSlowError, first_line


@dataclass(frozen=True)
class Line:
    """A line of the table."""

    group: str
    name: str
    finding: Finding


def examine(place: Place, groups: Mapping[str, Checks]) -> Iterator[Line]:
    """Yield what the checks of each group find, in their order, without any secret."""
    secrets = known_secrets(place.root)
    for group, checks in groups.items():
        for name, check in checks.items():
            finding = _ask(check, place)
            if finding is not None:
                what, way_out = (without(secrets, text) for text in (finding.what, finding.way_out))
                yield Line(group, name, Finding(finding.status, what, way_out))


def _ask(check: Check, place: Place) -> Finding | None:
    try:
        return check(place)
    except TooSlowError as error:
        return warning(f"not known: {error}", "Run the command in the message by itself; it says what it waits for.")
    except (SpecimenError, NotAvailableError) as error:
        return fault(str(error), "Fix what it names.")
    # Whatever a library raises on a machine that nobody has seen: the other checks may say why.
    except Exception as error:
        reason = f"{type(error).__name__}: {first_line(error)}"
        return fault(f"the check itself failed: {reason}", "Please file an issue with this line.")


def has_fault(lines: Iterable[Line]) -> bool:
    """Tell whether something will not work."""
    return any(line.finding.status == "fault" for line in lines)
