"""CI on GitHub: may it read the bucket, who may start a training, and do the workflows run?"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from specimen.connecting.cli_program import RefusedError
from specimen.connecting.github import ENVIRONMENT, GH
from specimen.connecting.keys import NAMES
from specimen.doctor.findings import Check, Finding, ok, warning
from specimen.doctor.github import Repository, find_repository
from specimen.doctor.place import Place
from specimen.doctor.remote import CONNECT, connected_remote
from specimen.versioning.git_commands import ask_git

ROLES = ("AWS_READ_ROLE", "AWS_WRITE_ROLE")
REGION = "AWS_REGION"
WORKFLOWS = Path(".github/workflows")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/.+")


def check_github(place: Place) -> Finding | None:
    """Is this a clone of a repository on GitHub, and may we ask?"""
    found = _look(place)
    if not isinstance(found, Repository):
        return found
    return ok(f"{found.name}, {'private' if found.private else 'public'}, default branch {found.branch}")


def _asks(check: Callable[[Place, Repository], Finding | None]) -> Check:
    """Make a check of one that asks about a repository on GitHub; what GitHub refuses to say is a warning."""

    def ask(place: Place) -> Finding | None:
        repository = _look(place)
        if not isinstance(repository, Repository):  # `check_github` says why
            return None
        try:
            return check(place, repository)
        except RefusedError as error:
            way_out = "`gh auth status` says what your token may do; some answers are for administrators alone."
            return warning(f"cannot be read: {error}", way_out)

    return ask


def check_variables(place: Place, repository: Repository) -> Finding | None:
    """Do the workflows know how to get at the bucket?"""
    remote = connected_remote(place)
    if remote is None:  # without a bucket they have nothing to know
        return None
    values = _variables(repository)
    if remote.get("endpointurl") and not values.keys() & set(ROLES):
        return _check_keys(repository)
    fault = _wrong_variables(values, remote.get("region"))
    return warning(fault, CONNECT) if fault else ok(", ".join((*ROLES, REGION)))


def _wrong_variables(values: Mapping[str, str], region: str | None) -> str:
    """Return what is wrong with the variables, nothing where they can work."""
    missing = [name for name in (*ROLES, REGION) if name not in values]
    if missing:
        return f"no variable {', '.join(missing)}: workflows that need it cannot get at the bucket"
    read, write = (values[name] for name in ROLES)
    wrong = [name for name in ROLES if not _ROLE.fullmatch(values[name])]
    if wrong:
        return f"{wrong[0]} is not the ARN of a role: {values[wrong[0]]}"
    if read == write:
        return f"{' and '.join(ROLES)} are one role: a pull request could write to the bucket"
    if region and region != values[REGION]:
        return f"{REGION} is {values[REGION]}, but DVC's remote says {region}"
    return ""


def _check_keys(repository: Repository) -> Finding:
    """Look for the keys of a store that lends no roles among the secrets, of which GitHub shows the names alone."""
    own = _secrets(repository, "actions")
    guarded = _secrets(repository, f"environments/{ENVIRONMENT}")
    missing = [*sorted(set(NAMES["read"]) - own), *sorted(set(NAMES["write"]) - guarded - own)]
    if missing:
        return warning(f"no secret {', '.join(missing)}: workflows that need it cannot get at the store", CONNECT)
    if set(NAMES["write"]) & own:
        what = f"the key that writes is a secret of the repository, and not of the environment {ENVIRONMENT}"
        return warning(f"{what}: whoever can push a branch can write to the store", CONNECT)
    return ok(f"secrets {', '.join([*NAMES['read'], *NAMES['write']])}")


def _secrets(repository: Repository, place: str) -> set[str]:
    try:
        return {secret["name"] for secret in repository.get(f"{place}/secrets?per_page=100")["secrets"]}
    except RefusedError as error:
        if not error.not_found:
            raise
        return set()


def check_environment(place: Place, repository: Repository) -> Finding:
    """Does somebody look at a run before it may write to the bucket?"""
    try:
        found = repository.get(f"environments/{ENVIRONMENT}")
    except RefusedError as error:
        if not error.not_found:
            raise
        what = f"there is no environment '{ENVIRONMENT}'; GitHub makes it, open to all, at the first run"
        return warning(what, CONNECT)
    rules = [rule for rule in found.get("protection_rules", []) if rule.get("type") == "required_reviewers"]
    reviewers = [_reviewer(entry) for rule in rules for entry in rule.get("reviewers", [])]
    if reviewers:
        return ok(f"{ENVIRONMENT}, reviewed by {', '.join(reviewers)}")
    what = f"{ENVIRONMENT} has no required reviewers: whoever can push a branch can write to the bucket"
    return warning(what, CONNECT)


def check_branch(place: Place, repository: Repository) -> Finding | None:
    """Does the default branch change by pull requests alone?"""
    branch = repository.branch
    if not branch:  # nothing was pushed yet
        return None
    if repository.get(f"branches/{branch}").get("protected") or repository.get(f"rules/branches/{branch}"):
        return ok(f"{branch} is protected")
    way_out = "Settings, Rules, Rulesets: require a pull request, and the checks `check` and `report`."
    return warning(f"{branch} is not protected: a push changes it without a report", way_out)


def check_workflows(place: Place, repository: Repository) -> Finding | None:
    """Are the workflows of this repository switched on?"""
    here = {f"{WORKFLOWS.as_posix()}/{path.name}" for path in (place.root / WORKFLOWS).glob("*.yml")}
    if not here:
        return None
    listed = repository.get("actions/workflows?per_page=100")["workflows"]
    states = {workflow["path"]: workflow["state"] for workflow in listed}
    off = {Path(path).name: states[path] for path in sorted(here & states.keys()) if states[path] != "active"}
    if off:
        shown = ", ".join(f"{name} ({state})" for name, state in off.items())
        return warning(f"switched off: {shown}", f"`gh workflow enable {next(iter(off))}`; in a fork the tab Actions")
    absent = sorted(Path(path).name for path in here - states.keys())
    if absent:
        return warning(f"GitHub does not know {', '.join(absent)}", f"Push them to {repository.branch}.")
    return ok(f"{len(here)} workflows are active")


def _reviewer(entry: Mapping[str, Any]) -> str:
    reviewer = entry.get("reviewer", {})
    return str(reviewer.get("login") or reviewer.get("slug") or reviewer.get("id"))


def _variables(repository: Repository) -> dict[str, str]:
    """Return the variables that workflows see: those of the repository, and those that its organisation shares."""
    values: dict[str, str] = {}
    for path in ("actions/organization-variables?per_page=100", "actions/variables?per_page=100"):
        try:
            answer = repository.get(path)
        except RefusedError:
            if "organization" not in path:  # a person's repository has none of an organisation
                raise
            continue
        values |= {entry["name"]: entry["value"] for entry in answer["variables"]}
    return values


def _look(place: Place) -> Repository | Finding | None:
    return place.once("github", lambda: _find(place))


def _find(place: Place) -> Repository | Finding | None:
    """Return the repository on GitHub, or why there is none to ask; None outside of Git."""
    if not ask_git(place.root, "rev-parse", "--git-dir"):
        return None
    address = ask_git(place.root, "remote", "get-url", "origin")
    if not address:
        return warning("Git has no remote `origin`, so no CI looks at changes", "`git remote add origin ADDRESS`")
    if "gitlab" in address.lower():
        return ok("origin is on GitLab, whose CI is not examined (docs/teams.md)")
    if not GH.is_there():
        return warning("not examined: `gh` is not installed", "https://cli.github.com, then `gh auth login`")
    try:
        return find_repository(place.root)
    except RefusedError as error:
        return warning(f"not examined: {error}", "`gh auth login`; `gh repo set-default` chooses among remotes.")


CHECKS = {
    "GitHub": check_github,
    "variables": _asks(check_variables),
    "environment": _asks(check_environment),
    "default branch": _asks(check_branch),
    "workflows": _asks(check_workflows),
}
