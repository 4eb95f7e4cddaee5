"""The other end of `tracking.py`, in a process for each tracker: `python -m specimen.trackers NAME`.

Reads JSON lines from standard input: a run, the numbers of its epochs, its results, its end.
"""

from __future__ import annotations

import hashlib
import json
import netrc
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Protocol
from urllib.parse import urlsplit

PROJECT = "specimen"
PACKAGE = Path(__file__).parents[1]
MODEL_PARAMS = ("backbone", "weights", "features", "fine_tune", "freeze_epochs")


class Run(Protocol):
    """One run of a tracker, opened by its constructor from what `tracking.py` tells of it."""

    place: str
    """Where it is written to."""

    def log(self, values: dict[str, float], epoch: int) -> None:
        """Write the numbers of one epoch."""

    def log_results(self, metrics: dict[str, Any], plots: Path, model: Path, data: Path) -> None:
        """Write the final metrics, the plots, the model and what it was made from."""

    def end(self, *, succeeded: bool) -> None:
        """Close the run."""


class MlflowRun:
    """MLflow, by default in `mlflow.db` and `mlruns/` of the repository; see MLFLOW_TRACKING_URI."""

    def __init__(self, run: dict[str, Any]) -> None:
        # Five retries of two minutes each are for those who wait for the answer.
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        import mlflow  # noqa: PLC0415

        self.mlflow = mlflow
        artifacts = None
        if not os.environ.get("MLFLOW_TRACKING_URI"):
            mlflow.set_tracking_uri(f"sqlite:///{home() / 'mlflow.db'}")
            artifacts = (home() / "mlruns").as_uri()
        self.place = mlflow.get_tracking_uri()
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME", PROJECT)
        if "MLFLOW_RUN_ID" not in os.environ and mlflow.get_experiment_by_name(name) is None:
            mlflow.create_experiment(name, artifact_location=artifacts)
        given = os.environ.get("MLFLOW_RUN_ID") or (self._find(name, run["session"]) if run["resumed"] else None)
        if given is None:
            mlflow.set_experiment(name)
        mlflow.start_run(run_id=given, run_name=run["name"])
        commit = {"mlflow.source.git.commit": run["commit"]} if run["commit"] else {}
        mlflow.set_tags({"session": run["session"], "dvc.lock.md5": run["lock"], **commit})
        if given is None or not run["resumed"]:
            mlflow.log_params({key: str(value)[:6000] for key, value in dotted(run["params"]).items()})

    def _find(self, experiment: str, session: str) -> str | None:
        client = self.mlflow.MlflowClient()
        where = [client.get_experiment_by_name(experiment).experiment_id]
        found = client.search_runs(where, f"tags.session = '{session}'", max_results=1)
        return found[0].info.run_id if found else None

    def log(self, values: dict[str, float], epoch: int) -> None:
        """Write the numbers of one epoch, with the epoch as step."""
        self.mlflow.log_metrics(values, step=epoch)

    def log_results(self, metrics: dict[str, Any], plots: Path, model: Path, data: Path) -> None:
        """Write metrics and plots, and the model in the form that `mlflow.pyfunc.load_model` reads."""
        self.mlflow.log_metrics({re.sub(r"[^\w\-. :/]", "_", key): value for key, value in metrics.items()})
        self.mlflow.log_artifacts(str(plots), "plots")
        self.mlflow.log_artifact(str(data / "meta.json"), "data")
        self.mlflow.pyfunc.log_model(
            name="model",
            loader_module="specimen.integrations.mlflow_model",
            data_path=str(model),
            code_paths=[str(PACKAGE)],
            pip_requirements=str(PACKAGE.parents[1] / "requirements.txt"),
        )

    def end(self, *, succeeded: bool) -> None:
        """Close the run as finished or failed."""
        self.mlflow.end_run("FINISHED" if succeeded else "FAILED")


