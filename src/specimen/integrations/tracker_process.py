"""The other end of `tracking.py`, in a process for each tracker.

`python -m specimen.integrations.tracker_process NAME` reads JSON lines from standard input:
a run, the numbers of its epochs, its results, its end.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from specimen.common.hashing import file_md5
from specimen.config.params import load_params
from specimen.integrations.dvclive_tracker import DvcliveRun
from specimen.integrations.mlflow_tracker import MlflowRun
from specimen.integrations.tracker import Run
from specimen.integrations.wandb_tracker import WandbRun

RUNS: dict[str, Callable[[dict[str, Any]], Run]] = {"mlflow": MlflowRun, "wandb": WandbRun, "dvclive": DvcliveRun}


def _params() -> dict[str, Any]:
    """Return the sections that decide a run, with all defaults."""
    return load_params().model_dump(mode="json", include={"data", "prepare", "split", "train", "evaluate"})


def _commit() -> str:
    done = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def _lock() -> str:
    lock = Path("dvc.lock")
    return file_md5(lock) if lock.exists() else ""


def follow(name: str, messages: SimpleQueue[dict[str, Any]]) -> str:
    """Do what the messages say, until the end; return where it was written."""
    first = messages.get()["run"]
    run = RUNS[name]({**first, "params": _params(), "commit": _commit(), "lock": _lock()})
    while "end" not in (message := messages.get()):
        if "epoch" in message:
            run.log(message["values"], message["epoch"])
        else:
            numbers = {key: value for key, value in message["results"].items() if isinstance(value, (int, float))}
            run.log_results(numbers, *(Path(message[key]) for key in ("plots", "model", "data")))
    run.end(succeeded=message["end"])
    return f"{name}: run {first['name']} ({first['session']}), {run.place}"


def _read(messages: SimpleQueue[dict[str, Any]]) -> None:
    """Take all lines as they come, so that the stage never waits; a stage that was killed has failed."""
    for line in sys.stdin:
        messages.put(json.loads(line))
    messages.put({"end": False})


def main() -> None:
    """Follow one run. Whatever fails here becomes one warning."""
    name = sys.argv[1]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the stage; this process closes the run
    # Libraries tell much; the stage's output has room for one line.
    said, warned = os.fdopen(os.dup(1), "w"), os.fdopen(os.dup(2), "w")
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    messages: SimpleQueue[dict[str, Any]] = SimpleQueue()
    reader = threading.Thread(target=_read, args=(messages,), daemon=True)
    reader.start()
    try:
        print(follow(name, messages), file=said, flush=True)
    except BaseException as error:  # a library may even exit
        reason = " ".join(str(error).split())[:300]
        print(
            f"warning: {name}: {type(error).__name__}: {reason}; it gets no more of this run.", file=warned, flush=True
        )
        reader.join()


if __name__ == "__main__":
    main()
