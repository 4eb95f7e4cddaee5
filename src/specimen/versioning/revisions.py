"""The files of a revision, whether Git or DVC keeps them; each may be missing for a reason."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

from specimen.versioning.errors import NotAvailableError, NotFoundError, first_line
from specimen.versioning.git_commands import ask_git, find_commit, folder_in_repository
from specimen.versioning.parsing import parse_json, parse_yaml
from specimen.versioning.remote_config import NOT_CONNECTED, is_unconnected

LOCK = "dvc.lock"


@dataclass(frozen=True)
class Revision:
    """A Git revision of the repository in `root`, or with `name` None its workspace."""

    root: Path
    name: str | None = None
    label: str = field(default="workspace")

    @cached_property
    def _files(self) -> Any:
        import dvc.api  # noqa: PLC0415 - a second, which a wrong option need not wait

        return dvc.api.DVCFileSystem(str(self.root), rev=self.name, subrepos=bool(self._folder))

    @cached_property
    def _folder(self) -> str:
        """What comes before each path: a revision is read from the root of Git, also where DVC's root is below it."""
        return "" if self.name is None else folder_in_repository(self.root)

    def read(self, path: str) -> bytes:
        """Return a file of Git, or an output of DVC from the cache or the remote. Raises `NotAvailableError`.

        Of a file that is not there it raises `NotFoundError`.
        """
        with self._available(path):
            return bytes(self._files.read_bytes(f"{self._folder}{path}"))

    @contextmanager
    def open(self, path: str) -> Iterator[BinaryIO]:
        """Open such a file to read parts of it; what is in the remote is not fetched whole. Raises as `read` does."""
        with self._available(path), self._files.open(f"{self._folder}{path}", "rb") as file:
            yield file

    @contextmanager
    def _available(self, path: str) -> Iterator[None]:
        try:
            yield
        except NotAvailableError:
            raise
        except FileNotFoundError:
            if not self._has(LOCK):
                why = f": the pipeline never ran there, for it has no {LOCK}"
                raise NotFoundError(f"{path} is not in {self.label}{why}") from None
            if self._has(path):
                raise NotAvailableError(self._nowhere(path)) from None
            raise NotFoundError(f"{path} is not in {self.label}") from None
        # Whatever a remote, a damaged cache or a damaged dvc.yaml raises; there is a report to write all the same.
        except Exception as error:
            # The list of a folder, or what a stranger's bucket says.
            if isinstance(error.__cause__, FileNotFoundError) or (_is_of_a_store(error) and is_unconnected(self.root)):
                raise NotAvailableError(self._nowhere(path)) from error
            raise NotAvailableError(f"{path} of {self.label} is not available: {first_line(error)}") from error

    def files(self, folder: str) -> list[str]:
        """Return the paths of all files below a folder, none where it is not there. Raises `NotAvailableError`."""
        with self._available(folder):
            found = self._files.find(f"{self._folder}{folder}")
        return sorted(path.removeprefix("/").removeprefix(self._folder) for path in found)

    def json(self, path: str) -> dict[str, Any]:
        """Return a JSON object. Raises `NotAvailableError`."""
        return parse_json(self.read(path), f"{path} of {self.label}")

    def yaml(self, path: str) -> dict[str, Any]:
        """Return a YAML mapping. Raises `NotAvailableError`."""
        return parse_yaml(self.read(path), f"{path} of {self.label}")

    def _has(self, path: str) -> bool:
        """Return whether Git has a file, or DVC knows it as an output, wherever that may be."""
        return bool(self._files.exists(f"{self._folder}{path}"))

    def _nowhere(self, path: str) -> str:
        if is_unconnected(self.root):
            return f"{path} of {self.label} is not in DVC's cache, and {NOT_CONNECTED}"
        return f"{path} of {self.label} is neither in DVC's cache nor in a remote; run `dvc push` where it was made"


def _is_of_a_store(error: Exception) -> bool:
    """Tell whether an error is what a store or its library says, and not one of DVC's or ours."""
    return isinstance(error, OSError) or type(error).__module__.partition(".")[0] in ("botocore", "aiobotocore")


def resolve(root: Path, name: str) -> Revision:
    """Return the revision of a name that Git knows. Raises `NotAvailableError` with the way to get it."""
    commit = find_commit(root, name)
    if commit:
        label = commit[:7] if commit.startswith(name) else f"{name} ({commit[:7]})"
        return Revision(root, commit, label)
    hints = []
    if ask_git(root, "rev-parse", "--is-shallow-repository") == "true":
        hints.append("this clone is shallow: `git fetch --unshallow` brings the history")
    if find_commit(root, f"origin/{name}"):
        hints.append(f"there is origin/{name}")
    way_out = "; ".join(hints) or "`git fetch origin` brings what is on the server"
    raise NotAvailableError(f"Git does not know the revision {name} here; {way_out}")


def workspace(root: Path) -> Revision:
    """Return what is in the folder now, named after the commit that it started from."""
    commit = ask_git(root, "rev-parse", "--short", "HEAD")
    return Revision(root, None, f"workspace (on {commit})" if commit else "workspace")


def branch_point(tip: Revision, judged: Revision) -> Revision:
    """Return the commit where a branch left its base: what the base has got since then is none of its changes.

    That is `tip` itself where Git finds no commit that both have, as in a shallow clone.
    """
    commit = ask_git(tip.root, "merge-base", str(tip.name), judged.name or "HEAD")
    if not commit or commit == tip.name:
        return tip
    return Revision(tip.root, commit, f"{commit[:7]}, where this left {tip.label}")
