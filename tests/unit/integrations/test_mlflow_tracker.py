"""Where an experiment keeps its files. What is in a run is in `tests/pipeline/test_trackers.py`."""

from pathlib import Path
from unittest.mock import Mock

import pytest

from specimen.common.errors import SpecimenError
from specimen.integrations.mlflow_tracker import MlflowRun


def run_in(place: str | None, *, is_local: bool) -> MlflowRun:
    """Return a run of an experiment that keeps its files in a place, or that is not there yet."""
    run = MlflowRun.__new__(MlflowRun)
    run.name, run.is_local, run.client = "leaves", is_local, Mock()
    run.client.get_experiment_by_name.return_value = place and Mock(artifact_location=place, experiment_id=3)
    return run


@pytest.mark.parametrize(
    ("place", "is_local", "whose"),
    [
        ("file:///lab/mlruns", False, "the machine of the server"),
        ("/lab/mlruns", False, "the machine of the server"),
        ("mlflow-artifacts:/1", True, "a server"),
    ],
)
def test_an_experiment_whose_files_are_out_of_reach_is_refused(place: str, is_local: bool, whose: str) -> None:
    """MLflow would write the files of another machine's path here, and nobody would find them."""
    with pytest.raises(SpecimenError) as caught:
        run_in(place, is_local=is_local)._experiment()
    assert f"the experiment 'leaves' keeps its files in {place}, where only {whose} can write" in str(caught.value)


@pytest.mark.parametrize(
    ("place", "is_local"), [("file:///lab", True), ("mlflow-artifacts:/1", False), ("s3://a", False)]
)
def test_an_experiment_within_reach_is_used(place: str, is_local: bool) -> None:
    assert run_in(place, is_local=is_local)._experiment() == "3"


@pytest.mark.parametrize("is_local", [True, False])
def test_a_new_experiment_keeps_its_files_in_the_repository_or_where_the_server_says(
    is_local: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = run_in(None, is_local=is_local)
    run._experiment()
    place = (tmp_path / "mlruns").as_uri() if is_local else None
    run.client.create_experiment.assert_called_once_with("leaves", artifact_location=place)
