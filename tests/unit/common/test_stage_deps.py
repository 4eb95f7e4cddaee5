"""A file that a stage reads must be one of its deps."""

from pathlib import Path

import pytest

from specimen.common.errors import SpecimenError
from specimen.common.stage_deps import is_tracked, require_dep


@pytest.fixture
def pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("dvc.yaml").write_text(
        "stages: {train: {cmd: x, deps: [data/prepared, weights/resnet18.pth], outs: [models/model.pt]}}"
    )


@pytest.mark.usefixtures("pipeline")
@pytest.mark.parametrize("path", ["weights/resnet18.pth", "data/prepared/meta.json"])
def test_a_listed_file_and_one_in_a_listed_folder_pass(path: str) -> None:
    require_dep("train", Path(path), "train.weights")


@pytest.mark.usefixtures("pipeline")
def test_a_dep_may_be_the_param_that_names_the_file() -> None:
    Path("dvc.yaml").write_text("stages: {train: {cmd: x, deps: ['${train.weights}']}}")
    require_dep("train", Path("other.pth"), "train.weights")
    with pytest.raises(SpecimenError, match="not among the deps"):
        require_dep("train", Path("other.pth"), "train.teacher")


@pytest.mark.usefixtures("pipeline")
def test_another_file_is_refused_with_the_line_to_add() -> None:
    with pytest.raises(SpecimenError, match=r"train\.weights: 'other\.pth' .*Add the line `- other\.pth` there"):
        require_dep("train", Path("other.pth"), "train.weights")


def test_without_a_pipeline_nothing_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    require_dep("train", Path("other.pth"), "train.weights")


@pytest.mark.usefixtures("pipeline")
@pytest.mark.parametrize("kept", ["other.pth.dvc", "weights.dvc"])
def test_what_dvc_tracks_may_not_be_here_yet(kept: str) -> None:
    path = Path("other.pth") if kept.startswith("other") else Path("weights/other.pth")
    assert not is_tracked(path)
    Path(kept).touch()
    assert is_tracked(path)


@pytest.mark.usefixtures("pipeline")
@pytest.mark.parametrize(("path", "tracked"), [("weights/a.pt", True), ("own.pt", True), ("other.pt", False)])
def test_an_output_of_a_stage_is_tracked(path: str, tracked: bool) -> None:
    Path("dvc.yaml").write_text("stages: {pretrain: {cmd: x, outs: [weights: {persist: true}, own.pt]}, train: {}}")
    assert is_tracked(Path(path)) == tracked


@pytest.mark.usefixtures("pipeline")
def test_what_the_stage_writes_itself_cannot_be_read() -> None:
    with pytest.raises(SpecimenError, match=r"'models/model\.pt' is what stage train writes, .* Copy it elsewhere"):
        require_dep("train", Path("models/model.pt"), "train.weights")
