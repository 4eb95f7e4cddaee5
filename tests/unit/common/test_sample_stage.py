"""Whether the stage of the embedded sample is in the way of other data."""

from pathlib import Path

import pytest

from specimen.common.sample_stage import PIPELINE, is_in_the_way


@pytest.fixture(autouse=True)
def pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    PIPELINE.parent.mkdir()
    PIPELINE.write_text("stages: {sample: {cmd: draw}}")


@pytest.mark.parametrize("root", ["data/raw", "data/raw.zip", "data/sample.zip", "data"])
def test_the_stage_is_in_the_way_of_other_data(root: str) -> None:
    assert is_in_the_way(root)


@pytest.mark.parametrize("root", ["data/sample", "./data/sample/", "data/sample/part"])
def test_it_is_not_in_the_way_of_what_it_draws(root: str) -> None:
    assert not is_in_the_way(root)


@pytest.mark.parametrize("content", ["", "stages:", "stages: {other: {cmd: draw}}"])
def test_without_the_stage_nothing_is_in_the_way(content: str) -> None:
    PIPELINE.write_text(content)
    assert not is_in_the_way("data/raw")


def test_without_its_file_nothing_is_in_the_way() -> None:
    PIPELINE.unlink()
    assert not is_in_the_way("data/raw")
