"""Two pairs of keys of a store that lends no roles: one that reads, one that writes.

They come from the environment or from a prompt that shows nothing, are tried, and go to the program that keeps them by
its stdin. They are in no argument, no message and no file.
"""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from specimen.common.errors import SpecimenError
from specimen.connecting.aws import DeniedError, call, open_store
from specimen.connecting.store import Store

NAMES: Mapping[str, tuple[str, str]] = {
    "read": ("S3_READ_ACCESS_KEY_ID", "S3_READ_SECRET_ACCESS_KEY"),
    "write": ("S3_WRITE_ACCESS_KEY_ID", "S3_WRITE_SECRET_ACCESS_KEY"),
}
"""The variables that a pair comes from, which are also the secrets that it becomes."""
Pair = tuple[str, str]


@dataclass
class Keys:
    """The pairs of a store, each asked for once."""

    store: Store
    read_may_write: bool = False
    """Whether to take a pair for reading that writes as well."""
    verify: str | bool | None = None
    _known: dict[str, Pair] = field(default_factory=dict, repr=False)

    def in_environment(self, kind: str) -> Pair | None:
        """Return a pair that the environment has."""
        first, second = (os.environ.get(name, "").strip() for name in NAMES[kind])
        return (first, second) if first and second else None

    def get(self, kind: str) -> Pair:
        """Return a pair from the environment, or from whoever sits here. Raises `SpecimenError`."""
        if kind not in self._known:
            self._known[kind] = self.in_environment(kind) or _ask(kind)
        return self._known[kind]

    def tried(self, kind: str) -> Pair:
        """Return a pair that the store takes, for this and no more. Raises `SpecimenError` that says what is wrong."""
        pair = self.get(kind)
        self._try(kind, pair)
        return pair

    def client(self, pair: Pair) -> Any:
        """Return a client of the store."""
        return open_store(self.store, self.verify, keys=pair)

    def _try(self, kind: str, pair: Pair) -> None:
        s3, place = self.client(pair), {"Bucket": self.store.bucket}
        try:
            call("s3:ListObjectsV2", s3.list_objects_v2, **place, Prefix=self.store.key(""), MaxKeys=1)
        except SpecimenError as error:
            raise SpecimenError(f"the key that {kind}s ({NAMES[kind][0]}): {error}") from None
        may_write = _may_write(s3, self.store)
        if kind == "write" and not may_write:
            raise SpecimenError(f"the key that writes ({NAMES[kind][0]}) may not write to {self.store.url}.")
        if kind == "read" and may_write and not self.read_may_write:
            raise SpecimenError(
                f"the key that reads ({NAMES[kind][0]}) may write to {self.store.url} as well, and the code of every "
                "pull request from this repository gets it. Make one that only reads (docs/s3.md has the policy), or "
                "accept it with --read-key-may-write."
            )


def _may_write(s3: Any, store: Store) -> bool:
    """Ask the store by beginning to write a file, and leaving it: nothing is written."""
    place = {"Bucket": store.bucket, "Key": store.key("specimen-may-this-key-write")}
    try:
        begun = call("s3:CreateMultipartUpload", s3.create_multipart_upload, **place)
    except DeniedError:
        return False
    call("s3:AbortMultipartUpload", s3.abort_multipart_upload, **place, UploadId=begun["UploadId"])
    return True


def _ask(kind: str) -> Pair:
    names = NAMES[kind]
    if not sys.stdin.isatty():
        raise SpecimenError(f"the key that {kind}s: export {names[0]} and {names[1]}; nobody is here to enter it.")
    try:
        first, second = (
            getpass.getpass(f"The key that {kind}s, {what}: ").strip() for what in ("its id", "its secret")
        )
    except EOFError:
        first = second = ""
    if not first or not second:
        raise SpecimenError(f"the key that {kind}s: nothing was entered.")
    return first, second
