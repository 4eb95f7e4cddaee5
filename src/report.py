"""Write report.md: what a change does to the model, for the reviewer of a pull request.

`python src/report.py --base main` compares the workspace with main, `--head REV` compares two revisions. What cannot be
had is named in the report; it comes out all the same.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from specimen.common import errors
from specimen.common.errors import SpecimenError
from specimen.common.files import replace_atomically
from specimen.config.report import Report
from specimen.reporting import markdown
from specimen.reporting.report import PARAMS, _attempt, compare
from specimen.versioning import provenance, revisions
from specimen.versioning.errors import NotAvailableError
from specimen.versioning.revisions import Revision

REPORT = Path("report.md")
EXIT_WORSE = 1


def main() -> None:
    """Compare, write the report, and end with 1 where the model got worse and `report.fail_on` says so."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", required=True, metavar="REV", help="the Git revision to compare with")
    parser.add_argument("--head", metavar="REV", help="the revision that is judged; without it, the workspace")
    parser.add_argument("--log", type=Path, help="what `dvc repro` printed, to tell which stages ran")
    parser.add_argument("--output", type=Path, default=REPORT, help=f"default {REPORT}")
    arguments = parser.parse_args()
    root = Path.cwd()
    if not (root / ".dvc").is_dir():
        raise SpecimenError(f"{root} holds no .dvc; run from the root of the repository.")
    head = _attempt(revisions.resolve, root, arguments.head) if arguments.head else revisions.workspace(root)
    if isinstance(head, NotAvailableError):
        raise SpecimenError(f"--head: {head}.")
    base = _attempt(revisions.resolve, root, arguments.base)
    settings = _settings(head)
    found, sections = compare(base, head, settings, _last_run(arguments.log))
    with replace_atomically(arguments.output) as aside:
        aside.write_text(markdown.render(sections), encoding="utf-8", newline="\n")
    print(f"{arguments.output}: {found.word}{f' ({found.reason})' if found.reason else ''}")
    if found.word == "worse" and settings.fail_on == "worse":
        print("report.fail_on is worse, so this ends with status 1.", file=sys.stderr)
        sys.exit(EXIT_WORSE)


def _settings(head: Revision) -> Report:
    """Return the section `report` of the params; what is wrong with params.yaml other parts of the report will say."""
    params = _attempt(head.yaml, PARAMS)
    try:
        return Report.model_validate({} if isinstance(params, NotAvailableError) else params.get("report") or {})
    except ValueError:
        return Report()


def _last_run(log: Path | None) -> Mapping[str, str]:
    return provenance.read_log(log.read_text(encoding="utf-8", errors="replace")) if log and log.exists() else {}


if __name__ == "__main__":
    errors.run_cli(main)
