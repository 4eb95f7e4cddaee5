"""`make demo` ends with a summary: the metrics of the test split next to the baselines."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import summary

from specimen.common.errors import SpecimenError

METRICS = {
    "rmse": 1.23456,
    "r2": 0.5,
    "samples": 12,
    "groups": 6,
}
DETAILS = {
    "interval": {"rmse": {"low": 1.0, "high": 1.5}},
    "baseline": {"mean": {"rmse": 2.5}},
}
PARAMS = "data: {root: data/raw, task: regression, table: labels.csv, unit: g}\n"


@pytest.fixture
def metrics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the metrics, in a folder with params and nothing else."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "metrics").mkdir()
    (tmp_path / "params.yaml").write_text(PARAMS)
    (tmp_path / "metrics/details.json").write_text(json.dumps(DETAILS))
    return tmp_path / "metrics/test.json"


def test_each_metric_is_next_to_its_interval_and_the_simplest_guess(
    metrics: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics.write_text(json.dumps(METRICS))
    summary.main()
    printed = capsys.readouterr().out
    lines = [line.split() for line in printed.splitlines()]
    assert ["Test", "split,", "12", "samples", "of", "6", "groups:"] in [words[:7] for words in lines]
    assert ["rmse", "1.235", "1", "to", "1.5", "mean", "2.5"] in lines
    assert ["r2", "0.5"] in lines
    assert "intervals of RMSE and R2 hold the truth in 82 to 92 of 100 cases only" in printed


def test_what_the_picture_adds_is_printed(metrics: Path, capsys: pytest.CaptureFixture[str]) -> None:
    forest = {"rmse": 2.0, "difference": {"rmse": {"value": -0.765, "low": -1.0, "high": -0.5}}}
    metrics.write_text(json.dumps(METRICS))
    (metrics.parent / "details.json").write_text(json.dumps({"baseline": {"mean": {}, "forest": forest}}))
    summary.main()
    assert "\nThe picture takes RMSE from 2.00 g (features alone) to 1.23 g" in capsys.readouterr().out


def test_without_details_the_message_says_how_to_get_them(metrics: Path) -> None:
    metrics.write_text(json.dumps({"rmse": 1.0, "samples": 12, "baseline": {"rmse": 2.5}}))
    (metrics.parent / "details.json").unlink()
    with pytest.raises(SpecimenError, match=r"metrics/details.json is not there yet; `dvc repro` makes it"):
        summary.main()


def test_the_folders_to_look_at_are_outputs_of_stages(metrics: Path, capsys: pytest.CaptureFixture[str]) -> None:
    metrics.write_text(json.dumps(METRICS))
    summary.main()
    look = [line for line in capsys.readouterr().out.splitlines() if "/" in line and not line.startswith("Try")]
    places = [word.rstrip("/") for line in look for word in line.split() if word.startswith(("plots/", "models/"))]
    stages = (Path(summary.__file__).parents[1] / "dvc.yaml").read_text(encoding="utf-8")
    assert places
    assert all(place in stages for place in places)


def test_without_metrics_the_message_says_how_to_get_them(metrics: Path) -> None:
    with pytest.raises(SpecimenError, match=r"metrics/test.json is not there yet; `dvc repro` makes it"):
        summary.main()


def test_the_marks_of_a_merge_conflict_are_one_message(metrics: Path) -> None:
    metrics.write_text('<<<<<<< HEAD\n{"rmse": 1}\n=======\n{"rmse": 2}\n>>>>>>> other\n')
    with pytest.raises(SpecimenError, match=r"metrics/test.json is not valid JSON .*; `dvc repro` makes it again"):
        summary.main()


def test_the_command_ends_with_status_2_and_one_message(tmp_path: Path) -> None:
    command = [sys.executable, summary.__file__]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: metrics/test.json is not there yet")
    assert "Traceback" not in done.stderr
