"""What GitHub must know: the environment `train` with its reviewers, and variables or secrets; all through `gh`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from specimen.common.errors import SpecimenError
from specimen.connecting.cli_program import Program, RefusedError
from specimen.connecting.keys import NAMES, Keys
from specimen.connecting.plan import Step

GH = Program("gh", "https://cli.github.com has it; then `gh auth login`.")
ENVIRONMENT = "train"
"""Where train.yml and cloud.yml run."""
Answer = dict[str, Any]


@dataclass(frozen=True)
class Repository:
    """A repository on GitHub, as GitHub knows it."""

    name: str
    """OWNER/NAME, in GitHub's own spelling: AWS compares it letter by letter."""
    private: bool
    subject: str
    """What the subject of its OIDC tokens begins with."""

    def path(self, *parts: str) -> str:
        """Return a path of GitHub's API."""
        return "/".join(["repos", self.name, *parts])


def find_repository(name: str) -> Repository:
    """Ask GitHub for a repository that its user administers. Raises `SpecimenError`."""
    answer = _find(f"repos/{name}")
    if answer is None:
        raise SpecimenError(f"--github: GitHub does not know {name}, or does not show it to you. Write OWNER/NAME.")
    if not answer.get("permissions", {}).get("admin"):
        raise SpecimenError(
            f"--github: you do not administer {name}, so you may not set its variables. Its owner runs `make connect`, "
            "or `gh auth login` takes another account."
        )
    full_name = str(answer["full_name"])
    return Repository(full_name, bool(answer.get("private")), _subject(full_name))


def _subject(name: str) -> str:
    """Return what the subject of tokens begins with; of a repository made since July 2026, it has ids in it.

    Raises `SpecimenError` where the repository has a subject of its own.
    """
    answer = _find(f"repos/{name}/actions/oidc/customization/sub") or {}
    if answer.get("use_default", True) is not True:
        claims = ", ".join(answer.get("include_claim_keys") or ["?"])
        raise SpecimenError(
            f"{name} gives its OIDC tokens a subject of its own ({claims}), and a role could not "
            "be bound to the environment. Back to the usual one: "
            f"gh api --method PUT repos/{name}/actions/oidc/customization/sub -F use_default=true"
        )
    return str(answer.get("sub_claim_prefix") or f"repo:{name}").rstrip(":")


def find_reviewers(logins: Sequence[str]) -> dict[str, int]:
    """Return the numbers of users by their logins; of the one who is signed in, without any. Raises `SpecimenError`."""
    answers = [_find(f"users/{login}") for login in logins] if logins else [_find("user")]
    unknown = [login for login, answer in zip(logins, answers, strict=False) if answer is None]
    if unknown:
        raise SpecimenError(f"--reviewer: GitHub does not know {', '.join(unknown)}.")
    return {str(answer["login"]): int(answer["id"]) for answer in answers if answer}


def environment_step(repository: Repository, reviewers: Mapping[str, int], secrets: Sequence[str] = ()) -> Step:
    """Return the step for the environment, in which only what a reviewer has seen gets the role or the keys that write.

    `secrets` are the names of those that other steps put into it.
    """
    path = repository.path("environments", ENVIRONMENT)

    def is_done() -> bool:
        return bool(_reviewers(_find(path) or {}))

    def apply() -> None:
        wanted = [{"type": "User", "id": number} for number in reviewers.values()]
        body = _kept(_find(path) or {}) | {"reviewers": wanted}
        try:
            GH.ask("api", "--method", "PUT", path, "--input", "-", stdin=json.dumps(body))
        except RefusedError as error:
            raise SpecimenError(_without_reviewers(error, repository)) from None

    def is_ours() -> bool:
        known = _find(path)
        if known is None or set(_reviewers(known)) != set(reviewers.values()) or _kept(known) != _kept({}):
            return False
        return all(_names(f"{path}/{kind}", kind) <= set(secrets) for kind in ("secrets", "variables"))

    def undo() -> None:
        GH.ask("api", "--method", "DELETE", path)

    name = f"environment {ENVIRONMENT}, reviewed by {', '.join(reviewers)}"
    return Step(name, f"gh api --method PUT {path}", is_done, apply, is_ours, undo)


def _without_reviewers(error: RefusedError, repository: Repository) -> str:
    plan = " A private repository needs GitHub Enterprise for them." if repository.private else ""
    return (
        f"{error} GitHub may not give this repository required reviewers.{plan} --no-reviewers does without: then "
        "everybody who can push a branch can write to the bucket."
    )


def _reviewers(environment: Answer) -> list[int]:
    rules = [rule for rule in environment.get("protection_rules", []) if rule.get("type") == "required_reviewers"]
    return [int(known["reviewer"]["id"]) for rule in rules for known in rule.get("reviewers", [])]


def _kept(environment: Answer) -> Answer:
    """Return the other settings, which a change of the reviewers would set back."""
    rules = {rule.get("type"): rule for rule in environment.get("protection_rules", [])}
    return {
        "wait_timer": rules.get("wait_timer", {}).get("wait_timer", 0),
        "prevent_self_review": rules.get("required_reviewers", {}).get("prevent_self_review", False),
        "deployment_branch_policy": environment.get("deployment_branch_policy"),
    }


def _names(path: str, kind: str) -> set[str]:
    return {entry["name"] for entry in (_find(path) or {}).get(kind, [])}


def variable_step(repository: Repository, name: str, value: str) -> Step:
    """Return the step for a variable, which holds nothing secret."""
    path = repository.path("actions/variables", name)

    def is_done() -> bool:
        return (_find(path) or {}).get("value") == value

    def apply() -> None:  # not by `gh variable`, which the gh of Debian 12 does not have
        method, place = ("POST", repository.path("actions/variables")) if _find(path) is None else ("PATCH", path)
        GH.ask("api", "--method", method, place, "--input", "-", stdin=json.dumps({"name": name, "value": value}))

    def undo() -> None:
        GH.ask("api", "--method", "DELETE", path)

    return Step(f"variable {name} = {value}", f"gh api {path}", is_done, apply, is_done, undo)


def keys_step(repository: Repository, kind: str, keys: Keys, *, guarded: bool, renew: bool) -> Step:
    """Return the step for a pair of keys, as secrets: of the environment where it is guarded, else for all workflows.

    GitHub shows nobody what a secret holds, so those that are there stay, unless `renew` says otherwise.
    """
    place = ("environments", ENVIRONMENT, "secrets") if guarded else ("actions/secrets",)
    options = ("--env", ENVIRONMENT) if guarded else ()

    def existing() -> list[str]:
        return [name for name in NAMES[kind] if _find(repository.path(*place, name)) is not None]

    def apply() -> None:
        for name, value in zip(NAMES[kind], keys.tried(kind), strict=True):
            GH.ask("secret", "set", name, "--repo", repository.name, *options, stdin=value)

    def undo() -> None:
        for name in existing():
            GH.ask("secret", "delete", name, "--repo", repository.name, *options)

    return Step(
        f"secrets {' and '.join(NAMES[kind])}" + (f" of environment {ENVIRONMENT}" if guarded else ""),
        "gh secret set, the values on stdin",
        lambda: len(existing()) == len(NAMES[kind]) and not renew,
        apply,
        lambda: bool(existing()),
        undo,
    )


def _find(path: str) -> Answer | None:
    text = GH.find("api", path)
    return None if text is None else json.loads(text)
