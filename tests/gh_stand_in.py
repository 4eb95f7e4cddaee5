"""A `gh` for tests that need not start the real one: it asks the same `github_api`, and notes its arguments.

What it says and how it ends are those of gh 2: the body of an answer on stdout, `gh: Not Found (HTTP 404)` on stderr.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from github_api import NEW, REPOSITORY, RefusedError, answer, delete_secret, secrets_of

SCRIPT = """#!{python}
import sys
sys.path.insert(0, {folder!r})
import gh_stand_in
gh_stand_in.main({state!r})
"""


def put_gh(folder: Path, state: Path, **known: Any) -> None:
    """Put the stand-in into a folder of programs, with a fresh repository and what else it knows."""
    state.write_text(json.dumps(NEW | known))
    folder.mkdir(exist_ok=True)
    script = folder / "gh"
    script.write_text(SCRIPT.format(python=sys.executable, folder=str(Path(__file__).parent), state=str(state)))
    script.chmod(0o755)


def main(path: str) -> None:
    """Do what the arguments say, with the repository in this file."""
    arguments = sys.argv[1:]
    known = json.loads(Path(path).read_text())
    known["calls"].append(arguments)
    try:
        COMMANDS[arguments[0]](known, arguments[1:])
    except RefusedError as error:
        print(json.dumps({"message": str(error), "status": str(error.status)}))
        sys.exit(f"gh: {error} (HTTP {error.status})")
    finally:
        Path(path).write_text(json.dumps(known))


def api(known: dict[str, Any], arguments: list[str]) -> None:
    (path,), options = parse(arguments)
    body = json.loads(sys.stdin.read()) if options.get("--input") == "-" else {}
    said = answer(known, options.get("--method", "GET"), path, body)
    if said is not None:
        print(json.dumps(said))


def secret(known: dict[str, Any], arguments: list[str]) -> None:
    (action, name), options = parse(arguments)
    assert options["--repo"] == REPOSITORY
    place = f"environments/{options['--env']}" if "--env" in options else "actions"
    if action == "set":
        secrets_of(known, place)[name] = sys.stdin.read().removesuffix("\n")
    else:
        delete_secret(known, name, place, {})


COMMANDS = {"api": api, "secret": secret}


def parse(arguments: list[str]) -> tuple[list[str], dict[str, str]]:
    """Return the words, and the options by their names."""
    words, options = [], {}
    left = iter(arguments)
    for argument in left:
        if argument.startswith("--"):
            options[argument] = next(left)
        else:
            words.append(argument)
    return words, options
