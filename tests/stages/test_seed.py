"""The stage seed: what its training and evaluation get, and what is kept of them."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import seed
from specimen.common.errors import SpecimenError

PARAMS = {
    "train": {"launcher": "python", "seed": 1, "lr": 0.1, "track": ["mlflow"], "weights": "start.pt"},
    "evaluate": {"gallery": 3},
}
TRAIN = "from pathlib import Path\nassert Path('data/prepared/samples.csv').is_file()\n"
EVALUATE = (
    "import json, os\nfrom pathlib import Path\nPath('plots').mkdir()\n"
    "Path('plots/predictions.csv').write_text(json.dumps(dict(os.environ) | {'script': __file__}))\n"
)


def make_project(folder: Path, **train: Any) -> Path:
    """Write params, prepared data, and scripts that only look at what they get."""
    for name in ("src", "data/prepared"):
        (folder / name).mkdir(parents=True)
    (folder / "data/prepared/samples.csv").touch()
    (folder / "start.pt").touch()
    (folder / "params.yaml").write_text(yaml.safe_dump(PARAMS | {"train": PARAMS["train"] | train}))
    (folder / "src/train.py").write_text(TRAIN)
    (folder / "src/evaluate.py").write_text(EVALUATE)
    return folder


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(make_project(tmp_path / "project"))
    return Path.cwd()


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["seed.py", *arguments])
    seed.main()


def stopped(project: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str, code: Path | None = None) -> None:
    """Run with a training that is interrupted."""
    ((code or project) / "src/train.py").write_text("raise SystemExit(130)")
    with pytest.raises(SystemExit) as exited:
        run(monkeypatch, *arguments)
    assert exited.value.code == 130


def test_only_the_predictions_are_kept(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(monkeypatch, "5")
    assert [path.name for path in Path("seeds").iterdir()] == ["seed-5.csv"]
    assert not list(Path(seed.WORK).iterdir())


def test_no_tracker_hears_of_it(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPECIMEN_TRACK", "dvclive")
    monkeypatch.setenv("SOMETHING_ELSE", "kept")
    run(monkeypatch, "5")
    env = json.loads(Path("seeds/seed-5.csv").read_text())
    assert env["SOMETHING_ELSE"] == "kept"
    assert "SPECIMEN_TRACK" not in env
    assert os.environ["SPECIMEN_TRACK"] == "dvclive"


def test_the_seed_is_another_and_all_else_is_as_in_the_params(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped(project, monkeypatch, "5")
    params = yaml.safe_load((seed.WORK / "seed-5/params.yaml").read_text())
    assert params["train"] == PARAMS["train"] | {"seed": 5, "track": [], "weights": str(project / "start.pt")}
    assert params["evaluate"] == {"explain": False}
    assert not Path("seeds/seed-5.csv").exists()


def test_the_seed_of_a_forest_is_another_too(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    params = yaml.safe_load((project / "params.yaml").read_text())
    forest = params["train"] | {"backbone": "forest", "forest": {"max_depth": 3}}
    (project / "params.yaml").write_text(yaml.safe_dump(params | {"train": forest}))
    stopped(project, monkeypatch, "5")
    params = yaml.safe_load((seed.WORK / "seed-5/params.yaml").read_text())
    assert params["train"]["forest"] == {"max_depth": 3, "random_state": 5}


def test_an_interrupted_training_finds_what_it_left(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped(project, monkeypatch, "5")
    (seed.WORK / "seed-5/models").mkdir()
    (seed.WORK / "seed-5/models/checkpoint.pt").touch()
    (project / "src/train.py").write_text("from pathlib import Path\nassert Path('models/checkpoint.pt').is_file()\n")
    run(monkeypatch, "5")
    assert Path("seeds/seed-5.csv").exists()


def test_the_base_is_trained_by_its_own_code_with_its_own_params(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = make_project(project / seed.WORK / "base-abc", lr=0.7)
    run(monkeypatch, "5", "--base", "abc")
    assert json.loads(Path("seeds/base-5.csv").read_text())["script"] == str(base / "src/evaluate.py")
    stopped(project, monkeypatch, "5", "--base", "abc", code=base)
    params = yaml.safe_load((seed.WORK / "base-5/params.yaml").read_text())
    assert (params["train"]["lr"], params["train"]["seed"]) == (0.7, 5)
    assert (seed.WORK / "base-5/data/prepared").resolve() == base / "data/prepared"


def test_without_the_copy_of_the_base_the_way_to_make_it_is_named(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SpecimenError, match=r"base-abc is not there: `make seeds BASE=main` makes"):
        run(monkeypatch, "5", "--base", "abc")


def test_params_without_a_section_train_are_an_error(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("params.yaml").write_text("evaluate: {}\n")
    with pytest.raises(SpecimenError, match=r"params\.yaml has no section train"):
        run(monkeypatch, "5")
