"""A `gh` for tests: knows one repository, and keeps what it is given in a JSON file.

What it says and how it ends are those of gh 2: the body of an answer on stdout, `gh: Not Found (HTTP 404)` on stderr.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

SCRIPT = """#!{python}
import runpy, sys
sys.argv = ["gh", {state!r}, *sys.argv[1:]]
runpy.run_path({code!r}, run_name="__main__")
"""
REPOSITORY = "You/Plants"
PREFIX = "repo:You@11/Plants@22"
NEW: dict[str, Any] = {
    "admin": True, "private": False, "reviews": True, "sub": {"use_default": True, "sub_claim_prefix": PREFIX},
    "variables": {}, "secrets": {}, "environments": {}, "env_secrets": {}, "answers": {}, "comments": [], "calls": [],
}  # fmt: skip
"""`answers` are those to other questions, by path and query."""
USERS = {"you": 11, "me": 12}


def put_gh(folder: Path, state: Path, **known: Any) -> None:
    """Put the stand-in into a folder of programs, with a fresh repository and what else it knows."""
    state.write_text(json.dumps(NEW | known))
    folder.mkdir(exist_ok=True)
    script = folder / "gh"
    script.write_text(SCRIPT.format(python=sys.executable, state=str(state), code=__file__))
    script.chmod(0o755)


def answer(path: str, query: str, *lines: str) -> tuple[str, list[str]]:
    """Return an entry of `answers`."""
    return f"{path} {query}", list(lines)


def main() -> None:
    path, *arguments = sys.argv[1:]
    known = json.loads(Path(path).read_text())
    known["calls"].append(arguments)
    try:
        answer = COMMANDS[arguments[0]](known, arguments[1:])
    finally:
        Path(path).write_text(json.dumps(known))
    if answer is not None:
        print(answer if isinstance(answer, str) else json.dumps(answer))


def api(known: dict[str, Any], arguments: list[str]) -> Any:
    options = options_of(arguments)
    path = re.sub(r"^repos/(\{owner\}/\{repo\}|you/plants)", f"repos/{REPOSITORY}", options["rest"][0], flags=re.I)
    method = options.get("--method", "GET")
    if method == "GET" and (query := options.get("--jq")) is not None:
        answers = known["answers"].get(f"{path.removeprefix(f'repos/{REPOSITORY}/')} {query}")
        return not_found() if answers is None else "\n".join(answers)
    if method == "GET":
        return get(known, path)
    name = path.rpartition("/")[2]
    if method == "PUT":
        return put_environment(known, name, json.loads(sys.stdin.read()))
    known["env_secrets"].pop(name, None)
    known["environments"].pop(name)
    return None


def get(known: dict[str, Any], path: str) -> Any:
    permissions = {"admin": known["admin"]}
    facts = {
        "user": {"login": "you", "id": USERS["you"]},
        f"repos/{REPOSITORY}": {"full_name": REPOSITORY, "private": known["private"], "permissions": permissions},
        f"repos/{REPOSITORY}/actions/oidc/customization/sub": known["sub"],
        **{f"users/{login}": {"login": login, "id": number} for login, number in USERS.items()},
    }
    for name, value in known["variables"].items():
        facts[f"repos/{REPOSITORY}/actions/variables/{name}"] = {"name": name, "value": value}
    for name in known["secrets"]:
        facts[f"repos/{REPOSITORY}/actions/secrets/{name}"] = {"name": name}
    for name, environment in known["environments"].items():
        address = f"repos/{REPOSITORY}/environments/{name}"
        secrets = [{"name": secret} for secret in known["env_secrets"].get(name, {})]
        facts |= {address: environment, f"{address}/secrets": {"secrets": secrets}}
        facts |= {f"{address}/secrets/{secret['name']}": secret for secret in secrets}
        facts[f"{address}/variables"] = {"variables": []}
    return facts[path] if path in facts else not_found()


def put_environment(known: dict[str, Any], name: str, body: dict[str, Any]) -> Any:
    if body["reviewers"] and not known["reviews"]:
        sys.exit("gh: Failed to create the environment protection rule. Please ensure the billing plan (HTTP 422)")
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


def variable(known: dict[str, Any], arguments: list[str]) -> None:
    options = options_of(arguments)
    action, name = options["rest"]
    if action == "set":
        known["variables"][name] = options["--body"]
    else:
        del known["variables"][name]


def secret(known: dict[str, Any], arguments: list[str]) -> None:
    options = options_of(arguments)
    action, name = options["rest"]
    environment = options.get("--env")
    if environment is not None and environment not in known["environments"]:
        sys.exit("gh: Not Found (HTTP 404)")
    secrets = known["secrets"] if environment is None else known["env_secrets"].setdefault(environment, {})
    if action == "set":
        secrets[name] = sys.stdin.read().removesuffix("\n")
    else:
        del secrets[name]


def pr(known: dict[str, Any], arguments: list[str]) -> str | None:
    if arguments == ["create", "--fill"]:
        return f"https://github.com/{REPOSITORY}/pull/7"
    options = options_of([one for one in arguments if one not in ("--edit-last", "--create-if-none")])
    known["comments"].append([options["rest"][1], Path(options["--body-file"]).read_text(encoding="utf-8")])
    return None


COMMANDS = {"api": api, "variable": variable, "secret": secret, "pr": pr}


def options_of(arguments: list[str]) -> dict[str, Any]:
    """Return options by their names, and under `rest` what is none."""
    options: dict[str, Any] = {"rest": []}
    left = iter(arguments)
    for argument in left:
        if argument == "--paginate":
            continue
        if argument.startswith("--"):
            options[argument] = next(left)
        else:
            options["rest"].append(argument)
    return options


def not_found() -> None:
    print('{"message": "Not Found", "status": "404"}')
    sys.exit("gh: Not Found (HTTP 404)")


if __name__ == "__main__":
    main()
