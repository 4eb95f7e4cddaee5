"""Write report.md, report.json and report.html: what a change does to the model, for the reviewer of a pull request.

`python src/report.py --base main` compares the workspace with main, `--head REV` compares two revisions. What is not
available is named in the report; the report is written all the same. report.html has the photos too, in one file.
"""

from __future__ import annotations

import specimen.common.interrupts  # isort: skip # noqa: F401

import argparse
import sys
import webbrowser
from collections.abc import Mapping
from pathlib import Path

from specimen.common import errors
from specimen.common.errors import SpecimenError
from specimen.common.files import replace_atomically
from specimen.reporting.comment import render_report
from specimen.reporting.facts.verdict import Verdict
from specimen.reporting.gate import Gate
from specimen.reporting.page.build import build_page
from specimen.reporting.report import compare
from specimen.versioning import provenance, revisions
from specimen.versioning.errors import NotAvailableError
from specimen.versioning.revisions import Revision
from specimen.versioning.states import StageState

REPORT = Path("report.md")
EXIT_FAILED = 1
FAILING = {"never": (), "worse": ("worse",), "not comparable": ("worse", "not comparable")}
"""The words of a verdict that turn the check red, by `report.fail_on`."""


def main() -> None:
    """Compare, write the report, and end with the status that the gate asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", required=True, metavar="REV", help="the Git revision to compare with")
    parser.add_argument("--head", metavar="REV", help="the revision that is judged; without it, the workspace")
    parser.add_argument("--log", type=Path, help="what `dvc repro` printed, to see which stages ran")
    where = f"default {REPORT}; its facts go into a .json next to it, the page with photos into an .html"
    parser.add_argument("--output", type=Path, default=REPORT, help=where)
    parser.add_argument("--open", action="store_true", help="open the page in the browser")
    arguments = parser.parse_args()
    root = Path.cwd()
    if not (root / ".dvc").is_dir():
        raise SpecimenError(f"{root} has no .dvc; run from the root of the repository.")
    comparison = compare(root, arguments.base, _head(root, arguments.head), _last_run(arguments.log))
    _write(arguments.output.with_suffix(".json"), comparison.facts.model_dump_json(indent=1) + "\n")
    _write(arguments.output, render_report(comparison.facts))
    page = arguments.output.with_suffix(".html")
    _write(page, build_page(comparison, pictures=comparison.gate.settings.pictures))
    verdict = comparison.facts.verdict
    print(f"{arguments.output}: {verdict.word}{f' ({verdict.reason})' if verdict.reason else ''}")
    print(f"{page}: the same with photos and charts, to open in a browser")
    if arguments.open and not webbrowser.open(page.resolve().as_uri()):
        print(f"no browser was found to open {page}", file=sys.stderr)
    _apply_gate(verdict, comparison.gate)


def _write(path: Path, text: str) -> None:
    with replace_atomically(path) as new:
        new.write_text(text, encoding="utf-8", newline="\n")


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


def _apply_gate(verdict: Verdict, gate: Gate) -> None:
    """End with status 1 where the gate says so. Raises `SpecimenError` for a gate that is not valid."""
    if gate.fault:
        raise SpecimenError(gate.fault)
    fails_on = gate.settings.fail_on
    if verdict.word in FAILING[fails_on]:
        print(f"report.fail_on is {fails_on}, so this ends with status 1.", file=sys.stderr)
        sys.exit(EXIT_FAILED)


if __name__ == "__main__":
    errors.run_cli(main)
