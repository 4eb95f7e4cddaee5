"""Photos that were rejected are not in the store; the page reads them from the data."""

from pathlib import Path

import numpy as np
import pytest
from conftest import picture

from specimen.reporting.page.build import _raw_reader

BATCHES = {"root": "raw", "task": "regression", "table": "*/labels.csv"}


@pytest.fixture
def raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for number, batch in enumerate(("one", "two")):
        folder = tmp_path / "raw" / batch
        folder.mkdir(parents=True)
        (folder / "labels.csv").touch()
        picture(number).save(folder / "a.png")


@pytest.mark.usefixtures("raw")
def test_a_photo_is_that_of_its_batch() -> None:
    read = _raw_reader({"data": BATCHES})
    one, two = read("one/a.png"), read("two/a.png")
    assert one is not None
    assert two is not None
    assert not np.array_equal(one, two)
    assert read("three/a.png") is None


@pytest.mark.usefixtures("raw")
@pytest.mark.parametrize(
    "change", [{"table": "week-*/labels.csv"}, {"root": "elsewhere"}, {"task": "of an old version"}]
)
def test_data_that_are_not_there_have_none(change: dict[str, str]) -> None:
    assert _raw_reader({"data": BATCHES | change})("one/a.png") is None
