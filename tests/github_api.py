"""GitHub's API on this machine, as far as `gh` asks for it: one repository, kept in a JSON file.

The real gh asks it through `github_server`, the stand-in for gh as it is.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any

REPOSITORY = "You/Plants"
PREFIX = "repo:You@11/Plants@22"
NEW: dict[str, Any] = {
    "admin": True, "private": False, "reviews": True, "sub": {"use_default": True, "sub_claim_prefix": PREFIX},
    "variables": {}, "secrets": {}, "environments": {}, "env_secrets": {}, "pages": {}, "pulls": [], "comments": [],
    "calls": [],
}  # fmt: skip
"""`pages` are further answers, by their path below the repository; `calls` are the arguments of the stand-in for gh."""
USERS = {"you": 11, "me": 12}
BOT = "github-actions[bot]"


class RefusedError(Exception):
    """GitHub's answer is another status than 200."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def answer(known: dict[str, Any], method: str, path: str, body: Mapping[str, Any]) -> Any:
    """Return what GitHub answers, and keep what it is told. Raises `RefusedError`."""
    path = re.sub(rf"^repos/{REPOSITORY}", "here", path.partition("?")[0], flags=re.IGNORECASE)
    if method == "GET" and path.endswith("/secrets/public-key"):
        return public_key()
    if method == "GET":
        return get(known, path)
    change = next((do for pattern, do in CHANGES.items() if re.fullmatch(pattern, f"{method} {path}")), None)
    if change is None:
        raise RefusedError(404, "Not Found")
    return change(known, path.rpartition("/")[2], path, body)


def get(known: dict[str, Any], path: str) -> Any:
    permissions = {"admin": known["admin"]}
    facts = {
        "user": {"login": "you", "id": USERS["you"]},
        "here": {"full_name": REPOSITORY, "private": known["private"], "permissions": permissions},
        "here/actions/oidc/customization/sub": known["sub"],
        **{f"users/{login}": {"login": login, "id": number} for login, number in USERS.items()},
        **{f"here/{page}": content for page, content in known["pages"].items()},
        "here/issues/7/comments": known["comments"],
    }
    for name, value in known["variables"].items():
        facts[f"here/actions/variables/{name}"] = {"name": name, "value": value}
    for name in known["secrets"]:
        facts[f"here/actions/secrets/{name}"] = {"name": name}
    for name, environment in known["environments"].items():
        address = f"here/environments/{name}"
        secrets = [{"name": secret} for secret in known["env_secrets"].get(name, {})]
        facts |= {address: environment, f"{address}/secrets": {"secrets": secrets}}
        facts |= {f"{address}/secrets/{secret['name']}": secret for secret in secrets}
        facts[f"{address}/variables"] = {"variables": []}
    if path not in facts:
        raise RefusedError(404, "Not Found")
    return facts[path]


def put_environment(known: dict[str, Any], name: str, path: str, body: Mapping[str, Any]) -> Any:
    if body["reviewers"] and not known["reviews"]:
        message = "Failed to create the environment protection rule. Please ensure the billing plan"
        raise RefusedError(422, message)
    rules: list[dict[str, Any]] = []
    if body["wait_timer"]:
        rules.append({"type": "wait_timer", "wait_timer": body["wait_timer"]})
    if body["reviewers"]:
        reviewers = [{"type": "User", "reviewer": {"id": one["id"]}} for one in body["reviewers"]]
        own = {"prevent_self_review": body["prevent_self_review"], "reviewers": reviewers}
        rules.append({"type": "required_reviewers"} | own)
    policy = body["deployment_branch_policy"]
    known["environments"][name] = {"name": name, "protection_rules": rules, "deployment_branch_policy": policy}
    return known["environments"][name]


def delete_environment(known: dict[str, Any], name: str, path: str, body: Mapping[str, Any]) -> None:
    known["env_secrets"].pop(name, None)
    known["environments"].pop(name)


def make_variable(known: dict[str, Any], name: str, path: str, body: Mapping[str, Any]) -> None:
    if body["name"] in known["variables"]:
        raise RefusedError(409, "Already exists")
    known["variables"][body["name"]] = body["value"]


