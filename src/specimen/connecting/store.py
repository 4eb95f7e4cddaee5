"""Where the data go: a bucket, the prefix in it, and whose store it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from specimen.common.errors import SpecimenError

BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
PREFIX = re.compile(r"[\w!.()/-]*", re.ASCII)


@dataclass(frozen=True)
class Store:
    """A place in an S3 store."""

    bucket: str
    prefix: str
    region: str
    endpoint: str | None = None
    """Address of a store that is not Amazon's."""

    @property
    def url(self) -> str:
        """The address as DVC wants it."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    def key(self, name: str) -> str:
        """Return the key of an object below the prefix."""
        return f"{self.prefix}/{name}" if self.prefix else name


def parse_store(url: str, region: str, endpoint: str | None) -> Store:
    """Return the store that flags or answers mean. Raises `SpecimenError` that names the wrong part."""
    scheme, _, rest = url.partition("://")
    bucket, _, prefix = rest.partition("/")
    prefix = prefix.strip("/")
    if scheme != "s3" or not BUCKET.fullmatch(bucket):
        raise SpecimenError(
            f"--url: '{url}' is not the address of a bucket. Write s3://BUCKET/PREFIX; the name of a bucket has 3 "
            "to 63 small letters, digits, dots and hyphens."
        )
    if not PREFIX.fullmatch(prefix) or "//" in prefix:  # `*`, `?` or `$` would mean something else in a policy
        raise SpecimenError(f"--url: the prefix '{prefix}' may have letters, digits and ! . ( ) / _ - only.")
    if endpoint is not None:
        parts = urlsplit(endpoint)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
            raise SpecimenError(
                f"--endpoint-url: '{_without_user(endpoint)}' is not an address such as https://s3.example.org."
            )
        if (parts.hostname or "").endswith((".amazonaws.com", ".amazonaws.com.cn")):
            endpoint = None
    if not re.fullmatch(r"[a-z0-9-]+", region):
        raise SpecimenError(f"--region: '{region}' is not a region, such as eu-central-1.")
    return Store(bucket, prefix, region, endpoint)


def _without_user(address: str) -> str:
    """Return an address without the password that somebody may have written into it."""
    return re.sub(r"//[^/@]*@", "//...@", address)
