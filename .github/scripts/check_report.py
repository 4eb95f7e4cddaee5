"""Check a report that a pull request has made before a workflow with the right to comment posts it.

`check_report.py FOLDER` reads FOLDER/report.md and FOLDER/number as data: whoever opens a pull request can put
anything there. It prints `number=N` for the next step. Needs nothing but Python, for nothing is installed in that job.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path


class BadReportError(Exception):
    """A report must not be posted; the message says why."""


LIMIT = 60_000
"""Characters of a report, and so at most four times as many bytes."""
NUMBER = re.compile(r"[1-9][0-9]{0,9}")
COMMIT = re.compile(r"[0-9a-f]{40}")
FOREIGN = {
    "an HTML tag": re.compile(r"<(?!/?(?:details|summary|code)>)"),
    "a mention or an address": re.compile(r"@"),
    "a link": re.compile(r"\]\s*[(\[:]|://|www\.", re.IGNORECASE),
    "an issue": re.compile(r"(?<![&\w])#\d(?![0-9a-f]{5})"),
    "a control sign": re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]"),
}
"""What `src/report.py` never writes, since it escapes whatever is not its own. Colours of charts look like an issue."""


def main() -> None:
    """Print the number of the pull request if all is well; else print one message and end with status 2."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    number = _read(folder / "number", 20).strip()
    if not NUMBER.fullmatch(number):
        raise BadReportError(f"{folder}/number: {number[:20]!r} is not the number of a pull request.")
    _check(folder / "report.md")
    _check_commit(number, os.environ.get("COMMIT", ""))
    print(f"number={number}")


def _read(path: Path, most: int) -> str:
    if path.is_symlink() or not path.is_file():
        raise BadReportError(f"{path}: does not exist, or is not a regular file.")
    if path.stat().st_size > most:
        raise BadReportError(f"{path}: {path.stat().st_size} bytes, at most {most} are accepted.")
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise BadReportError(f"{path}: is not UTF-8 text.") from None


def _check(path: Path) -> None:
    text = _read(path, 4 * LIMIT)
    if not text.strip() or len(text) > LIMIT:
        raise BadReportError(f"{path}: {len(text)} characters, 1 to {LIMIT} are accepted.")
    for what, pattern in FOREIGN.items():
        if match := pattern.search(text):
            line = text.count("\n", 0, match.start()) + 1
            raise BadReportError(f"{path}: line {line} has {what}, {match[0]!r}, which a report of Specimen never has.")


def _check_commit(number: str, commit: str) -> None:
    """Otherwise a report could be posted on another pull request than the one that made it."""
    if not COMMIT.fullmatch(commit):
        raise BadReportError(f"COMMIT: {commit!r} is not the full hash of a commit; comment.yml sets it.")
    command = ["gh", "pr", "view", number, "--json", "headRefOid,commits"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BadReportError(f"gh cannot see pull request {number}: {done.stderr.strip()}")
    pull_request = json.loads(done.stdout)
    if commit not in {pull_request["headRefOid"], *(entry["oid"] for entry in pull_request["commits"])}:
        raise BadReportError(f"pull request {number} does not have commit {commit}, from which the report was made.")


if __name__ == "__main__":
    try:
        main()
    except BadReportError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