def change_variable(known: dict[str, Any], name: str, path: str, body: Mapping[str, Any]) -> None:
    if name not in known["variables"]:
        raise RefusedError(404, "Not Found")
    known["variables"][name] = body["value"]


def delete_variable(known: dict[str, Any], name: str, path: str, body: Mapping[str, Any]) -> None:
    del known["variables"][name]


def put_secret(known: dict[str, Any], name: str, path: str, body: Mapping[str, Any]) -> None:
    """Keep a secret, which comes in a box that GitHub's key opens."""
    from nacl.public import SealedBox

    box = base64.b64decode(body["encrypted_value"])
    secrets_of(known, path)[name] = SealedBox(_private_key()).decrypt(box).decode()


def delete_secret(known: dict[str, Any], name: str, path: str, body: Mapping[str, Any]) -> None:
    del secrets_of(known, path)[name]


def secrets_of(known: dict[str, Any], path: str) -> dict[str, str]:
    """Return the secrets of the repository, or of the environment in the path."""
    in_environment = re.search("environments/([^/]+)", path)
    if in_environment is None:
        secrets: dict[str, str] = known["secrets"]
    elif in_environment[1] in known["environments"]:
        secrets = known["env_secrets"].setdefault(in_environment[1], {})
    else:
        raise RefusedError(404, "Not Found")
    return secrets


def _private_key() -> Any:
    from nacl.public import PrivateKey

    return PrivateKey(b"key of the stand-in for GitHub. ")


def public_key() -> dict[str, str]:
    return {"key_id": "1", "key": base64.b64encode(bytes(_private_key().public_key)).decode()}


def make_comment(known: dict[str, Any], name: str, path: str, body: Mapping[str, Any]) -> Any:
    number = len(known["comments"]) + 1
    address = f"https://github.com/{REPOSITORY}/pull/7#issuecomment-{number}"
    known["comments"].append({"id": number, "user": {"login": BOT}, "body": body["body"], "html_url": address})
    return known["comments"][-1]


def change_comment(known: dict[str, Any], name: str, path: str, body: Mapping[str, Any]) -> Any:
    [comment] = [one for one in known["comments"] if one["id"] == int(name)]
    comment["body"] = body["body"]
    return comment


def graphql(known: dict[str, Any], name: str, path: str, body: Mapping[str, Any]) -> Any:
    """Answer what `gh pr create` asks: which repository this is, and to make a pull request."""
    if "createPullRequest" in body["query"]:
        asked = body["variables"]["input"]
        known["pulls"].append({key: asked[key] for key in ("headRefName", "baseRefName", "title")})
        pull = {"id": "PR_7", "number": 7, "url": f"https://github.com/{REPOSITORY}/pull/7"}
        return {"data": {"createPullRequest": {"pullRequest": pull}}}
    owner, short = REPOSITORY.split("/")
    repository = {
        "id": "R_1", "name": short, "owner": {"id": "U_1", "login": owner}, "nameWithOwner": REPOSITORY,
        "defaultBranchRef": {"name": "main"}, "isPrivate": known["private"], "viewerPermission": "ADMIN",
        "parent": None, "pullRequests": {"nodes": []},
    }  # fmt: skip
    names = re.findall(r"(?:(\w+): )?repository\(", body["query"])
    return {"data": {"viewer": {"login": "you"}} | {name or "repository": repository for name in names}}


CHANGES: dict[str, Callable[[dict[str, Any], str, str, Mapping[str, Any]], Any]] = {
    "PUT here/environments/[^/]+": put_environment,
    "DELETE here/environments/[^/]+": delete_environment,
    "POST here/actions/variables": make_variable,
    "PATCH here/actions/variables/.+": change_variable,
    "DELETE here/actions/variables/.+": delete_variable,
    "PUT here/(actions|environments/[^/]+)/secrets/.+": put_secret,
    "DELETE here/(actions|environments/[^/]+)/secrets/.+": delete_secret,
    "POST here/issues/7/comments": make_comment,
    "PATCH here/issues/comments/.+": change_comment,
    "POST graphql": graphql,
}
