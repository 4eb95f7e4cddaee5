"""A run in MLflow."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from specimen.common.errors import SpecimenError
from specimen.common.flattening import flatten
from specimen.common.hashing import file_md5
from specimen.data.dataset.store import Store
from specimen.inference.load import load_predictor
from specimen.integrations.mlflow_signature import make_example, make_signature, onnx_signature
from specimen.integrations.tracker import PACKAGE, PROJECT, RunFacts, repository_root
from specimen.integrations.tracking import ResultFiles

LONGEST_PARAM = 6000
"""Characters of a value that MLflow accepts."""
OWN_DEFAULTS = {
    # MLflow's own five retries of two minutes each are for people who wait for the answer.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
"""Environment variables that are set unless the user has set them."""
THROUGH_SERVER = "mlflow-artifacts"
"""Scheme of the addresses of files that a server takes and gives."""


class MlflowRun:
    """MLflow: a server (MLFLOW_TRACKING_URI), else `mlflow.db` and `mlruns/` of the repository."""

    def __init__(self, run: RunFacts) -> None:
        for variable, value in OWN_DEFAULTS.items():
            os.environ.setdefault(variable, value)
        import mlflow  # noqa: PLC0415 - an extra, which reads the variables

        self.mlflow = mlflow
        if not os.environ.get("MLFLOW_TRACKING_URI"):
            mlflow.set_tracking_uri(f"sqlite:///{repository_root() / 'mlflow.db'}")
        self.location = mlflow.get_tracking_uri()
        self.is_local = urlsplit(self.location).scheme in ("sqlite", "file", "")
        # Where an experiment keeps its files is settled when it is made, so those of a server are others.
        self.name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or (f"{PROJECT}-local" if self.is_local else PROJECT)
        self.client = mlflow.MlflowClient()
        try:
            self._start(run)
        except mlflow.exceptions.MlflowException as error:
            if "failed with exception" in str(error):  # of the request; a page of details would follow
                raise SpecimenError(
                    f"no server answers at {self.location} (MLFLOW_TRACKING_URI); `make mlflow` starts one here"
                ) from error
            raise

    def _start(self, run: RunFacts) -> None:
        """Start the run, or go on with it, and write what it is."""
        run_id = os.environ.get("MLFLOW_RUN_ID")  # inside `mlflow run`
        experiment_id = None
        if run_id is None:
            experiment_id = self._experiment()
            run_id = self._run_of_session(experiment_id, run.session) if run.resumed else None
        self.mlflow.start_run(run_id=run_id, experiment_id=experiment_id, run_name=run.name)
        commit = {"mlflow.source.git.commit": run.commit} if run.commit else {}
        self.mlflow.set_tags({"session": run.session, "dvc.lock.md5": run.lock_md5, **commit})
        if run_id is None or not run.resumed:
            params = flatten(run.params, ".")
            self.mlflow.log_params({key: str(value)[:LONGEST_PARAM] for key, value in params.items()})

    def _experiment(self) -> str:
        """Return the id of the experiment. Raises `SpecimenError` where its files are out of reach from here."""
        experiment = self.client.get_experiment_by_name(self.name)
        if experiment is None:
            place = (repository_root() / "mlruns").as_uri() if self.is_local else None
            return str(self.client.create_experiment(self.name, artifact_location=place))
        through_server = urlsplit(experiment.artifact_location).scheme == THROUGH_SERVER
        on_disk = urlsplit(experiment.artifact_location).scheme in ("file", "")
        if (on_disk and not self.is_local) or (through_server and self.is_local):
            whose = "a server" if through_server else "the machine of the server"
            raise SpecimenError(
                f"the experiment '{self.name}' keeps its files in {experiment.artifact_location}, where only {whose} "
                "can write; set MLFLOW_EXPERIMENT_NAME to another name"
            )
        return str(experiment.experiment_id)

    def _run_of_session(self, experiment_id: str, session: str) -> str | None:
        runs = self.client.search_runs([experiment_id], f"tags.session = '{session}'", max_results=1)
        return runs[0].info.run_id if runs else None

    def log(self, values: Mapping[str, float], epoch: int) -> None:
        """Write the numbers of one epoch, with the epoch as step."""
        self.mlflow.log_metrics(dict(values), step=epoch)

    def log_results(self, metrics: Mapping[str, float], files: ResultFiles) -> None:
        """Write metrics, plots and predictions, and the model as a version that `mlflow.pyfunc.load_model` reads."""
        self.mlflow.log_metrics({re.sub(r"[^\w\-. :/]", "_", key): value for key, value in metrics.items()})
        self.mlflow.log_artifacts(str(files.plots), "plots")
        self.mlflow.log_artifact(str(files.predictions))
        self.mlflow.log_artifact(str(files.data / "meta.json"), "data")
        if self._is_logged("model", files.model):
            return
        predictor = load_predictor(files.model)
        example = make_example(predictor, Store.load(files.data))
        logged = self.mlflow.pyfunc.log_model(
            name="model",
            loader_module="specimen.integrations.mlflow_model",
            data_path=str(files.model),
            code_paths=[str(PACKAGE)],
            pip_requirements=self._requirements(f"-r {PACKAGE.parents[1] / 'requirements.txt'}"),
            signature=make_signature(predictor, example),
            input_example=example,
            registered_model_name=self._model_name("model"),
        )
        self._mark("model", files.model, logged)

    def log_onnx(self, path: Path) -> None:
        """Write the model as a version of MLflow's ONNX flavour: `mlflow.onnx.load_model`."""
        if self._is_logged("onnx", path):
            return
        import onnx  # noqa: PLC0415 - an extra

        model = onnx.load(path)
        logged = self.mlflow.onnx.log_model(
            model,
            name="onnx",
            signature=onnx_signature(model),
            pip_requirements=self._requirements(*self.mlflow.onnx.get_default_pip_requirements()),
            onnx_execution_providers=["CPUExecutionProvider"],
            save_as_external_data=False,  # one file with the same bytes, that `predict.py --model` takes
            registered_model_name=self._model_name("onnx"),
        )
        self._mark("onnx", path, logged)

    def _model_name(self, kind: str) -> str:
        return self.name if kind == "model" else f"{self.name}-{kind}"

    def _requirements(self, *packages: str) -> list[str]:
        """Return what `mlflow models serve` installs; MLflow would add itself as a whole, which refuses pandas 3."""
        return [*packages, f"mlflow-skinny=={self.mlflow.__version__}"]

    def _is_logged(self, kind: str, file: Path) -> bool:
        """Tell whether the run has this very model already: a stage that runs again makes no second version of it."""
        run = self.client.get_run(self.mlflow.active_run().info.run_id)
        return bool(run.data.tags.get(f"{kind}.md5") == file_md5(file))

    def _mark(self, kind: str, file: Path, logged: Any) -> None:
        """Write on run and version which file this is."""
        md5 = file_md5(file)
        self.mlflow.set_tag(f"{kind}.md5", md5)
        self.client.set_model_version_tag(self._model_name(kind), str(logged.registered_model_version), "md5", md5)

    def end(self, *, succeeded: bool) -> None:
        """Close the run as finished or failed."""
        self.mlflow.end_run("FINISHED" if succeeded else "FAILED")
