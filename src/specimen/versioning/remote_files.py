"""Files in the DVC remote that are not DVC's own: what one machine leaves there for the next."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specimen.versioning.errors import NotAvailableError, first_line


class RemoteFiles:
    """The default remote of a repository, as a folder of files by their keys, such as `cloud/a/checkpoint.pt`."""

    def __init__(self, root: Path) -> None:
        """Raises `NotAvailableError` where there is no remote."""
        from dvc.exceptions import DvcException  # noqa: PLC0415 - half a second
        from dvc.repo import Repo  # noqa: PLC0415

        try:
            with Repo(str(root)) as repo:
                self._remote: Any = repo.cloud.get_remote()
        except DvcException as error:
            raise NotAvailableError(first_line(error)) from error

    def put(self, path: Path, key: str) -> None:
        """Copy a file to the remote. Raises `NotAvailableError`."""
        address = self._address(key)
        try:
            self._remote.fs.makedirs(self._remote.fs.parent(address), exist_ok=True)
            self._remote.fs.put_file(str(path), address)
        # Each store has exceptions of its own.
        except Exception as error:
            raise NotAvailableError(f"{path} cannot be sent to {address}: {error}") from error

    def get(self, key: str, path: Path) -> bool:
        """Copy a file from the remote; return whether it is there. Raises `NotAvailableError`."""
        address = self._address(key)
        try:
            if not self._remote.fs.exists(address):
                return False
            path.parent.mkdir(parents=True, exist_ok=True)
            self._remote.fs.get_file(address, str(path))
        except Exception as error:
            raise NotAvailableError(f"{address} cannot be fetched: {error}") from error
        return True

    def _address(self, key: str) -> str:
        address: str = self._remote.fs.join(self._remote.path, *key.split("/"))
        return address
