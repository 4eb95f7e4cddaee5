"""A file that a stage reads must be one of its deps."""

from pathlib import Path

import pytest

from specimen.common.errors import SpecimenError
from specimen.common.stage_deps import require_dep


@pytest.fixture
def pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("dvc.yaml").write_text("stages: {train: {cmd: x, deps: [data/prepared, weights/resnet18.pth]}}")


@pytest.mark.usefixtures("pipeline")
@pytest.mark.parametrize("path", ["weights/resnet18.pth", "data/prepared/meta.json"])
def test_a_listed_file_and_one_in_a_listed_folder_pass(path: str) -> None:
    require_dep("train", Path(path), "train.weights")


@pytest.mark.usefixtures("pipeline")
def test_another_file_is_refused_with_the_line_to_add() -> None:
    with pytest.raises(SpecimenError, match=r"train\.weights: 'other\.pth' .*Add the line `- other\.pth` there"):
        require_dep("train", Path("other.pth"), "train.weights")


def test_without_a_pipeline_nothing_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    require_dep("train", Path("other.pth"), "train.weights")
