"""What a pull request could have made up in its own report, from the files that it changes.

Whoever runs code in a workflow writes its report. So the numbers are worth as much as the code that made them: that of
the base, if a pull request changes params and data alone and CI has run them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from specimen.reporting.facts.base import first_names
from specimen.reporting.markdown import Section, code, code_list

READ_ONLY = ("docs", "tests", "bench")
"""Folders that nothing runs when a report is made."""
INPUTS = ("params.yaml",)
"""Files that code reads and does not run. The data are among them, as `*.dvc` and below `data/`."""
RESULTS = ("metrics", "folds", "seeds")
"""Folders with what a run has written, as `dvc.lock` is."""
LISTS = ("folds/folds.yaml", "seeds/seeds.yaml")
"""What `make cv` and `make seeds` have run; no stage of a report does. DVC counts the lists as params."""
OTHER_SEEDS = ("seeds/", "metrics/seeds.json")
"""What `make seeds` writes, and what CI never runs again."""


@dataclass(frozen=True)
class Origin:
    """What the trusted side knows of a pull request."""

    files: Sequence[str]
    """All paths that it changes."""
    complete: bool
    """Whether these are all: a server lists only so many."""
    trained: bool
    """Whether `train.yml` made the report and did not fail: it runs what has changed since the base, whatever the lock
    says."""


def claim_section(origin: Origin) -> Section:
    """Return the first lines of the comment: whose numbers these are."""
    code_names = _shortened(path for path in origin.files if _kind(path) == "code")
    result_names = _shortened(path for path in origin.files if _kind(path) == "result")
    if not origin.complete:
        return Section("", f"**Its own claim:** this pull request changes too many files to list them all. {_WHAT}")
    if code_names:
        changed = code_list(first_names(code_names))
        return Section("", f"**Its own claim:** this pull request changes {changed}, which made this report. {_WHAT}")
    if origin.trained:
        seeds = _shortened(path for path in origin.files if path.startswith(OTHER_SEEDS))
        read = f" Trainings with other seeds ({code_list(first_names(seeds))}) are its own claim." if seeds else ""
        text = "Run in CI by the code of the base, without the run cache: this pull request changes no code."
        return Section("", text + read)
    if result_names:
        changed = code_list(first_names(result_names))
        return Section(
            "",
            f"**Its own claim:** this pull request changes {changed}, so somebody else's machine has made what CI only "
            f"read. The label {code('retrain')} runs it here, for a branch of this repository.",
        )
    return Section("", "")


_WHAT = "Whoever wrote it could have written any number. Review the code first."


def _kind(path: str) -> str:
    """Return whether a change of this file changes code, inputs, results, or nothing of the report."""
    parts = PurePosixPath(path).parts
    if not parts:
        return "code"
    name, folder = parts[-1], parts[0] if len(parts) > 1 else ""
    if name == "dvc.lock" or path in LISTS or (folder in RESULTS and name.endswith((".json", ".lock"))):
        return "result"
    if path in INPUTS or name.endswith(".dvc") or (folder == "data" and name != "dvc.yaml"):
        return "input"
    if folder in READ_ONLY or (not folder and name.endswith(".md")):
        return "nothing"
    return "code"


def _shortened(paths: Iterable[str]) -> list[str]:
    """Return the files, those of a folder as the folder, each once."""
    parts = (path.partition("/") for path in paths)
    return list(dict.fromkeys(f"{folder}{slash}" for folder, slash, _ in parts))
