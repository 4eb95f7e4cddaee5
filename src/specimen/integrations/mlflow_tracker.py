"""A run in MLflow."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from specimen.common.flattening import flatten
from specimen.integrations.tracker import PACKAGE, PROJECT, home


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
            mlflow.log_params({key: str(value)[:6000] for key, value in flatten(run["params"], ".").items()})

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
