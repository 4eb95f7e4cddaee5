"""A run in Weights & Biases."""

from __future__ import annotations

import netrc
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pandas as pd

from specimen.config.evaluate import GALLERIES
from specimen.data.dataset.store import Store
from specimen.integrations.prediction_rows import prediction_rows
from specimen.integrations.tracker import PROJECT, RunFacts, repository_root
from specimen.integrations.tracking import ResultFiles
from specimen.models.metric_registry import find_metric
from specimen.models.predictions import read_predictions

SECONDS_TO_BEGIN = "30"
"""How long a server may take to answer at first, unless the user says otherwise."""
PHOTOS = "WANDB_PHOTOS"
"""Environment variable: photos leave this machine only where it is 1."""


class WandbRun:
    """Weights & Biases: online with a key (`wandb login`, WANDB_API_KEY), else offline in `wandb/`."""

    def __init__(self, run: RunFacts) -> None:
        os.environ.setdefault("WANDB_INIT_TIMEOUT", SECONDS_TO_BEGIN)
        import wandb  # noqa: PLC0415 - an extra

        self.wandb = wandb
        self.best: dict[str, float] = {}
        mode = os.environ.get("WANDB_MODE") or ("online" if _has_key() else "offline")
        self.location = mode
        self.run = wandb.init(
            project=os.environ.get("WANDB_PROJECT", PROJECT),
            name=run.name,
            id=run.session,
            resume="allow" if mode == "online" else None,
            mode=mode,
            dir=repository_root(),
            config={**run.params, "dvc_lock_md5": run.lock_md5, "git_commit": run.commit},
            tags=_tags(run),
            settings=wandb.Settings(console="off", silent=True),
        )

    def log(self, values: Mapping[str, float], epoch: int) -> None:
        """Write the numbers of one epoch; `epoch` is one more number among them.

        With each val metric comes its best value so far: that of the model, and so what a sweep goes by.
        """
        for name, value in values.items():
            metric = find_metric(name.removeprefix("val_"))
            if name.startswith("val_") and metric.may_decide:
                best = max if metric.higher_is_better else min
                self.best[f"best_{name}"] = best(value, self.best.get(f"best_{name}", value))
        self.run.log({"epoch": epoch, **values, **self.best})

    def log_results(self, metrics: Mapping[str, float], files: ResultFiles) -> None:
        """Write metrics into the summary, plots as pictures, the predictions as a table, and what depends on what.

        The run has used the artifact of the data set, and made those of the model and of its predictions. The pictures
        of the data set stay with DVC: its artifact has the tables, which name each of them.
        """
        with_photos = os.environ.get(PHOTOS) == "1"
        self.run.summary.update(dict(metrics))
        pictures = sorted(path for path in files.plots.rglob("*.png") if with_photos or path.stem not in GALLERIES)
        self.run.log({f"plots/{path.stem}": self.wandb.Image(str(path)) for path in pictures})
        self._use(self._artifact("dataset", "dataset", sorted([*files.data.glob("*.csv"), *files.data.glob("*.json")])))
        self.run.log_artifact(self._artifact("model", "model", [files.model]))
        self.run.log_artifact(self._artifact("predictions", "predictions", [files.predictions]))
        self.run.log({"test/predictions": self._table(files, with_photos=with_photos)})

    def log_onnx(self, path: Path) -> None:
        """Write the model as ONNX as one more artifact."""
        self.run.log_artifact(self._artifact("model-onnx", "model", [path]))

    def _table(self, files: ResultFiles, *, with_photos: bool) -> Any:
        store = Store.load(files.data)
        predictions = read_predictions(files.predictions, classes=bool(store.meta.class_names))
        rows = prediction_rows(predictions)
        if with_photos and store.images.shape[1]:
            photos = [self.wandb.Image(photo) for photo in store.images[store.rows("test")]]
            rows.insert(0, "photo", pd.Series(photos, dtype=object))
        return self.wandb.Table(columns=list(rows), data=rows.to_numpy(object).tolist())

    def _use(self, artifact: Any) -> None:
        """Say that the run has used an artifact, which is new if its files are."""
        if self.run.offline:
            # `use_artifact` waits for the server. This is what it does before that; `wandb sync` does the rest.
            self.run._log_artifact(artifact, is_user_created=True, use_after_commit=True)
        else:
            self.run.use_artifact(artifact)

    def _artifact(self, name: str, kind: str, paths: Iterable[Path]) -> Any:
        artifact = self.wandb.Artifact(f"{PROJECT}-{name}", type=kind)
        for path in paths:
            artifact.add_file(str(path))
        return artifact

    def end(self, *, succeeded: bool) -> None:
        """Close the run."""
        self.run.finish(exit_code=0 if succeeded else 1)


def _tags(run: RunFacts) -> list[str]:
    tags = {"git": run.commit[:12], "dvc.lock": run.lock_md5}
    return [f"{key}:{value}" for key, value in tags.items() if value]


def _has_key() -> bool:
    if os.environ.get("WANDB_API_KEY"):
        return True
    host = urlsplit(os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")).hostname or ""
    try:
        return netrc.netrc(os.environ.get("NETRC")).authenticators(host) is not None
    except (OSError, netrc.NetrcParseError):
        return False
