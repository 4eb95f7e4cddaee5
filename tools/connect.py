"""Connect this repository with a bucket, and its CI with both: asks, shows the plan, and applies it after a yes.

Run it as often as you like: what is there already stays, and what an interrupted run has left undone is done. It needs
credentials that may make buckets and roles, and for GitHub the program gh.

A store that is not Amazon's (--endpoint-url) has two pairs of keys, one that reads and one that writes. They come from
S3_READ_ACCESS_KEY_ID, S3_READ_SECRET_ACCESS_KEY and the same with WRITE in the environment, or from a prompt that shows
nothing; they become secrets of the repository, and no file has them.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from specimen.common import errors
from specimen.common.errors import SpecimenError
from specimen.connecting.dvc_remote import read_remote
from specimen.connecting.gitlab import Project, parse_project
from specimen.connecting.plan import apply_steps, missing_steps, render_plan, render_undo, steps_to_undo, undo_steps
from specimen.connecting.setup import Connection, Wish, connection_of
from specimen.connecting.store import Store, parse_store
from specimen.versioning.git_commands import ask_git
from specimen.versioning.remote_config import PLACEHOLDER

DEFAULT_REGION = "us-east-1"
ORIGIN = re.compile(r"(?:https://|ssh://)?(?:[^/@]*@)?(?P<host>[\w.-]+)(?::\d+)?[:/](?P<path>[^/].*?)(?:\.git)?/?")
"""An address of a repository of Git: `https://HOST/PATH`, `git@HOST:PATH`, with a user, port and `.git` or without."""


def main() -> None:
    """Ask for what no flag says, show the plan, and apply it or take it back."""
    options = parse_options()
    root = Path.cwd()
    connection = connection_of(root, _wish(root, options))
    print("\n".join(connection.facts))
    if options.undo:
        _undo(connection, options)
    else:
        _connect(connection, options)


def _connect(connection: Connection, options: argparse.Namespace) -> None:
    missing = missing_steps(connection.steps)
    print(f"\n{render_plan(connection.steps, missing)}\n")
    if not missing:
        print("\n".join(["Nothing to do: all of this is there.", *connection.by_hand]))
        return
    if _agreed(f"Do what is missing ({len(missing)} of {len(connection.steps)})?", options):
        apply_steps(missing, _say)
        print("\n" + "\n".join(connection.next_steps + connection.by_hand))


def _undo(connection: Connection, options: argparse.Namespace) -> None:
    undone = steps_to_undo(connection.steps)
    print(f"\n{render_undo(connection.steps, undone)}\n")
    if not undone:
        print("Nothing to take back.")
        return
    if _agreed(f"Take back what goes ({len(undone)})? The bucket and its content stay.", options):
        undo_steps(undone, _say)


def _agreed(question: str, options: argparse.Namespace) -> bool:
    """Return whether to go on: not after `--plan`, which says so. Raises `SpecimenError` for every answer but yes."""
    if options.plan:
        print("Nothing was changed: this was the plan.")
        return False
    if options.yes:
        return True
    if not sys.stdin.isatty():
        raise SpecimenError("nobody is here to answer; --yes applies the plan, --plan shows it.")
    if _input(f"{question} [y/N] ").lower() not in ("y", "yes"):
        raise SpecimenError("nothing was changed.")
    return True


def _say(line: str) -> None:
    print(line, flush=True)


def _wish(root: Path, options: argparse.Namespace) -> Wish:
    known = read_remote(root)[1]
    github, gitlab = _places(root, options)
    return Wish(
        store=_store(options, known),
        github=github,
        gitlab=gitlab,
        profile=options.profile,
        reviewers=tuple(options.reviewer),
        reviewed=not options.no_reviewers,
        read_key_may_write=options.read_key_may_write,
        new_keys=options.new_keys,
    )


def _store(options: argparse.Namespace, known: dict[str, str]) -> Store:
    url = known.get("url", PLACEHOLDER)
    connected = url != PLACEHOLDER
    url = options.url or (url if connected else _ask("Address of the bucket, s3://BUCKET/PREFIX", "--url"))
    endpoint = options.endpoint_url or (known.get("endpointurl") if not options.url else None)
    region = options.region or known.get("region")
    if not region:
        region = DEFAULT_REGION if endpoint else _ask("Region of the bucket, such as eu-central-1", "--region")
    return parse_store(url, region, endpoint)


def _ask(question: str, flag: str) -> str:
    if not sys.stdin.isatty():
        raise SpecimenError(f"{flag} is missing, and nobody is here to answer.")
    return _input(f"{question}: ")


def _input(question: str) -> str:
    """Return an answer; that of Ctrl-D is none."""
    try:
        return input(question).strip()
    except EOFError:
        return ""


def _places(root: Path, options: argparse.Namespace) -> tuple[str | None, Project | None]:
    """Return the repository on GitHub, or the project on GitLab, that a flag names or that origin is."""
    if options.github is not None:
        return options.github, None
    if options.gitlab is not None:
        return None, parse_project(options.gitlab)
    # With and without what `url.*.insteadOf` makes of it: a short name becomes an address, an address a mirror.
    for question in (("remote", "get-url", "origin"), ("config", "remote.origin.url")):
        origin = ORIGIN.fullmatch(ask_git(root, *question))
        if origin is not None and origin["host"] == "github.com":
            return origin["path"], None
        if origin is not None and "gitlab" in origin["host"]:
            return None, Project(origin["host"], origin["path"])
    return None, None


def parse_options() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", metavar="s3://BUCKET/PREFIX", help="where the data go; default: what .dvc/config says")
    parser.add_argument("--region", help="region of the bucket")
    parser.add_argument("--endpoint-url", metavar="URL", help="address of a store that is not Amazon's")
    parser.add_argument("--github", type=_repository, metavar="OWNER/NAME", help="default: where origin is")
    parser.add_argument("--gitlab", metavar="GROUP/NAME", help="the same for GitLab; elsewhere its whole address")
    parser.add_argument("--profile", help="profile of the AWS tools whose credentials set all this up")
    parser.add_argument(
        "--reviewer", action="append", default=[], metavar="LOGIN", help="who lets trainings write; default: you"
    )
    parser.add_argument("--no-reviewers", action="store_true", help="let every branch write to the bucket")
    parser.add_argument("--new-keys", action="store_true", help="of another store: replace the keys that GitHub has")
    parser.add_argument(
        "--read-key-may-write", action="store_true", help="of another store: accept a key for reading that writes, too"
    )
    parser.add_argument("--plan", action="store_true", help="show the plan and change nothing")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--undo", action="store_true", help="take back what this has made, but the bucket")
    return parser.parse_args()


def _repository(text: str) -> str:
    owner, slash, name = text.partition("/")
    if not (owner and slash and name) or "/" in name:
        raise argparse.ArgumentTypeError(f"'{text}' is not OWNER/NAME")
    return text


if __name__ == "__main__":
    errors.run_cli(main)
