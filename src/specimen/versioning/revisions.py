"""What a revision holds: files of Git and outputs of DVC alike, each of which may be missing for a reason."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from specimen.versioning.dvc_commands import NotAvailableError, _first_line, _mapping

LOCK = "dvc.lock"
TEXT_COLUMNS = ("image", "group", "split", "value")
"""Columns of any table that are text even where they look like numbers."""


@dataclass(frozen=True)
class Revision:
    """A Git revision of the repository in `root`, or with `name` None its workspace."""

    root: Path
    name: str | None = None
    label: str = field(default="workspace")

    @cached_property
    def _files(self) -> Any:
        import dvc.api  # noqa: PLC0415 - a second, which a wrong option need not wait

        return dvc.api.DVCFileSystem(str(self.root), rev=self.name)

    def read(self, path: str) -> bytes:
        """Return a file of Git, or an output of DVC from the cache or the remote. Raises `MissingError`."""
        try:
            return bytes(self._files.read_bytes(path))
        except FileNotFoundError:
            raise NotAvailableError(f"{path} is not in {self.label}{self._why()}") from None
        # Whatever a remote, a damaged cache or a damaged dvc.yaml raises; there is a report to write all the same.
        except Exception as error:
            raise NotAvailableError(f"{path} of {self.label} cannot be had: {_first_line(error)}") from error

    def table(self, path: str, text_columns: Iterable[str] = ()) -> pd.DataFrame:
        """Return a CSV; `TEXT_COLUMNS` and `text_columns` are text, whatever they look like.

        Raises `NotAvailableError`.
        """
        text = dict.fromkeys((*TEXT_COLUMNS, *text_columns), str)
        content = io.BytesIO(self.read(path))
        try:
            return pd.read_csv(content, dtype=text, keep_default_na=False, na_values=[""])
        except ValueError as error:  # pandas' errors on empty and on ragged tables are such, too
            raise NotAvailableError(f"{path} of {self.label} is no table: {_first_line(error)}") from error

    def json(self, path: str) -> dict[str, Any]:
        """Return a JSON object. Raises `MissingError`."""
        return _mapping(json.loads, self.read(path), path, self.label)

    def yaml(self, path: str) -> dict[str, Any]:
        """Return a YAML mapping. Raises `MissingError`."""
        return _mapping(_parse_yaml, self.read(path), path, self.label)

    def _why(self) -> str:
        return "" if self._files.exists(LOCK) else f": the pipeline never ran there, for it has no {LOCK}"


def resolve(root: Path, name: str) -> Revision:
    """Return the revision of a name that Git knows. Raises `MissingError` with the way to get it."""
    found = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    if found:
        return Revision(root, found, f"{name} ({found[:7]})" if not found.startswith(name) else found[:7])
    hints = []
    if _git(root, "rev-parse", "--is-shallow-repository") == "true":
        hints.append("this clone is shallow: `git fetch --unshallow` brings the history")
    if _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"origin/{name}^{{commit}}"):
        hints.append(f"there is origin/{name}")
    said = "; ".join(hints) or "`git fetch origin` brings what is on the server"
    raise NotAvailableError(f"Git knows no revision {name} here; {said}")


def workspace(root: Path) -> Revision:
    """Return what lies in the folder now, named after the commit that it started from."""
    commit = _git(root, "rev-parse", "--short", "HEAD")
    return Revision(root, None, f"workspace (on {commit})" if commit else "workspace")


def _parse_yaml(text: str) -> Any:
    return yaml.load(text, yaml.CSafeLoader)  # a lock file takes a tenth of the time in C


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""
