"""DVC's remote: can it be reached and read, by whom, and is all there that the lock names?"""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from specimen.common.sizes import format_seconds
from specimen.doctor.findings import Finding, fault, ok, warning
from specimen.doctor.messages import explain
from specimen.doctor.place import SECONDS, Place, read_dvc_config
from specimen.doctor.s3_store import Answer, S3Store, seconds_ahead
from specimen.versioning.provenance import not_in_remote
from specimen.versioning.remote_config import NOT_CONNECTED, PLACEHOLDER

CONNECT = "`make connect` (docs/s3.md)"
CLOCK_WRONG = 15 * 60
"""Seconds from which on AWS refuses a request."""
CLOCK_OFF = 60
SECRET = ("access_key_id", "secret_access_key", "session_token", "password")
"""Options of a remote that must not be in the file that Git keeps."""
SHOWN = 5


def check_address(place: Place) -> Finding | None:
    """Is there a remote, and is it another one than that of the template?"""
    if not place.dvc_config:  # `check_dvc` says why
        return None
    name, remote = _remote(place)
    if not remote:
        return warning(
            "DVC has no remote: data and models are on this machine alone", "docs/s3.md says how to get one."
        )
    url = str(remote.get("url", ""))
    if _is_placeholder(remote):
        way_out = f"{CONNECT}; to try one on this machine: `make s3`"
        return warning(f"{name}: {url}, the address of a fresh copy: {NOT_CONNECTED}", way_out)
    endpoint = remote.get("endpointurl")
    return ok(f"{name}: {url}{f' at {endpoint}' if endpoint else ''}")


def check_secrets(place: Place) -> Finding | None:
    """Are there keys in the config that Git keeps?"""
    remotes = read_dvc_config(place.root, "repo").get("remote", {}) if place.dvc_config else {}
    found = [f"{name}: {key}" for name, remote in remotes.items() for key in SECRET if key in remote]
    if not found:
        return None
    way_out = (
        "Withdraw the key, since Git's history has it; put the new one into .dvc/config.local: "
        "`dvc remote modify --local storage ...`"
    )
    return fault(f".dvc/config, which Git keeps, holds {', '.join(found)}", way_out)


def check_verify(place: Place) -> Finding | None:
    """Is what DVC pulls hashed again?"""
    name, remote = _remote(place)
    if not remote:
        return None
    if remote.get("verify"):
        return ok("what is pulled is hashed again")
    way_out = f"`dvc remote modify {name} verify true`"
    return warning("verify is off: an object that is damaged in the store gets into training", way_out)


def check_reading(place: Place) -> Finding | None:
    """Does the store answer, and give what is asked for?"""
    remote = connected_remote(place)
    if remote is None:
        return None
    store = _s3(remote)
    if store is None:
        return _check_folder(remote)
    listed = _listed(place, store)
    if listed.error:
        return _failure("listing", listed, store)
    objects = listed.content.get("Contents", [])
    if not objects:
        return ok("reachable, and still empty")
    read = store.read_one(objects[0]["Key"])
    return _failure("reading", read, store) if read.error else ok("reachable and readable")


def check_writing(place: Place) -> Finding | None:
    """Does the store take a file of a few bytes? Only where that is asked for."""
    remote = connected_remote(place)
    store = _s3(remote) if remote and place.write else None
    if store is None:
        return None
    written = store.write_one()
    return _failure("writing", written, store) if written.error else ok("takes files")


def check_clock(place: Place) -> Finding | None:
    """Does this machine have the time of the store?"""
    remote = connected_remote(place)
    store = _s3(remote) if remote else None
    ahead = seconds_ahead(_listed(place, store).date, datetime.datetime.now(datetime.UTC)) if store else None
    if ahead is None:
        return None
    if abs(ahead) < CLOCK_OFF:
        return ok("that of the store")
    what = f"{format_seconds(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'} that of the store"
    way_out = "Set the clock: `sudo timedatectl set-ntp true`."
    return fault(what, way_out) if abs(ahead) >= CLOCK_WRONG else warning(what, way_out)


