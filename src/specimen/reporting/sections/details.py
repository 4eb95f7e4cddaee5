"""Where a report was made, and how to make it again."""

from __future__ import annotations

from specimen.reporting.facts.report import Details
from specimen.reporting.markdown import Fold, Section, code

MOST_VERSIONS = 20


def details_section(details: Details) -> Section:
    """Return the versions, and the commands that make the same report elsewhere."""
    rows = [(code(name), code(version)) for name, version in list(details.versions.items())[:MOST_VERSIONS]]
    return Section(
        "Details",
        "",
        [
            Fold("Where this report was made", ("what", "version"), rows, text_columns=2),
            Fold("How to make this report on your machine", (), (), note=_commands(details)),
        ],
    )


def _commands(details: Details) -> str:
    checkout = [f"git checkout {details.head_commit}"] if details.head_commit else []
    base = details.base_commit or "main"
    return "\n".join(["```sh", "git fetch origin", *checkout, "dvc pull", f"make report BASE={base}", "```"])
