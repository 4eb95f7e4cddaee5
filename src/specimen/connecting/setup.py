"""From what somebody wishes to the steps that make it so."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from specimen.connecting.aws import open_account, open_store
from specimen.connecting.bucket import bucket_steps, exists_step
from specimen.connecting.dvc_remote import read_verify, remote_step
from specimen.connecting.github import (
    ENVIRONMENT,
    Repository,
    environment_step,
    find_repository,
    find_reviewers,
    keys_step,
    variable_step,
)
from specimen.connecting.gitlab import GLAB, Project, printed_list, variable_steps
from specimen.connecting.keys import NAMES, Keys
from specimen.connecting.plan import Step
from specimen.connecting.roles import Lending, provider_step, role_steps
from specimen.connecting.store import Store


@dataclass(frozen=True)
class Wish:
    """What somebody wants to be connected."""

    store: Store
    github: str | None
    """OWNER/NAME."""
    gitlab: Project | None = None
    profile: str | None = None
    reviewers: tuple[str, ...] = ()
    reviewed: bool = True
    read_key_may_write: bool = False
    new_keys: bool = False


@dataclass(frozen=True)
class Connection:
    """The steps, and what to say before and after them."""

    facts: list[str]
    steps: list[Step]
    next_steps: list[str]
    by_hand: list[str] = field(default_factory=list)
    """What is left to somebody, because a program is missing here."""


def connection_of(root: Path, wish: Wish) -> Connection:
    """Ask the services who is who, and return the steps; nothing is changed. Raises `SpecimenError`."""
    if wish.store.endpoint is None:
        return _amazon(root, wish)
    return _other_store(root, wish)


def _amazon(root: Path, wish: Wish) -> Connection:
    """Return the steps for Amazon, which lends GitHub roles."""
    store = wish.store
    account = open_account(wish.profile, store.region)
    facts = [f"AWS account {account.number}, as {account.caller}"]
    steps = [*bucket_steps(account.s3, store), remote_step(root, store)]
    if wish.github is None:
        return _without_github(wish, Keys(store, wish.read_key_may_write), facts, steps)
    repository = find_repository(wish.github)
    facts.append(f"GitHub: {repository.name}, whose workflows are {repository.subject}:...")
    lending = Lending(account, repository.name, repository.subject, ENVIRONMENT)
    read, write = (lending.role(kind, store) for kind in ("read", "write"))
    variables = {"AWS_REGION": store.region, "AWS_READ_ROLE": read.arn, "AWS_WRITE_ROLE": write.arn}
    steps += [
        *_environment(wish, repository),  # before there is a role that it protects
        provider_step(lending),
        *role_steps(lending, read),
        *role_steps(lending, write),
        *(variable_step(repository, name, value) for name, value in variables.items()),
    ]
    return Connection(facts, steps, _next_steps(store))


def _other_store(root: Path, wish: Wish) -> Connection:
    """Return the steps for a store that lends no roles, and so has two pairs of keys."""
    store = wish.store
    keys = Keys(store, wish.read_key_may_write, read_verify(root))
    steps = [exists_step(_client(wish, keys), store), remote_step(root, store)]
    facts = [f"Store {store.endpoint}, which lends no roles: CI gets keys"]
    if wish.github is None:
        return _without_github(wish, keys, facts, steps)
    repository = find_repository(wish.github)
    facts.append(f"GitHub: {repository.name}")
    variables = {"AWS_REGION": store.region, "S3_ENDPOINT_URL": str(store.endpoint)}
    steps += [
        *_environment(wish, repository, NAMES["write"]),
        keys_step(repository, "read", keys, guarded=False, renew=wish.new_keys),
        keys_step(repository, "write", keys, guarded=wish.reviewed, renew=wish.new_keys),
        *(variable_step(repository, name, value) for name, value in variables.items()),
    ]
    return Connection(facts, steps, _next_steps(store))


def _client(wish: Wish, keys: Keys) -> Any:
    """Return a client that may look at the bucket: with the pair that writes, or as the AWS tools of this machine."""
    pair = keys.in_environment("write")
    if pair is None:
        client = open_store(wish.store, keys.verify, profile=wish.profile)
        if client is not None:
            return client
    return keys.client(pair or keys.get("write"))


def _environment(wish: Wish, repository: Repository, secrets: tuple[str, ...] = ()) -> list[Step]:
    """Return the step for the environment; none without reviewers, for not every plan of GitHub has environments."""
    return [environment_step(repository, find_reviewers(wish.reviewers), secrets)] if wish.reviewed else []


def _without_github(wish: Wish, keys: Keys, facts: list[str], steps: list[Step]) -> Connection:
    """Return the steps for a project on GitLab, whose merge requests read, or for the bucket alone."""
    after = _next_steps(wish.store)
    if wish.gitlab is None:
        alone = "No repository on GitHub or GitLab (origin is elsewhere, no --github): the bucket alone is set up."
        return Connection([*facts, alone], steps, after)
    facts = [*facts, f"GitLab: {wish.gitlab.path} on {wish.gitlab.host}, whose merge requests get a key that reads"]
    if not GLAB.is_there():
        return Connection(facts, steps, after, printed_list(wish.gitlab))
    return Connection(facts, [*steps, *variable_steps(wish.gitlab, keys, renew=wish.new_keys)], after)


def _next_steps(store: Store) -> list[str]:
    return [
        "Next:",
        "  git add .dvc/config && git commit -m 'Data in our bucket' && git push",
        f"  dvc push    sends data and models to {store.url}",
        "  A pull request then gets its report as a comment.",
    ]
