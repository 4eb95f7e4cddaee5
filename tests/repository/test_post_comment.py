"""The report is one comment of a pull request, whoever else comments; posted with the real gh."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import post_comment
from github_api import BOT, NEW, REPOSITORY
from github_server import serving
from needs import needs_gh

pytestmark = needs_gh
CML = '![](https://cml.dev/watermark.png#0123abc "CML watermark Specimen report")'


def post(folder: Path, text: str, *there: tuple[str, str], token: str | None = None, status: int = 0) -> Any:
    """Post a report where these comments are, each of somebody; return the texts of all comments, or what was said."""
    comments = [{"id": n, "user": {"login": author}, "body": body} for n, (author, body) in enumerate(there, 1)]
    state = folder / "github.json"
    state.write_text(json.dumps(NEW | {"comments": comments}))
    (folder / "comment.md").write_text(text)
    command = [sys.executable, post_comment.__file__, "7", str(folder / "comment.md")]
    with serving(state) as variables:
        env = variables | {"GH_REPO": REPOSITORY, "PATH": os.environ["PATH"]}
        env |= {} if token is None else {"GH_TOKEN": token}
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == status, done.stderr
    return done.stderr if status else [one["body"] for one in json.loads(state.read_text())["comments"]]


def test_the_next_report_takes_the_place_of_the_last(tmp_path: Path) -> None:
    first = post(tmp_path, "better\n")
    assert first == [f"better\n\n{post_comment.MARK}"]
    assert post(tmp_path, "worse\n", (BOT, first[0])) == [f"worse\n\n{post_comment.MARK}"]


def test_comments_of_others_stay(tmp_path: Path) -> None:
    """Those of other workflows, which have the same author, and of people who quote a report."""
    others = [(BOT, "coverage 90 %"), ("you", f"> better\n\n{post_comment.MARK}"), (BOT, f"{post_comment.MARK}, I say")]
    assert post(tmp_path, "worse", *others)[:-1] == [body for _, body in others]


def test_a_report_that_cml_posted_is_replaced_so_that_cml_finds_it_again(tmp_path: Path) -> None:
    assert post(tmp_path, "worse", (BOT, f"better\n\n{CML}"), (BOT, "coverage")) == [f"worse\n\n{CML}", "coverage"]


def test_what_gh_says_is_one_message(tmp_path: Path) -> None:
    said = post(tmp_path, "worse", token="another", status=2)
    assert said.startswith("error: gh cannot post the comment: gh: Bad credentials (HTTP 401)")
    assert "Traceback" not in said
