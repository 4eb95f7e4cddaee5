"""An S3 store as DVC's remote describes it, asked with short waits: DVC itself would try for minutes.

A message of boto3 is the one that DVC shows, because the S3 filesystem of DVC is made of the same botocore.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

SECONDS_TO_CONNECT = 5
SECONDS_TO_READ = 15
TRIES = 2
FROM = {
    "env": "the environment",
    "explicit": "DVC's config",
    "shared-credentials-file": "~/.aws/credentials",
    "config-file": "~/.aws/config",
}
"""Where credentials are from, by botocore's own names; others are shown as they are."""
WRITTEN = "doctor"
"""Key below the prefix of the one file that a try to write leaves there."""


@dataclass(frozen=True)
class Answer:
    """What a store said to one question."""

    content: Mapping[str, Any]
    error: str = ""
    """Empty: it worked."""
    date: str = ""
    """The clock of the store, as the header says it."""


class S3Store:
    """A bucket and a prefix, with the options of DVC's remote."""

    def __init__(self, remote: Mapping[str, Any]) -> None:
        """`remote` is the section of DVC's config, with `url: s3://bucket/prefix`."""
        url = urlsplit(remote["url"])
        self.bucket = url.netloc
        self.prefix = url.path.strip("/")
        self.endpoint: str | None = remote.get("endpointurl")
        self._remote = remote

    @cached_property
    def _session(self) -> Any:
        import boto3  # noqa: PLC0415 - half a second
        from botocore.session import Session  # noqa: PLC0415

        inner = Session(profile=self._remote.get("profile"))
        for option, variable in (("configpath", "config_file"), ("credentialpath", "credentials_file")):
            if self._remote.get(option):
                inner.set_config_variable(variable, self._remote[option])
        keys = {
            "aws_access_key_id": self._remote.get("access_key_id"),
            "aws_secret_access_key": self._remote.get("secret_access_key"),
            "aws_session_token": self._remote.get("session_token"),
        }
        region = self._remote.get("region")
        return boto3.Session(botocore_session=inner, region_name=region, **keys)

    def _client(self, service: str) -> Any:
        from botocore import UNSIGNED  # noqa: PLC0415
        from botocore.config import Config  # noqa: PLC0415

        config = Config(
            connect_timeout=SECONDS_TO_CONNECT,
            read_timeout=SECONDS_TO_READ,
            retries={"total_max_attempts": TRIES},
            signature_version=UNSIGNED if self._remote.get("allow_anonymous_login") else None,
        )
        verify = self._remote.get("ssl_verify")
        use_ssl = self._remote.get("use_ssl", True)
        region = self._session.region_name or "us-east-1"
        return self._session.client(
            service, endpoint_url=self.endpoint, region_name=region, verify=verify, use_ssl=use_ssl, config=config
        )

    def list_one(self) -> Answer:
        """List at most one object below the prefix."""
        prefix = f"{self.prefix}/" if self.prefix else ""
        return _ask(lambda: self._client("s3").list_objects_v2(Bucket=self.bucket, Prefix=prefix, MaxKeys=1))

    def read_one(self, key: str) -> Answer:
        """Read the first byte of an object."""

        def read() -> dict[str, Any]:
            answer: dict[str, Any] = self._client("s3").get_object(Bucket=self.bucket, Key=key, Range="bytes=0-0")
            answer.pop("Body").read()
            return answer

        return _ask(read)

    def write_one(self) -> Answer:
        """Write a file of a few bytes below the prefix, always the same."""
        key = f"{self.prefix}/{WRITTEN}" if self.prefix else WRITTEN
        return _ask(
            lambda: self._client("s3").put_object(Bucket=self.bucket, Key=key, Body=b"written by make doctor\n")
        )

    def who(self) -> Answer:
        """Ask whose the credentials are."""
        return _ask(lambda: self._client("sts").get_caller_identity())

    def key_source(self) -> str | None:
        """Return where the credentials are from, None without any. Raises what botocore raises for a broken profile."""
        credentials = self._session.get_credentials()
        return None if credentials is None else FROM.get(credentials.method, str(credentials.method))


def _ask(call: Callable[[], dict[str, Any]]) -> Answer:
    """Return what a call gave, or what its error says."""
    from boto3.exceptions import Boto3Error  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        content = call()
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        message = str(error) if code in str(error) else f"{code}: {error}"
        return Answer({}, message, _date(error.response))
    except (BotoCoreError, Boto3Error, OSError, ValueError) as error:
        return Answer({}, str(error) or type(error).__name__)
    return Answer(content, date=_date(content))


def _date(response: Mapping[str, Any]) -> str:
    return str(response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", ""))


def seconds_ahead(date: str, now: datetime.datetime) -> float | None:
    """Return how far the clock of this machine is ahead of a Date header; None where that cannot be read."""
    try:
        there = parsedate_to_datetime(date)
    except (TypeError, ValueError):
        return None
    if there.tzinfo is None:
        there = there.replace(tzinfo=datetime.UTC)
    return (now - there).total_seconds()
