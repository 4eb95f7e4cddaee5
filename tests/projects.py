"""Projects as tests need them: params, photos and stages in a temporary folder, and repositories of Git and DVC."""

from __future__ import annotations

import contextlib
import importlib
import io
import logging
import os
import shutil
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import pytest
import yaml

MakeOnce = Callable[[str, Callable[[Path], None]], Path]
"""What the fixture `make_once` gives: a folder of this name, and the function that fills it."""

ROOT = Path(__file__).parents[1]
stage_python: list[str] = []
"""The folder with the `python` of `preloaded`, where a test wants it (fixture `preloaded_python`)."""
PIPELINE_FILES = (
    ".dvc/config", ".dvcignore", ".gitignore", "dvc.yaml", "data/dvc.yaml", "folds/dvc.yaml", "folds/folds.yaml",
    "seeds/dvc.yaml", "seeds/seeds.yaml",
)  # fmt: skip
GIT_IDENTITY = {"user.name": "Test", "user.email": "test@example.com", "commit.gpgsign": "false"}

SMALL: dict[str, dict[str, Any]] = {
    "data": {
        "root": "data/raw", "task": "regression", "table": "labels.csv", "image_column": "filename",
        "target": "weight", "unit": "g", "group": ["plant"],
    },
    "prepare": {"image_size": 32},
    "split": {"seed": 7, "val": 0.3, "test": 0.3},
    "train": {
        "launcher": "python", "device": "cpu", "precision": "fp32", "threads": 1, "epochs": 1, "batch_size": 8,
        "backbone": "shufflenet_v2_x0_5",
    },
    "evaluate": {"gallery": 1, "resamples": 200, "predictions_plot": "scatter"},
    "export": {"samples": 4},
}  # fmt: skip
"""Params of photos that `draw_photos` draws, with a target in grams: one epoch of the smallest backbone, at 32 px."""


def write_params(folder: Path, base: dict[str, dict[str, Any]] = SMALL, **changes: dict[str, Any]) -> None:
    """Write `params.yaml`: what `base` says, with `changes` by section on top."""
    params = deepcopy(base)
    for section, values in changes.items():
        params[section] = params.get(section, {}) | values
    (folder / "params.yaml").write_text(yaml.safe_dump(params))


@contextlib.contextmanager
def process_in(folder: Path) -> Iterator[None]:
    """Go to a folder and its `environment` as a process of its own would: what is set for the process does not last."""
    import torch

    threads = torch.get_num_threads()
    with contextlib.chdir(folder), mock.patch.dict(os.environ, environment(folder), clear=True):
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            torch.use_deterministic_algorithms(False)
            torch.utils.deterministic.fill_uninitialized_memory = True


def run_script(folder: Path, name: str, *arguments: str) -> None:
    """Run a script of `src` or `tools` in this process, as `python src/NAME.py ARGUMENTS` does in a folder.

    The imports, 4 seconds of torch and its friends, are paid once. Errors come out as exceptions.
    """
    with script_in(folder, name, *arguments) as script:
        script.main()


def fail_script(folder: Path, name: str, *arguments: str) -> str:
    """Run a script as `run_script` does, where it ends with a user error; return what it printed on stderr."""
    from specimen.common import errors

    stderr = io.StringIO()
    with (
        script_in(folder, name, *arguments) as script,
        contextlib.redirect_stderr(stderr),
        pytest.raises(SystemExit) as exited,
    ):
        errors.run_cli(script.main)
    assert exited.value.code == errors.EXIT_USER_ERROR
    return stderr.getvalue()


