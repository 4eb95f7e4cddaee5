"""Calls of AWS, with errors that name the call and the way out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from specimen.common.errors import SpecimenError
from specimen.connecting.store import Store

ABSENT = ("404", "NoSuchBucket", "NoSuchEntity", "NoSuchPublicAccessBlockConfiguration")
ABSENT_ENCRYPTION = "ServerSideEncryptionConfigurationNotFoundError"
DENIED = ("403", "AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
Answer = dict[str, Any]


@dataclass(frozen=True)
class Account:
    """Who calls, and the services that are called."""

    number: str
    caller: str
    partition: str
    """`aws`, or that of China or of a government."""
    s3: Any
    iam: Any


def open_account(profile: str | None, region: str) -> Account:
    """Find credentials as all AWS tools do, and ask whose they are. Raises `SpecimenError`."""
    session = _session(profile_name=profile, region_name=region)
    identity = call("sts:GetCallerIdentity", session.client("sts").get_caller_identity)
    arn = str(identity["Arn"])
    return Account(str(identity["Account"]), arn, arn.split(":")[1], session.client("s3"), session.client("iam"))


def open_store(
    store: Store, verify: str | bool | None, *, keys: tuple[str, str] | None = None, profile: str | None = None
) -> Any:
    """Return a client of a store that is not Amazon's, for a pair of keys or a profile; None where neither is there.

    `verify` is the certificate of the store, as `ssl_verify` of DVC's remote names it.
    """
    if keys is not None:
        session = _session(aws_access_key_id=keys[0], aws_secret_access_key=keys[1], region_name=store.region)
    else:
        session = _session(profile_name=profile, region_name=store.region)
        if session.get_credentials() is None:
            return None
    try:
        return session.client("s3", endpoint_url=store.endpoint, verify=verify)
    except ValueError as error:  # it has its own idea of the names that a host may have
        raise SpecimenError(f"--endpoint-url: {error}.") from None


def _session(**options: str | None) -> Any:
    import boto3  # noqa: PLC0415 - half a second, which a wrong option need not wait
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415

    try:
        return boto3.Session(**options)
    except BotoCoreError as error:  # a profile that is not there
        raise SpecimenError(f"--profile: {error}.") from None


def call(name: str, function: Callable[..., Answer], **arguments: Any) -> Answer:
    """Make a call. Raises `SpecimenError` that names it, and `AbsentError` for what is not there."""
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError  # noqa: PLC0415

    try:
        return function(**arguments)
    except NoCredentialsError:
        raise SpecimenError(
            f"{name}: there are no credentials on this machine. Run `aws configure` or `aws sso login`, and name the "
            "profile with --profile or AWS_PROFILE."
        ) from None
    except ClientError as error:
        raise _refusal(name, error.response.get("Error", {})) from None
    except (BotoCoreError, OSError) as error:  # OSError: a certificate that is not there
        raise SpecimenError(f"{name}: {error}. What was done so far stays; the next run goes on from there.") from None


def _refusal(name: str, error: dict[str, str]) -> SpecimenError:
    code, message = error.get("Code", "unknown"), error.get("Message", "")
    said = f"{name}: refused with {code}: {message}".rstrip(": .")
    if code in ABSENT or code == ABSENT_ENCRYPTION:
        return AbsentError(said + ".")
    if code in DENIED:
        return DeniedError(
            f"{said}. These credentials may not do this: use others with --profile, or ask who administers the account."
        )
    return SpecimenError(f"{said}. What was done so far stays; the next run goes on from there.")


class DeniedError(SpecimenError):
    """These credentials may not make that call."""


class AbsentError(SpecimenError):
    """What was asked for is not there."""


def found(name: str, function: Callable[..., Answer], **arguments: Any) -> Answer | None:
    """Make a call that reads; return None where there is nothing. Raises `SpecimenError`."""
    try:
        return call(name, function, **arguments)
    except AbsentError:
        return None
