"""A run in MLflow."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from specimen.common.flattening import flatten
from specimen.integrations.tracker import PACKAGE, PROJECT, RunFacts, repository_root

LONGEST_PARAM = 6000
"""Characters of a value that MLflow accepts."""
OWN_DEFAULTS = {
    # MLflow's own five retries of two minutes each are for people who wait for the answer.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
"""Environment variables that are set unless the user has set them."""


class MlflowRun:
    """MLflow, by default in `mlflow.db` and `mlruns/` of the repository; see MLFLOW_TRACKING_URI."""

    def __init__(self, run: RunFacts) -> None:
        for variable, value in OWN_DEFAULTS.items():
            os.environ.setdefault(variable, value)
        import mlflow  # noqa: PLC0415 - an extra, which reads the variables

        self.mlflow = mlflow
        experiment = os.environ.get("MLFLOW_EXPERIMENT_NAME", PROJECT)
        artifacts = self._choose_server()
        self.location = mlflow.get_tracking_uri()
        run_of_mlflow = os.environ.get("MLFLOW_RUN_ID")  # inside `mlflow run`
        if run_of_mlflow is None and mlflow.get_experiment_by_name(experiment) is None:
            mlflow.create_experiment(experiment, artifact_location=artifacts)
        run_id = run_of_mlflow
        if run_id is None and run.resumed:
            run_id = self._run_of_session(experiment, run.session)
        if run_id is None:
            mlflow.set_experiment(experiment)
        mlflow.start_run(run_id=run_id, run_name=run.name)
        commit = {"mlflow.source.git.commit": run.commit} if run.commit else {}
        mlflow.set_tags({"session": run.session, "dvc.lock.md5": run.lock_md5, **commit})
        if run_id is None or not run.resumed:
            params = flatten(run.params, ".")
            mlflow.log_params({key: str(value)[:LONGEST_PARAM] for key, value in params.items()})

    def _choose_server(self) -> str | None:
        """Use the database of the repository unless the user names a server; return where artifacts go in that case."""
        if os.environ.get("MLFLOW_TRACKING_URI"):
            return None
        root = repository_root()
        self.mlflow.set_tracking_uri(f"sqlite:///{root / 'mlflow.db'}")
        return (root / "mlruns").as_uri()

    def _run_of_session(self, experiment: str, session: str) -> str | None:
        client = self.mlflow.MlflowClient()
        experiments = [client.get_experiment_by_name(experiment).experiment_id]
        runs = client.search_runs(experiments, f"tags.session = '{session}'", max_results=1)
        return runs[0].info.run_id if runs else None

    def log(self, values: Mapping[str, float], epoch: int) -> None:
        """Write the numbers of one epoch, with the epoch as step."""
        self.mlflow.log_metrics(dict(values), step=epoch)

    def log_results(self, metrics: Mapping[str, float], plots: Path, model: Path, data: Path) -> None:
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
