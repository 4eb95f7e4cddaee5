"""Turn what a pull request's run has handed over into a comment, with the code of the default branch.

`render_report.py FOLDER` reads FOLDER/report.json and FOLDER/number as data: whoever opens a pull request can put
anything there. It writes FOLDER/comment.md and prints `number=N` for the next step. Needs pydantic and nothing else.
Without FOLDER there is nothing to post, if the run failed: its own red check says why.
"""

import argparse
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from specimen.reporting.claims import Origin, claim_section
from specimen.reporting.comment import render_report
from specimen.reporting.facts.report import ReportFacts
from specimen.reporting.markdown import Section, code, paragraphs, render


class BadReportError(Exception):
    """Nothing must be posted; the message says why."""


LIMIT = 2_000_000
"""Bytes of the facts; those of a thousand classes have half of it."""
MOST_FILES = 300
"""How many files of a comparison GitHub lists."""
NUMBER = re.compile(r"[1-9][0-9]{0,9}")
RUN = re.compile(r"[1-9][0-9]{0,19}")
PAGE = "report.html"
COMMIT = re.compile(r"[0-9a-f]{40}")


def main() -> None:
    """Write the comment and print the number of the pull request; else print one message and end with status 2."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    if not folder.exists() and os.environ.get("CONCLUSION") == "failure":
        print("::notice::The run failed before it could write a report.", file=sys.stderr)
        return
    number = _read(folder / "number", 20).decode("ascii", errors="replace").strip()
    if not NUMBER.fullmatch(number):
        raise BadReportError(f"{folder}/number: {number[:20]!r} is not the number of a pull request.")
    commit = os.environ.get("COMMIT", "")
    _check_commit(number, commit)
    claim = _with_page(claim_section(_origin(number, commit)), os.environ.get("RUN", ""))
    (folder / "comment.md").write_text(_comment(folder / "report.json", claim), encoding="utf-8", newline="\n")
    print(f"number={number}")


def _comment(path: Path, claim: Section) -> str:
    """Return the report, or what is wrong with it: a pull request may change what a report holds."""
    try:
        facts = ReportFacts.model_validate_json(_read(path, LIMIT))
    except ValidationError as error:
        key = ".".join(map(str, error.errors(include_input=False)[0]["loc"])) or "the whole"
        fault = f"**No report here:** {code(key)} is not what a report of the default branch holds."
        return render([claim, Section("", f"{fault} The summary of the workflow's run has what was written.")])
    return render_report(facts, claim)


def _read(path: Path, most: int) -> bytes:
    if path.is_symlink() or not path.is_file():
        raise BadReportError(f"{path}: does not exist, or is not a regular file.")
    if path.stat().st_size > most:
        raise BadReportError(f"{path}: {path.stat().st_size} bytes, at most {most} are accepted.")
    return path.read_bytes()


def _check_commit(number: str, commit: str) -> None:
    """Otherwise a report could be posted on another pull request than the one that made it."""
    if not COMMIT.fullmatch(commit):
        raise BadReportError(f"COMMIT: {commit!r} is not the full hash of a commit; comment.yml sets it.")
    head = _ask(f"pulls/{number}", ".head.sha")
    commits = _ask(f"pulls/{number}/commits?per_page=100", ".[].sha", "--paginate")
    if commit not in {*head, *commits}:
        raise BadReportError(f"pull request {number} does not have commit {commit}, from which the report was made.")


def _origin(number: str, commit: str) -> Origin:
    """Ask GitHub what the commit changes from which the report was made; the word of the pull request does not count.

    Not what the pull request changes by now: a later commit may have taken back what wrote the report.
    """
    (base,) = _ask(f"pulls/{number}", ".base.sha")
    compared = f"compare/{base}...{commit}"
    files = _ask(compared, ".files[] | .filename, (.previous_filename // empty)")
    (count,) = _ask(compared, ".files | length")
    trained = (os.environ.get("WORKFLOW"), os.environ.get("CONCLUSION")) == ("train", "success")
    return Origin(files, int(count) < MOST_FILES, trained)


def _with_page(claim: Section, run: str) -> Section:
    """Add the link to the page with photos that the run has kept, if there is one; its address is GitHub's word."""
    if not RUN.fullmatch(run):
        return claim
    pages = _ask(f"actions/runs/{run}/artifacts?per_page=100", f'.artifacts[] | select(.name == "{PAGE}") | .id')
    if not pages or not RUN.fullmatch(pages[0]):
        return claim
    server, repository = os.environ.get("GITHUB_SERVER_URL", ""), os.environ.get("GITHUB_REPOSITORY", "")
    address = f"{server}/{repository}/actions/runs/{run}/artifacts/{pages[0]}"
    link = f"[Photos and charts]({address}), as this run has drawn them."
    return replace(claim, body=paragraphs(claim.body, link))


def _ask(path: str, query: str, *options: str) -> list[str]:
    """Return what GitHub's API says, one value a line."""
    command = ["gh", "api", f"repos/{{owner}}/{{repo}}/{path}", "--jq", query, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BadReportError(f"gh cannot ask for {path}: {done.stderr.strip()}")
    return done.stdout.splitlines()


if __name__ == "__main__":
    try:
        main()
    except BadReportError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
