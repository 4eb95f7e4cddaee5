"""Hand the numbers of a run to trackers (MLflow, Weights & Biases, DVCLive), which can neither stop nor slow it.

Each tracker works in a process of its own (`tracker_process.py`) that reads JSON lines: a server that hangs, a library
that fails, or a crash goes no further. Nothing comes back from a tracker, so no output depends on one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from specimen.common.errors import accepted_hint, missing_extra
from specimen.common.files import replace_atomically
from specimen.common.flattening import flatten
from specimen.common.hashing import file_md5
from specimen.config.base import PARAMS_FILE, read_yaml

SESSION = Path("models/.tracking.json")
"""Which run of the trackers made which model, so that evaluate and export add to the run of train; not versioned."""
TRACK = "SPECIMEN_TRACK"
"""Environment variable with further trackers, such as `mlflow,wandb`, for one person or one machine."""
MLFLOW_RUN = "MLFLOW_RUN_ID"
"""Environment variable that `mlflow run` sets: the run to log to."""
WANDB_SWEEP = "WANDB_SWEEP_ID"
"""Environment variable that an agent of W&B sets: its sweep."""
WANDB_RUN = "WANDB_RUN_ID"
"""Environment variable that an agent of W&B sets: the run to log to."""
TRACKERS_IN_ENVIRONMENT = (TRACK, MLFLOW_RUN, WANDB_SWEEP)
TRACKER_FILE = "_tracker.py"
SECONDS_TO_END = 60.0
"""How long the end of a stage waits for trackers that are behind."""


@dataclass(frozen=True)
class Session:
    """A run of the trackers, as its stages know it."""

    name: str
    session: str
    resumed: bool
    """Whether train has begun it, and evaluate or export goes on with it."""


@dataclass(frozen=True)
class ResultFiles:
    """What evaluate knows of a model, on disk."""

    model: Path
    data: Path
    """The prepared data, a folder."""
    predictions: Path
    """The table of the test predictions."""
    plots: Path
    """A folder of pictures."""


class Tracking:
    """The trackers of one stage; used as a context, at whose end they finish."""

    def __init__(self, run: Session, names: Iterable[str], patience: float) -> None:
        self.session = run.session
        self._patience = patience
        self._processes = {name: _start(name) for name in names}
        self._send({"run": asdict(run)})

    @property
    def is_on(self) -> bool:
        """Whether any tracker is still listening."""
        return bool(self._processes)

    def log(self, values: Mapping[str, float], epoch: int) -> None:
        """Hand over the numbers of one epoch (from 1)."""
        self._send({"epoch": epoch, "values": dict(values)})

    def log_results(self, metrics: Mapping[str, Any], files: ResultFiles) -> None:
        """Hand over the results of evaluate: nested metrics, and files."""
        results = flatten({"test": metrics}, "/", replacement="_")
        self._send({"results": results, "files": {name: str(path) for name, path in asdict(files).items()}})

    def log_onnx(self, path: Path) -> None:
        """Hand over the model as ONNX."""
        self._send({"onnx": str(path)})

    def remember_model(self, model: Path) -> None:
        """Remember that this run made a model, so that the stages after it go on with the run."""
        if self.is_on:
            with replace_atomically(SESSION) as new:
                new.write_text(json.dumps({"model": file_md5(model), "session": self.session}), encoding="utf-8")

    def _send(self, message: Mapping[str, Any]) -> None:
        line = json.dumps(message).encode() + b"\n"
        for name, process in list(self._processes.items()):
            assert process.stdin is not None
            try:
                process.stdin.write(line)
                process.stdin.flush()
            except OSError:  # it has crashed; the others go on
                del self._processes[name]
                with suppress(OSError):
                    process.stdin.close()
                process.wait()
                warn(f"{name} has ended with status {process.returncode}; the run goes on without it.")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._send({"end": kind is None})
        for process in self._processes.values():
            assert process.stdin is not None
            with suppress(OSError):
                process.stdin.close()
        deadline = time.monotonic() + self._patience
        for name, process in self._processes.items():
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                warn(
                    f"{name} was not done {self._patience:g} s after the stage; what it has not yet sent is lost to it."
                )


def track_training(name: str, *, is_first: bool) -> Tracking:
    """Start a run of each tracker that the params or the environment name; in the first process alone."""
    return Tracking(_new_session(name), wanted() if is_first else (), SECONDS_TO_END)


def track_model(name: str, model: Path) -> Tracking:
    """Go on with the run that made this model, or start one."""
    names = wanted()
    known = _session_of(model) if names else None
    run = _new_session(name) if known is None else Session(name, known, resumed=True)
    return Tracking(run, names, 5 * SECONDS_TO_END)  # a model takes longer than numbers


def wanted() -> list[str]:
    """Return the trackers that params, environment, `mlflow run` or an agent of W&B ask for.

    One that is unknown or not installed gives a warning and is left out.
    """
    asked = [*_of_params(), *filter(None, os.environ.get(TRACK, "").replace(" ", "").split(","))]
    if MLFLOW_RUN in os.environ:
        asked.append("mlflow")
    if WANDB_SWEEP in os.environ:
        asked.append("wandb")
    known = known_trackers()
    names = []
    for name in dict.fromkeys(asked):
        if name not in known:
            warn(f"{TRACK}: no tracker '{name}'. {accepted_hint(name, known)}")
        elif find_spec(name) is None:
            warn(missing_extra(f"train.track: {name}", "track"))
        else:
            names.append(name)
    return names


def warn(message: str) -> None:
    """Say what a tracker cannot do."""
    print(f"warning: {message}", file=sys.stderr, flush=True)


def run_name(train: Mapping[str, Any]) -> str:
    """Return how trackers call a run: by what was trained, such as `resnet18-sqrt-e9-s1` (9 epochs, seed 1).

    `train` is that section of the params. What is as usual goes without saying, and so does what a model does not know.
    """
    usual = {"weights": "none", "fine_tune": "all", "target_transform": "none"}
    special = {key: str(train[key]) for key in usual if train.get(key, usual[key]) != usual[key]}
    if "weights" in special:
        special["weights"] = "pretrained"  # a file would be a long name
    backbone = str(train.get("backbone", "model")).removeprefix("timm/")
    counts = [f"{key[0]}{train[key]}" for key in ("epochs", "seed") if key in train]
    return "-".join([backbone, *special.values(), *counts])


def known_trackers() -> list[str]:
    """Return the trackers there are: each has a file of its own here, `NAME_tracker.py`."""
    return sorted(path.name.removesuffix(TRACKER_FILE) for path in Path(__file__).parent.glob(f"*{TRACKER_FILE}"))


def _of_params() -> list[str]:
    """Return `train.track`, read as it is: the stage has checked its params, but need not have read this section."""
    content = read_yaml() if PARAMS_FILE.exists() else None
    train = content.get("train") if isinstance(content, dict) else None
    track = train.get("track") if isinstance(train, dict) else None
    return [str(name) for name in track] if isinstance(track, list) else []


def _new_session(name: str) -> Session:
    """Return a run with a name of its own for its stages, or with the one that an agent of W&B has given it."""
    return Session(name, os.environ.get(WANDB_RUN) or uuid.uuid4().hex[:8], resumed=False)


def _start(name: str) -> subprocess.Popen[bytes]:
    source = str(Path(__file__).parents[2])
    env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [source, os.environ.get("PYTHONPATH", "")]))}
    command = [sys.executable, "-m", "specimen.integrations.tracker_process", name]
    return subprocess.Popen(command, stdin=subprocess.PIPE, env=env)


def _session_of(model: Path) -> str | None:
    """Return the session that made a model, None where that is not known."""
    try:
        known = json.loads(SESSION.read_text(encoding="utf-8"))
        return str(known["session"]) if known["model"] == file_md5(model) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
