"""A run in DVCLive."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from specimen.common.flattening import flatten
from specimen.integrations.tracker import RunFacts, repository_root
from specimen.integrations.tracking import ResultFiles


class DvcliveRun:
    """DVCLive, in `dvclive/`: live plots in the VS Code extension of DVC. It leaves dvc.yaml and experiments alone."""

    def __init__(self, run: RunFacts) -> None:
        from dvclive import Live  # noqa: PLC0415 - an extra

        self.location = str(repository_root() / "dvclive")
        self.live = Live(self.location, resume=run.resumed, save_dvc_exp=False, dvcyaml=None)
        self.live.log_params(flatten(run.params, ".") | {"git_commit": run.commit, "dvc_lock_md5": run.lock_md5})

    def log(self, values: Mapping[str, float], epoch: int) -> None:
        """Write the numbers of one epoch, with the epoch as step."""
        self.live.step = epoch
        for name, value in values.items():
            self.live.log_metric(name, value)
        self.live.make_summary()

    def log_results(self, metrics: Mapping[str, float], files: ResultFiles) -> None:
        """Write metrics and plots; data and model are in DVC already."""
        for name, value in metrics.items():
            self.live.log_metric(name, value, plot=False)
        for path in sorted(files.plots.rglob("*.png")):
            self.live.log_image(path.name, path)
        self.live.make_summary()

    def log_onnx(self, path: Path) -> None:
        """Write nothing: the file is in DVC already."""

    def end(self, *, succeeded: bool) -> None:
        """Close the run."""
        self.live.end()
