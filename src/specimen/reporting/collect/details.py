"""Where a report is made."""

from __future__ import annotations

import platform
from importlib import metadata

from specimen.reporting.facts.report import Details
from specimen.reporting.revision_outputs import RevisionOutputs
from specimen.versioning.errors import NotAvailableError

PACKAGES = ("dvc", "torch", "torchvision", "numpy", "pandas")


def collect_details(base: RevisionOutputs, head: RevisionOutputs) -> Details:
    """Return the versions of this machine, and the commits that are compared."""
    versions = {"python": platform.python_version(), "system": f"{platform.system()} {platform.machine()}"}
    try:
        base_commit = base.revision.result().name
    except NotAvailableError:
        base_commit = None
    return Details(
        versions=versions | {name: _version(name) for name in PACKAGES},
        base_commit=base_commit,
        head_commit=head.revision.result().name,
    )


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"
