"""A run in Weights & Biases."""

from __future__ import annotations

import netrc
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from specimen.integrations.tracker import PROJECT, RunFacts, repository_root

SECONDS_TO_BEGIN = "30"
"""How long a server may take to answer at first, unless the user says otherwise."""
MODEL_PARAMS = ("backbone", "weights", "features", "fine_tune", "freeze_epochs")


class WandbRun:
    """Weights & Biases: online with a key (`wandb login`, WANDB_API_KEY), else offline in `wandb/`."""

    def __init__(self, run: RunFacts) -> None:
        os.environ.setdefault("WANDB_INIT_TIMEOUT", SECONDS_TO_BEGIN)
        import wandb  # noqa: PLC0415 - an extra

        self.wandb = wandb
        mode = os.environ.get("WANDB_MODE") or ("online" if _has_key() else "offline")
        self.location = mode
        self.run = wandb.init(
            project=os.environ.get("WANDB_PROJECT", PROJECT),
            name=run.name,
            id=run.session,
            resume="allow" if mode == "online" else None,
            mode=mode,
            dir=repository_root(),
            config={**_grouped(run.params), "dvc_lock_md5": run.lock_md5, "git_commit": run.commit},
            tags=_tags(run),
            settings=wandb.Settings(console="off", silent=True),
        )

    def log(self, values: Mapping[str, float], epoch: int) -> None:
        """Write the numbers of one epoch; `epoch` is one more number among them."""
        self.run.log({"epoch": epoch, **values})

    def log_results(self, metrics: Mapping[str, float], plots: Path, model: Path, data: Path) -> None:
        """Write metrics into the summary, plots as pictures, and data and model as artifacts with versions.

        The pictures of the data set stay with DVC: its artifact has the tables, which name each of them.
        """
        self.run.summary.update(dict(metrics))
        pictures = sorted(plots.rglob("*.png"))
        self.run.log({f"plots/{path.stem}": self.wandb.Image(str(path)) for path in pictures})
        dataset = self._artifact("dataset", sorted([*data.glob("*.csv"), *data.glob("*.json")]))
        if self.run.offline:
            self.run.log_artifact(dataset)
        else:
            self.run.use_artifact(dataset)
        self.run.log_artifact(self._artifact("model", [model]))

    def _artifact(self, kind: str, paths: Iterable[Path]) -> Any:
        artifact = self.wandb.Artifact(f"{PROJECT}-{kind}", type=kind)
        for path in paths:
            artifact.add_file(str(path))
        return artifact

    def end(self, *, succeeded: bool) -> None:
        """Close the run."""
        self.run.finish(exit_code=0 if succeeded else 1)


def _tags(run: RunFacts) -> list[str]:
    tags = {"git": run.commit[:12], "dvc.lock": run.lock_md5}
    return [f"{key}:{value}" for key, value in tags.items() if value]


def _grouped(params: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    train = params["train"]
    return {
        "data": {key: params[key] for key in ("data", "prepare", "split")},
        "model": {key: train[key] for key in MODEL_PARAMS},
        "training": {key: value for key, value in train.items() if key not in MODEL_PARAMS},
    }


def _has_key() -> bool:
    if os.environ.get("WANDB_API_KEY"):
        return True
    host = urlsplit(os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")).hostname or ""
    try:
        return netrc.netrc(os.environ.get("NETRC")).authenticators(host) is not None
    except (OSError, netrc.NetrcParseError):
        return False
