"""A run in Weights & Biases."""

from __future__ import annotations

import netrc
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from specimen.integrations.tracker import PROJECT, home

MODEL_PARAMS = ("backbone", "weights", "features", "fine_tune", "freeze_epochs")


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