class WandbRun:
    """Weights & Biases: online with a key (`wandb login`, WANDB_API_KEY), else offline in `wandb/`."""

    def __init__(self, run: dict[str, Any]) -> None:
        import wandb  # noqa: PLC0415

        self.wandb = wandb
        mode = os.environ.get("WANDB_MODE") or ("online" if _has_wandb_key() else "offline")
        self.place = mode
        settings = wandb.Settings(console="off", silent=True, init_timeout=30)
        self.run = wandb.init(
            project=os.environ.get("WANDB_PROJECT", PROJECT),
            name=run["name"],
            id=run["session"],
            resume="allow" if mode == "online" else None,
            mode=mode,
            dir=home(),
            config={**_grouped(run["params"]), "dvc_lock_md5": run["lock"], "git_commit": run["commit"]},
            tags=[f"{key}:{value}" for key, value in (("git", run["commit"][:12]), ("dvc.lock", run["lock"])) if value],
            settings=settings,
        )

    def log(self, values: dict[str, float], epoch: int) -> None:
        """Write the numbers of one epoch; `epoch` is a number beside them."""
        self.run.log({"epoch": epoch, **values})

    def log_results(self, metrics: dict[str, Any], plots: Path, model: Path, data: Path) -> None:
        """Write metrics into the summary, plots as pictures, and data and model as artifacts with versions.

        The pictures of the data set stay with DVC: its artifact holds the tables, which name each of them.
        """
        self.run.summary.update(metrics)
        pictures = sorted(plots.rglob("*.png"))
        self.run.log({f"plots/{path.stem}": self.wandb.Image(str(path)) for path in pictures})
        for kind, paths in (("dataset", sorted([*data.glob("*.csv"), *data.glob("*.json")])), ("model", [model])):
            artifact = self.wandb.Artifact(f"{PROJECT}-{kind}", type=kind)
            for path in paths:
                artifact.add_file(str(path))
            (self.run.use_artifact if kind == "dataset" and not self.run.offline else self.run.log_artifact)(artifact)

    def end(self, *, succeeded: bool) -> None:
        """Close the run."""
        self.run.finish(exit_code=0 if succeeded else 1)


class DvcliveRun:
    """DVCLive, in `dvclive/`: live plots in the VS Code extension of DVC. It leaves dvc.yaml and experiments alone."""

    def __init__(self, run: dict[str, Any]) -> None:
        from dvclive import Live  # noqa: PLC0415

        self.place = str(home() / "dvclive")
        self.live = Live(self.place, resume=run["resumed"], save_dvc_exp=False, dvcyaml=None)
        self.live.log_params(dotted(run["params"]) | {"git_commit": run["commit"], "dvc_lock_md5": run["lock"]})

    def log(self, values: dict[str, float], epoch: int) -> None:
        """Write the numbers of one epoch, with the epoch as step."""
        self.live.step = epoch
        for name, value in values.items():
            self.live.log_metric(name, value)
        self.live.make_summary()

    def log_results(self, metrics: dict[str, Any], plots: Path, model: Path, data: Path) -> None:
        """Write metrics and plots; data and model are in DVC already."""
        for name, value in metrics.items():
            self.live.log_metric(name, value, plot=False)
        for path in sorted(plots.rglob("*.png")):
            self.live.log_image(path.name, path)
        self.live.make_summary()

    def end(self, *, succeeded: bool) -> None:
        """Close the run."""
        self.live.end()


RUNS: dict[str, Callable[[dict[str, Any]], Run]] = {"mlflow": MlflowRun, "wandb": WandbRun, "dvclive": DvcliveRun}


def home() -> Path:
    """Return the root of the repository, also in one of the copies that DVC makes for queued experiments."""
    here = Path.cwd()
    return next((folder.parent for folder in here.parents if folder.name == ".dvc"), here)


def dotted(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested params in one level, named as `dvc exp run -S` names them: train.augment.flip."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        found |= dotted(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return found


def _grouped(params: dict[str, Any]) -> dict[str, Any]:
    train = params["train"]
    model = {key: train[key] for key in MODEL_PARAMS}
    training = {key: value for key, value in train.items() if key not in model}
    return {"data": {key: params[key] for key in ("data", "prepare", "split")}, "model": model, "training": training}


def _has_wandb_key() -> bool:
    if os.environ.get("WANDB_API_KEY"):
        return True
    host = urlsplit(os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")).hostname or ""
    try:
        return netrc.netrc(os.environ.get("NETRC")).authenticators(host) is not None
    except (OSError, netrc.NetrcParseError):
        return False


def _commit() -> str:
    done = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def _lock() -> str:
    lock = Path("dvc.lock")
    return hashlib.md5(lock.read_bytes(), usedforsecurity=False).hexdigest() if lock.exists() else ""


def follow(name: str, messages: SimpleQueue[dict[str, Any]]) -> str:
    """Do what the messages say, until the end; return where it was written."""
    first = messages.get()["run"]
    run = RUNS[name]({**first, "commit": _commit(), "lock": _lock()})
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
