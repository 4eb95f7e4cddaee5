"""What is wrong here, and the way out? `make doctor` examines machine, repository, remote, CI and data.

    python tools/doctor.py                    # all
    python tools/doctor.py machine dataset    # these alone
    python tools/doctor.py --json             # for programs
    python tools/doctor.py --write remote     # can this machine push? leaves a file `doctor` of a few bytes there

Else it changes nothing; it ends with status 1 where it finds a fault.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from specimen.common import errors
from specimen.doctor import ci, dataset, machine, remote, repository
from specimen.doctor.examine import Line, examine, has_fault
from specimen.doctor.findings import Checks
from specimen.doctor.place import Place
from specimen.doctor.table import as_json, format_line, summarise

GROUPS: dict[str, Checks] = {
    "machine": machine.CHECKS,
    "repository": repository.CHECKS,
    "remote": remote.CHECKS,
    "ci": ci.CHECKS,
    "dataset": dataset.CHECKS,
}


def main() -> None:
    """Examine, print each line as soon as it is known, and end with status 1 on a fault."""
    parser = argparse.ArgumentParser(description="What is wrong here, and the way out?")
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"of {', '.join(GROUPS)}; default: all")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--write", action="store_true", help="also try to write a file of a few bytes to the remote")
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.groups if name not in GROUPS]:
        hint = errors.accepted_hint(unknown[0], GROUPS, "groups")
        raise errors.SpecimenError(f"doctor: no group '{unknown[0]}'. {hint}")
    chosen = {name: checks for name, checks in GROUPS.items() if name in (arguments.groups or GROUPS)}
    found = examine(Place(Path(), write=arguments.write), chosen)
    if arguments.json:
        lines = list(found)
        print(json.dumps(as_json(lines), indent=2, ensure_ascii=False))
    else:
        lines = show(found, max(len(name) for checks in chosen.values() for name in checks))
    sys.exit(1 if has_fault(lines) else 0)


def show(found: Iterable[Line], name_width: int) -> list[Line]:
    """Print lines as they come, under the name of their group; return them."""
    width = shutil.get_terminal_size(fallback=(120, 24)).columns
    lines: list[Line] = []
    for line in found:
        if not lines or lines[-1].group != line.group:
            print(f"{chr(10) * bool(lines)}{line.group}")
        print(format_line(line, name_width, width), flush=True)
        lines.append(line)
    print(f"\n{summarise(lines)}")
    return lines


if __name__ == "__main__":
    errors.run_cli(main)
