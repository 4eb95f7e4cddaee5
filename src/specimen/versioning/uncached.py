"""Outputs that Git keeps, compared with what `dvc.lock` says of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from specimen.common.hashing import content_md5
from specimen.versioning.errors import NotFoundError
from specimen.versioning.lock import Lock
from specimen.versioning.revisions import Revision


def differing_outputs(revision: Revision, pipeline: str, lock: Lock) -> tuple[list[str], list[str]]:
    """Return the outputs in Git that are missing, and those that are not what the lock of the pipeline says.

    `pipeline` is the path of a `dvc.yaml`. Raises `NotAvailableError` where it or an output cannot be read.
    """
    folder = PurePosixPath(pipeline).parent
    hashes = {path: md5 for stage in lock.values() for path, md5 in stage.outputs.items()}
    missing, edited = [], []
    for path in _uncached(revision.yaml(pipeline)):
        md5 = hashes.get(path, "")
        if not md5 or md5.endswith(".dir"):
            continue
        name = str(folder / path)
        try:
            content = revision.read(name)
        except NotFoundError:
            missing.append(name)
            continue
        if content_md5(content) != md5:
            edited.append(name)
    return missing, edited


def _uncached(pipeline: Mapping[str, Any]) -> Iterator[str]:
    """Yield the outputs of all stages that have `cache: false`."""
    stages = pipeline.get("stages")
    for stage in stages.values() if isinstance(stages, dict) else ():
        for kind in ("outs", "metrics", "plots"):
            entries = stage.get(kind) if isinstance(stage, dict) else None
            for entry in entries if isinstance(entries, list) else ():
                if isinstance(entry, dict):
                    yield from (path for path, options in entry.items() if (options or {}).get("cache") is False)
