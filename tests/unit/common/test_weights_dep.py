"""The weights that a training starts from are a dep of each stage that trains, while they are a file."""

import re
import shutil
from pathlib import Path

import pytest
import yaml
from projects import ROOT

from specimen.common.weights_dep import DEP, STAGES, is_listed, list_where_needed


@pytest.fixture
def pipelines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[Path, str]:
    """Those of the repository, in a folder of their own."""
    monkeypatch.chdir(tmp_path)
    for path in STAGES:
        path.parent.mkdir(exist_ok=True)
        shutil.copyfile(ROOT / path, path)
    return {path: path.read_text(encoding="utf-8") for path in STAGES}


def test_a_file_becomes_a_dep_of_each_stage_that_trains_and_of_no_other(pipelines: dict[Path, str]) -> None:
    assert list_where_needed("data/start.pth") == [*pipelines]
    assert is_listed()
    for path in pipelines:
        stages = yaml.safe_load(path.read_text(encoding="utf-8"))["stages"]
        assert [name for name, stage in stages.items() if DEP in stage["deps"]] == [STAGES[path]]


def test_every_stage_whose_params_train_a_model_is_known() -> None:
    """Those that name the section `train`, but for `validate`, which only reads it."""
    for path, stage in STAGES.items():
        stages = yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))["stages"]
        assert {name for name, one in stages.items() if "train" in one.get("params", ())} - {"validate"} == {stage}


def test_the_line_is_written_once_and_goes_without_a_trace(pipelines: dict[Path, str]) -> None:
    list_where_needed("a.pt")
    assert list_where_needed("other/b.pth") == []
    assert list_where_needed("DEFAULT") == [*pipelines]
    assert {path: path.read_text(encoding="utf-8") for path in pipelines} == pipelines
    assert list_where_needed("none") == []
    assert not is_listed()


def test_a_repository_without_folds_is_no_trouble(pipelines: dict[Path, str]) -> None:
    shutil.rmtree("folds")
    assert list_where_needed("a.pt") == [Path("dvc.yaml"), Path("seeds/dvc.yaml")]


@pytest.mark.parametrize("path", sorted((ROOT / "recipes").glob("*.yaml")), ids=lambda path: path.stem)
def test_a_recipe_that_starts_from_a_file_says_where_it_comes_from(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    weights = yaml.safe_load(text)["train"].get("weights", "none")
    imported = re.findall(r"^# .*dvc import-url https://\S+ (\S+)", text, re.MULTILINE)
    assert imported == ([weights] if weights.endswith(".pth") else [])
