"""`python tools/make_site.py` writes a folder that is complete, or says what is missing and writes nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import make_site
import projects
import pytest
from needs import needs_node

from specimen.common.errors import SpecimenError
from specimen.site.formats import read_model


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_onnx: Callable[..., Path]) -> Callable[..., None]:
    """Make the site of a model in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models/small").mkdir(parents=True)
    write_onnx(tmp_path / "models/model.onnx")

    def make(*options: str) -> None:
        monkeypatch.setattr(sys, "argv", ["make_site.py", *options])
        make_site.main()

    return make


@needs_node
def test_the_folder_is_written_and_written_again(run: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    run()
    said = capsys.readouterr().out
    assert "later ones nothing" in said
    assert "http://localhost:8080/" in said
    Path("site/left-over").touch()
    run("--format", "fp32")
    assert not Path("site/left-over").exists()
    assert Path("site/index.html").is_file()
    assert json.loads(Path("site/site.json").read_bytes())["sheet"]["table"] == "labels.xlsx"


def test_photos_are_exported_as_params_ask_for_it_if_they_are_those_of_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_onnx: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    model = read_model(write_onnx(tmp_path / "model.onnx"), tmp_path)
    assert make_site.sheet_of(model) is None
    data = {"table": "week-*/sheet.csv", "target": "fresh_weight", "group": ["batch", "pot"]}
    projects.write_params(Path(), data=data)
    sheet = make_site.sheet_of(model)
    assert sheet is not None
    assert (sheet.batch, sheet.table, sheet.group) == ("week-*", "sheet.csv", ("pot",))
    projects.write_params(Path(), data=data | {"target": "height"})
    assert make_site.sheet_of(model) is None
    assert "params.yaml is about height, the model about fresh_weight" in capsys.readouterr().out


def test_a_folder_with_other_files_is_left_alone(run: Callable[..., None]) -> None:
    Path("photos").mkdir()
    Path("photos/a.jpg").touch()
    for other in ("photos", "photos/a.jpg"):
        with pytest.raises(SpecimenError, match=rf"--output: {other} has other files, .* Name a new folder\."):
            run("--output", other)
    assert Path("photos/a.jpg").exists()


def test_without_the_packages_of_npm_it_says_how_to_get_them(
    run: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "package.json").write_text('{"dependencies": {"onnxruntime-web": "1.0.0"}}', encoding="utf-8")
    monkeypatch.setattr(make_site, "ROOT", tmp_path)
    with pytest.raises(SpecimenError, match=r"onnxruntime-web is not installed: `npm ci` installs it"):
        run()
    assert not Path("site").exists()