def check_credentials(place: Place) -> Finding | None:
    """Whose are the credentials, and where are they from?"""
    remote = connected_remote(place)
    store = _s3(remote) if remote else None
    if store is None or (remote or {}).get("allow_anonymous_login"):
        return None
    try:
        source = store.key_source()
    except Exception as error:  # a profile that is not there, a program that lends keys and fails, a broken file
        known = explain(str(error))
        return fault(f"credentials cannot be found: {error}", known.way_out if known else "`aws configure list`")
    if source is None:
        return fault("none on this machine", "`aws configure`, or `export AWS_PROFILE=...`")
    shadowed = source == "the environment" and os.environ.get("AWS_PROFILE")
    also = f"; AWS_PROFILE={shadowed} does not count then" if shadowed else ""
    answer = store.who()
    if answer.error:
        if store.endpoint:  # few of the other stores have this service
            return ok(f"from {source}; the store does not say whose they are{also}")
        return _failure("asking whose the credentials are", answer, store)
    return ok(f"{answer.content.get('Arn', 'unknown')}, from {source}{also}")


def check_complete(place: Place) -> Finding | None:
    """Does the remote have all that the lock names?"""
    remote = connected_remote(place)
    if remote is None:
        return None
    store = _s3(remote)
    if store is not None and _listed(place, store).error:
        return None  # said above, and DVC would try for minutes
    missing = not_in_remote(place.root, SECONDS)
    if not missing:
        return ok("the remote has all outputs of dvc.lock and the .dvc files")
    shown = ", ".join(missing[:SHOWN]) + (", ..." if len(missing) > SHOWN else "")
    what = f"missing-files: the remote lacks {len(missing)} outputs: {shown}"
    return warning(what, "`dvc push`, by whoever has them in the cache; the hook of pre-commit does it at `git push`.")


def _failure(action: str, answer: Answer, store: S3Store) -> Finding:
    """Return a fault with what was said, what it means, and the way out."""
    known = explain(answer.error)
    if known is None:
        return fault(f"{action} s3://{store.bucket}/{store.prefix}: {answer.error}", "docs/s3.md")
    return fault(f"{known.meaning} ({action} s3://{store.bucket}/{store.prefix}: {answer.error})", known.way_out)


def _check_folder(remote: Mapping[str, Any]) -> Finding:
    """Look at a remote that is a folder; of other kinds only DVC knows more."""
    url = str(remote.get("url", ""))
    scheme = urlsplit(url).scheme
    if len(scheme) > 1:  # one letter is a drive of Windows
        return ok(f"not asked: a remote of the kind {scheme}")
    if not Path(url).is_dir():
        return fault(f"{url}: no such folder", "Mount it, or `mkdir` it.")
    return (
        ok("reachable and readable") if os.access(url, os.R_OK) else fault(f"{url} cannot be read", f"`ls -ld {url}`")
    )


def _remote(place: Place) -> tuple[str, Mapping[str, Any]]:
    """Return the default remote by name and options; no options where there is none."""
    name = str(place.dvc_config.get("core", {}).get("remote", ""))
    return name, place.dvc_config.get("remote", {}).get(name, {})


def connected_remote(place: Place) -> Mapping[str, Any] | None:
    """Return the options of the default remote, None for none and for that of the template."""
    _, remote = _remote(place)
    return remote if remote and not _is_placeholder(remote) else None


def _is_placeholder(remote: Mapping[str, Any]) -> bool:
    return str(remote.get("url", "")).rstrip("/") == PLACEHOLDER


def _s3(remote: Mapping[str, Any]) -> S3Store | None:
    return S3Store(remote) if str(remote.get("url", "")).startswith("s3://") else None


def _listed(place: Place, store: S3Store) -> Answer:
    """List, once for all checks."""
    return place.once("listed", store.list_one)


CHECKS = {
    "address": check_address,
    "secrets": check_secrets,
    "verify": check_verify,
    "credentials": check_credentials,
    "store": check_reading,
    "writing": check_writing,
    "clock": check_clock,
    "complete": check_complete,
}
