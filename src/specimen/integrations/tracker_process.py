"""The other end of `tracking.py`, in a process for each tracker.

`python -m specimen.integrations.tracker_process NAME` reads JSON lines from standard input:
a run, the numbers of its epochs, its results, its ONNX file, its end.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from specimen.common.errors import SpecimenError
from specimen.common.hashing import file_md5
from specimen.config.params import load_params
from specimen.integrations.dvclive_tracker import DvcliveRun
from specimen.integrations.mlflow_tracker import MlflowRun
from specimen.integrations.tracker import RunFacts, TrackerRun
from specimen.integrations.tracking import ResultFiles
from specimen.integrations.wandb_tracker import WandbRun
from specimen.versioning.git_commands import ask_git

RUNS: dict[str, Callable[[RunFacts], TrackerRun]] = {"mlflow": MlflowRun, "wandb": WandbRun, "dvclive": DvcliveRun}
SECTIONS = {"data", "prepare", "split", "train", "evaluate"}
"""The sections of params.yaml that decide a run."""
LOCK = Path("dvc.lock")

Messages = SimpleQueue[Mapping[str, Any]]


def follow(name: str, messages: Messages) -> str:
    """Do what the messages say, until the end; return what to tell the user."""
    facts = _facts(messages.get()["run"])
    run = RUNS[name](facts)
    while "end" not in (message := messages.get()):
        if "epoch" in message:
            run.log(message["values"], message["epoch"])
        elif "onnx" in message:
            run.log_onnx(Path(message["onnx"]))
        else:
            numbers = {key: value for key, value in message["results"].items() if isinstance(value, (int, float))}
            run.log_results(numbers, ResultFiles(**{name: Path(path) for name, path in message["files"].items()}))
    run.end(succeeded=message["end"])
    return f"{name}: run {facts.name} ({facts.session}), {run.location}"


def _facts(run: Mapping[str, Any]) -> RunFacts:
    return RunFacts(
        **run,
        params=load_params().model_dump(mode="json", include=SECTIONS),
        commit=ask_git(Path.cwd(), "rev-parse", "HEAD"),
        lock_md5=file_md5(LOCK) if LOCK.exists() else "",
    )


def _read(messages: Messages) -> None:
    """Take all lines as they come, so that the stage never waits; a stage that was killed has failed."""
    for line in sys.stdin:
        messages.put(json.loads(line))
    messages.put({"end": False})


def main() -> None:
    """Follow one run. Whatever fails here becomes one warning."""
    name = sys.argv[1]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the stage; this process closes the run
    # Libraries print much; the stage's output has room for one line.
    stdout = os.fdopen(os.dup(1), "w")
    stderr = os.fdopen(os.dup(2), "w")
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    messages: Messages = SimpleQueue()
    reader = threading.Thread(target=_read, args=(messages,), daemon=True)
    reader.start()
    try:
        print(follow(name, messages), file=stdout, flush=True)
    except BaseException as error:  # a library may even exit
        kind = "" if isinstance(error, SpecimenError) else f"{type(error).__name__}: "
        reason = " ".join(str(error).split()).rstrip(".")[:300]
        warning = f"warning: {name}: {kind}{reason}; it gets no more of this run."
        print(warning, file=stderr, flush=True)
        reader.join()


if __name__ == "__main__":
    main()
