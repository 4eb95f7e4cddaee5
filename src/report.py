"""Write report.md: what a change does to the model, for the reviewer of a pull request.

`python src/report.py --base main` compares the workspace with main, `--head REV` compares two revisions. What is not
available is named in the report; the report is written all the same.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from specimen.common import errors
from specimen.common.errors import SpecimenError
from specimen.common.files import replace_atomically
from specimen.reporting.markdown import render
from specimen.reporting.report import Comparison, compare
from specimen.versioning import provenance, revisions
from specimen.versioning.errors import NotAvailableError
from specimen.versioning.provenance import StageState
from specimen.versioning.revisions import Revision

REPORT = Path("report.md")
EXIT_WORSE = 1


def main() -> None:
    """Compare, write the report, and end with the status that the gate asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", required=True, metavar="REV", help="the Git revision to compare with")
    parser.add_argument("--head", metavar="REV", help="the revision that is judged; without it, the workspace")
    parser.add_argument("--log", type=Path, help="what `dvc repro` printed, to see which stages ran")
    parser.add_argument("--output", type=Path, default=REPORT, help=f"default {REPORT}")
    arguments = parser.parse_args()
    root = Path.cwd()
    if not (root / ".dvc").is_dir():
        raise SpecimenError(f"{root} has no .dvc; run from the root of the repository.")
    comparison = compare(root, arguments.base, _head(root, arguments.head), _last_run(arguments.log))
    with replace_atomically(arguments.output) as new:
        new.write_text(render(comparison.sections), encoding="utf-8", newline="\n")
    verdict = comparison.verdict
    print(f"{arguments.output}: {verdict.word}{f' ({verdict.reason})' if verdict.reason else ''}")
    _apply_gate(comparison)


def _head(root: Path, name: str | None) -> Revision:
    if name is None:
        return revisions.workspace(root)
    try:
        return revisions.resolve(root, name)
    except NotAvailableError as error:
        raise SpecimenError(f"--head: {error}.") from None


def _last_run(log: Path | None) -> Mapping[str, StageState]:
    if log is None or not log.exists():
        return {}
    return provenance.read_log(log.read_text(encoding="utf-8", errors="replace"))


def _apply_gate(comparison: Comparison) -> None:
    """End with status 1 where the model got worse and the gate says so. Raises `SpecimenError` for a gate not valid."""
    gate = comparison.gate
    if gate.fault:
        raise SpecimenError(gate.fault)
    if comparison.verdict.word == "worse" and gate.settings.fail_on == "worse":
        print("report.fail_on is worse, so this ends with status 1.", file=sys.stderr)
        sys.exit(EXIT_WORSE)


if __name__ == "__main__":
    errors.run_cli(main)
