"""The versions that a revision pins: those of the packages, and that of Python."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress

from specimen.versioning.errors import NotFoundError
from specimen.versioning.revisions import Revision

FILES = ("requirements.txt", "requirements/all.txt", "requirements/dev.txt", "requirements/serve.txt")
PYTHON = "python_env.yaml"
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\#]+)", re.MULTILINE)

Pins = Mapping[str, str]
"""Versions by package; where files or systems differ, all of them, joined by commas."""


def read_pins(revision: Revision) -> Pins:
    """Return what a revision pins. Raises `NotAvailableError` where a file cannot be read."""
    versions: dict[str, set[str]] = {}
    for file in FILES:
        try:
            text = revision.read(file).decode("utf-8", errors="replace")
        except NotFoundError:
            continue
        for name, version in _PIN.findall(text):
            versions.setdefault(re.sub(r"[-_.]+", "-", name).lower(), set()).add(version)
    with suppress(NotFoundError):
        versions["python"] = {str(revision.yaml(PYTHON).get("python"))}
    return {name: ", ".join(sorted(found)) for name, found in sorted(versions.items())}


def changed_pins(base: Pins, head: Pins) -> dict[str, tuple[str | None, str | None]]:
    """Return what both pin differently: before and now, None where it is not pinned."""
    names = sorted(base.keys() | head.keys())
    return {name: (base.get(name), head.get(name)) for name in names if base.get(name) != head.get(name)}
