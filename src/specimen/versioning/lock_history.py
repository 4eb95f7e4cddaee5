"""The models that a branch has had, from every `dvc.lock` that Git has of it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from specimen.versioning.errors import NotAvailableError
from specimen.versioning.git_commands import ask_git, folder_in_repository, read_git
from specimen.versioning.revisions import LOCK

MODEL = "models/model.pt"
PREPARED = "data/prepared"
MOST = 1000
"""Commits that are looked at, the newest first."""
# One line in a hundred of a lock is about the model, and reading all of it as YAML takes a hundred times as long.
_MD5 = r"\n +hash: md5\n +md5: ([0-9a-f]{32}(?:\.dir)?)\n"
_MODEL_MD5 = re.compile(rf"- path: {re.escape(MODEL)}{_MD5}")
_PREPARED_MD5 = re.compile(rf"- path: {re.escape(PREPARED)}{_MD5}")


@dataclass(frozen=True)
class PastModel:
    """A model that was in the lock of a branch."""

    md5: str
    commit: str
    """The newest commit that has it."""
    prepared: str
    """The md5 hash of the prepared data that were there with it."""
    split: Any
    """The params that say which groups are test; two that are equal share their test groups."""


@dataclass(frozen=True)
class ModelHistory:
    """The models of a branch, the newest first, each once."""

    models: tuple[PastModel, ...]
    complete: bool
    """False in a shallow clone, and where the history is very long: then there may be more."""


def read_history(root: Path, commit: str) -> ModelHistory:
    """Return the models in the history of a commit. Raises `NotAvailableError` where Git fails."""
    path = f"{folder_in_repository(root)}{LOCK}"
    commits = read_git(root, "log", f"--max-count={MOST}", "--format=%H", commit, "--", LOCK).split()
    models: dict[str, PastModel] = {}
    for name, lock in _blobs(root, [f"{commit}:{path}" for commit in commits]):
        found = _MODEL_MD5.search(lock)
        if found and found[1] not in models:
            prepared = _PREPARED_MD5.search(lock)
            commit_of_it = name.partition(":")[0]
            models[found[1]] = PastModel(found[1], commit_of_it, prepared[1] if prepared else "", _split(lock))
    shallow = ask_git(root, "rev-parse", "--is-shallow-repository") == "true"
    return ModelHistory(tuple(models.values()), complete=not shallow and len(commits) < MOST)


def _blobs(root: Path, names: list[str]) -> Iterator[tuple[str, str]]:
    """Yield names such as `COMMIT:dvc.lock` with the text that Git has of them; a deleted one is left out."""
    done = subprocess.run(
        ["git", "cat-file", "--batch"], cwd=root, input="\n".join(names).encode(), capture_output=True, check=False
    )
    if done.returncode:
        raise NotAvailableError(f"`git cat-file` did not work: {done.stderr.decode(errors='replace').strip()}")
    rest = done.stdout
    for name in names:
        head, _, rest = rest.partition(b"\n")
        if head.endswith(b" missing"):
            continue
        size = int(head.rpartition(b" ")[2])
        yield name, rest[:size].decode("utf-8", errors="replace")
        rest = rest[size + 1 :]


def _split(lock: str) -> Any:
    """Return the params of a lock that say which groups are test; None where they are not there."""
    try:
        params = yaml.load(lock, yaml.CSafeLoader)["stages"]["prepare"]["params"]["params.yaml"]
        data = params["data"]
        return {"split": params["split"], "data": {key: data.get(key) for key in ("root", "group", "split_column")}}
    except (yaml.YAMLError, KeyError, TypeError, AttributeError):
        return None
