"""Where a report was made, and how to make it again."""

from __future__ import annotations

import platform
from importlib import metadata

from specimen.reporting.markdown import Fold, Section, code
from specimen.reporting.revision_outputs import RevisionOutputs
from specimen.versioning.errors import NotAvailableError

PACKAGES = ("dvc", "torch", "torchvision", "numpy", "pandas")


def details_section(base: RevisionOutputs, head: RevisionOutputs) -> Section:
    """Return the versions, and the commands that make the same report elsewhere."""
    versions = [("python", platform.python_version()), ("system", f"{platform.system()} {platform.machine()}")]
    versions += [(name, _version(name)) for name in PACKAGES]
    rows = [(name, code(version)) for name, version in versions]
    return Section(
        "Details",
        "",
        [
            Fold("Where this report was made", ("what", "version"), rows, text_columns=2),
            Fold("How to make this report on your machine", (), (), note=_commands(base, head)),
        ],
    )


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _commands(base: RevisionOutputs, head: RevisionOutputs) -> str:
    try:
        base_name = str(base.revision.result().name)
    except NotAvailableError:
        base_name = "main"
    head_name = head.revision.result().name
    checkout = [f"git checkout {head_name}"] if head_name else []
    return "\n".join(["```sh", "git fetch origin", *checkout, "dvc pull", f"make report BASE={base_name}", "```"])
