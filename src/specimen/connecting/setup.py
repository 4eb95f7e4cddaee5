"""From what somebody wishes to the steps that make it so."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from specimen.connecting.aws import Account, open_account
from specimen.connecting.bucket import bucket_steps
from specimen.connecting.dvc_remote import remote_step
from specimen.connecting.github import (
    ENVIRONMENT,
    Repository,
    environment_step,
    find_repository,
    find_reviewers,
    variable_step,
)
from specimen.connecting.plan import Step
from specimen.connecting.roles import Lending, provider_step, role_steps
from specimen.connecting.store import Store


@dataclass(frozen=True)
class Wish:
    """What somebody wants to be connected."""

    store: Store
    github: str | None
    """OWNER/NAME."""
    profile: str | None = None
    reviewers: tuple[str, ...] = ()
    reviewed: bool = True


@dataclass(frozen=True)
class Connection:
    """The steps, and what to say before and after them."""

    facts: list[str]
    steps: list[Step]
    next_steps: list[str]


def connection_of(root: Path, wish: Wish) -> Connection:
    """Ask the services who is who, and return the steps; nothing is changed. Raises `SpecimenError`."""
    store = wish.store
    account = open_account(wish.profile, store.region)
    facts = [f"AWS account {account.number}, as {account.caller}"]
    steps = [*bucket_steps(account.s3, store), remote_step(root, store)]
    if wish.github is None:
        facts.append("No repository on GitHub (origin is elsewhere, no --github): the bucket alone is set up.")
        return Connection(facts, steps, _next_steps(store))
    repository = find_repository(wish.github)
    facts.append(f"GitHub: {repository.name}, whose workflows are {repository.subject}:...")
    reviewers = find_reviewers(wish.reviewers) if wish.reviewed else {}
    steps.append(environment_step(repository, reviewers))  # before there is a role that it protects
    steps += _aws_roles(account, store, repository)
    return Connection(facts, steps, _next_steps(store))


def _aws_roles(account: Account, store: Store, repository: Repository) -> list[Step]:
    lending = Lending(account, repository.name, repository.subject, ENVIRONMENT)
    read, write = (lending.role(kind, store) for kind in ("read", "write"))
    variables = {"AWS_REGION": store.region, "AWS_READ_ROLE": read.arn, "AWS_WRITE_ROLE": write.arn}
    return [
        provider_step(lending),
        *role_steps(lending, read),
        *role_steps(lending, write),
        *(variable_step(repository, name, value) for name, value in variables.items()),
    ]


def _next_steps(store: Store) -> list[str]:
    return [
        "Next:",
        "  git add .dvc/config && git commit -m 'Data in our bucket' && git push",
        f"  dvc push    sends data and models to {store.url}",
        "  A pull request then gets its report as a comment.",
    ]