@contextlib.contextmanager
def script_in(folder: Path, name: str, *arguments: str) -> Iterator[ModuleType]:
    """Import a script of `src` or `tools` and let it find its folder and arguments."""
    script = importlib.import_module(name)
    with process_in(folder), mock.patch.object(sys, "argv", [f"{name}.py", *arguments]):
        if not hasattr(script, "keep_freed_memory"):
            yield script
            return
        with mock.patch.object(script, "keep_freed_memory"):  # could not be undone
            yield script


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of an activated `.venv`, for programs that run in a folder on its code, if there is any.

    They are not measured for coverage: the code of a copied repository is not what is measured.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    return inherited | {
        "PATH": os.pathsep.join([*stage_python, str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": str((folder if (folder / "src").is_dir() else ROOT) / "src"),
        "DVC_NO_ANALYTICS": "1",
        "OMP_NUM_THREADS": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
    }


def forget_settings(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let no setting for Git, DVC and S3 that this machine has count; `folder` is where DVC looks for its own."""
    for name in os.environ:
        if name.startswith(("AWS_", "DVC_", "GIT_")) or name.lower().endswith("_proxy"):
            patch.delenv(name)
    for name in ("DVC_GLOBAL_CONFIG_DIR", "DVC_SYSTEM_CONFIG_DIR", "DVC_SITE_CACHE_DIR"):
        patch.setenv(name, str(folder))
    patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    patch.setenv("DVC_NO_ANALYTICS", "1")


def run(*command: str, cwd: Path, status: int = 0, **variables: str) -> str:
    """Run a command in the `environment` of a folder, with further variables; return what it printed."""
    env = environment(cwd) | variables
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def git(folder: Path, *arguments: str) -> str:
    return run("git", *arguments, cwd=folder)


def dvc(folder: Path, *arguments: str, status: int = 0) -> str:
    return run(sys.executable, "-m", "dvc", *arguments, cwd=folder, status=status)


_ONE_DVC = threading.Lock()


def dvc_here(folder: Path, *arguments: str) -> str:
    """Run a DVC command in this process, as `capture_dvc` does; return what it printed on stdout."""
    done = capture_dvc(folder, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def capture_dvc(folder: Path, *arguments: str, seconds: float | None = None) -> subprocess.CompletedProcess[str]:
    """Run a DVC command in this process, one at a time: to start another Python for it takes a second."""
    from dvc.cli import main

    own = environment(folder) | {"DVC_TEST": "1"}  # with which DVC prints to the stdout of the moment
    stdout = io.StringIO()
    stderr = io.StringIO()
    with contextlib.ExitStack() as patches:
        patches.enter_context(_ONE_DVC)
        patches.enter_context(contextlib.chdir(folder))
        patches.enter_context(mock.patch.dict(os.environ, own))
        patches.enter_context(warnings.catch_warnings(action="ignore"))
        patches.enter_context(contextlib.redirect_stdout(stdout))
        patches.enter_context(contextlib.redirect_stderr(stderr))
        for handler in logging.getLogger("dvc").handlers:  # they keep the streams of when DVC was imported
            if isinstance(handler, logging.StreamHandler):
                stream = stderr if handler.level >= logging.WARNING else stdout
                patches.enter_context(mock.patch.object(handler, "stream", stream))
        status = main(list(arguments))
    return subprocess.CompletedProcess(arguments, status, stdout.getvalue(), stderr.getvalue())


def changed_stages(folder: Path) -> set[str]:
    """Return the stages that `dvc status` names: those whose deps, params or outputs differ from `dvc.lock`."""
    from dvc.repo import Repo

    with process_in(folder), Repo() as repo:
        return {name.rpartition(":")[2] for name in repo.status()}


def make_repository(folder: Path) -> None:
    """Copy code and pipeline into a new repository of Git and DVC, without data, params and any commit."""
    for name in ("src", "tools"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in PIPELINE_FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
    init_git(folder)


def init_git(folder: Path) -> None:
    """Make a repository of Git on the branch main, in which one can commit."""
    git(folder, "init", "--quiet", "--initial-branch=main")
    for key, value in GIT_IDENTITY.items():
        git(folder, "config", key, value)


def commit_all(folder: Path, message: str) -> None:
    """Commit all that Git does not ignore."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)
