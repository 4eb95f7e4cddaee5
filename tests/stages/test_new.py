"""`python tools/new.py` proposes params for data that it has never seen, with which validate and prepare run."""

from __future__ import annotations

import io
import json
import re
import shutil
import sys
import zipfile
from pathlib import Path
from typing import Any

import new
import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import DrawPhotos
from projects import ROOT, fail_script, run_script

PARAMS = (ROOT / "params.yaml").read_text(encoding="utf-8")
PLANT_SHEET = """
    filename experiment_id farmbot_name plant_number timestamp temperature humidity illuminancelux illuminanceinfrared
    illuminancevisible illuminancefullspectrum is_active fresh_weight_total fresh_weight_shoot fresh_weight_root
    dry_weight_shoot age_days condition shoot_root_ratio_fresh plant_surface_area leaf_surface_area small_leaves
    big_leaves total_leaves artificial_light lab_book_page
"""
"""The columns of the sheet that these pipelines are for."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the params of the embedded sample, in which no data are yet."""
    (tmp_path / "params.yaml").write_text(PARAMS, encoding="utf-8")
    (tmp_path / "data").mkdir()
    return tmp_path


def written(folder: Path, *arguments: str) -> dict[str, Any]:
    """Take the proposal, let validate read it, and return the params."""
    run_script(folder, "new", "--yes", *arguments)
    params: dict[str, Any] = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))
    run_script(folder, "validate")
    return params


def meta(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "data/prepared/meta.json").read_text())
    return content


def test_a_german_table_with_photos(folder: Path, draw_photos: DrawPhotos) -> None:
    labels = draw_photos(folder / "data/raw/fotos", 60)
    labels = labels.rename(columns={"filename": "Datei", "weight": "Gewicht_g", "plant": "Pflanze"})
    labels.to_csv(folder / "data/raw/Liste.csv", sep=";", decimal=",", index=False, encoding="cp1252")
    data = written(folder)["data"]
    assert data == {
        "root": "data/raw", "task": "regression", "table": "Liste.csv", "images": "fotos", "image_column": "Datei",
        "target": "Gewicht_g", "unit": "g", "group": ["Pflanze"], "leaks": ["colour"],
    }  # fmt: skip
    run_script(folder, "prepare")
    assert meta(folder)["counts"]["groups"] == 30


def test_class_folders(folder: Path, draw_photos: DrawPhotos) -> None:
    draw_photos(folder / "data/raw", 60, classes=True)
    params = written(folder)
    assert params["data"] == {"root": "data/raw", "task": "classification", "target": "class"}
    assert params["evaluate"]["predictions_plot"] == "confusion"
    assert "by" not in params["evaluate"]
    assert "sample" not in params
    assert params["prepare"]["image_size"] == 32


def test_split_folders(folder: Path, draw_photos: DrawPhotos) -> None:
    for number, split in enumerate(("train", "val", "test")):
        draw_photos(folder / "once", 12 * (number + 1), classes=True)
        shutil.move(folder / "once", folder / "data/raw" / split)
    for path in (folder / "data/raw").rglob("*.png"):  # no photo in two splits
        path.write_bytes(path.read_bytes() + path.relative_to(folder).as_posix().encode())
    data = written(folder)["data"]
    assert data == {"root": "data/raw", "task": "classification", "target": "class", "split_folders": True}


def plant_sheet(files: list[str]) -> pd.DataFrame:
    """Return a sheet with 26 columns: two photos of each plant, whose numbers start again in each experiment."""
    random = np.random.default_rng(5)
    count = len(files) // 2
    weight = np.round(random.lognormal(-2, 1.2, count), 4)
    columns: dict[str, Any] = {name: random.uniform(10, 20, count).round(1) for name in PLANT_SHEET.split()}
    columns |= {
        "experiment_id": [number // 15 + 1 for number in range(count)],
        "farmbot_name": "farmbot_uzk",
        "plant_number": [number % 15 + 1 for number in range(count)],
        "timestamp": "2024-05-01 10:00",
        "is_active": True,
        "fresh_weight_total": weight,
        "fresh_weight_shoot": (weight * 0.8).round(4),
        "fresh_weight_root": (weight * 0.2).round(4),
        "dry_weight_shoot": (weight * 0.1).round(5),
        "age_days": [(7, 14, 21, 28)[number % 4] for number in range(count)],
        "condition": [("control", "drought", "salinity")[number % 3] for number in range(count)],
        "plant_surface_area": (1000 * weight + random.uniform(0, 99, count)).round(),
        "leaf_surface_area": (900 * weight + random.uniform(0, 99, count)).round(),
        "total_leaves": random.integers(2, 12, count),
        "lab_book_page": [number // 8 + 1 for number in range(count)],
    }
    sheet = pd.DataFrame(columns).loc[np.repeat(np.arange(count), 2)]
    return sheet.assign(filename=files)[PLANT_SHEET.split()]


def test_the_sheet_with_26_columns(folder: Path, draw_photos: DrawPhotos) -> None:
    files = draw_photos(folder / "data/raw/images", 120)["filename"].tolist()
    plant_sheet(files).to_excel(folder / "data/raw/labels.xlsx", index=False)
    params = written(folder)
    data = params["data"]
    assert (data["target"], data["task"], data["unit"]) == ("fresh_weight_total", "regression", "g")
    assert data["group"] == ["experiment_id", "farmbot_name", "plant_number"]
    known = {"fresh_weight_shoot", "fresh_weight_root", "dry_weight_shoot", "plant_surface_area", "leaf_surface_area"}
    assert known <= set(data["leaks"])
    assert not {"age_days", "condition", "temperature"} & set(data["leaks"])
    assert params["train"]["target_transform"] == "sqrt"


def test_batches_of_a_week_each(folder: Path, draw_photos: DrawPhotos) -> None:
    for week in (47, 48):
        labels = draw_photos(folder / f"data/raw/week-{week}/photos", 40)
        labels.to_csv(folder / f"data/raw/week-{week}/labels.csv", index=False)
    data = written(folder)["data"]
    assert (data["table"], data["images"], data["group"]) == ("*/labels.csv", "photos", ["plant"])


def test_a_zip_of_class_folders(folder: Path, draw_photos: DrawPhotos) -> None:
    draw_photos(folder / "photos", 60, classes=True)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path in sorted((folder / "photos").rglob("*.png")):
            archive.write(path, path.relative_to(folder / "photos").as_posix())
    (folder / "data/photos.zip").write_bytes(content.getvalue())
    assert written(folder, "data/photos.zip")["data"]["root"] == "data/photos.zip"


def test_a_table_without_photos_gets_a_forest(folder: Path) -> None:
    random = np.random.default_rng(1)
    size = random.uniform(20, 90, 80).round()
    table = pd.DataFrame({"size": size, "price": size * 10 + random.normal(scale=200, size=80), "street": "one"})
    (folder / "data/raw").mkdir()
    table.assign(bed=["a", "b"] * 40).to_csv(folder / "data/raw/houses.csv", index=False)
    params = written(folder)
    assert (params["train"]["backbone"], params["train"]["features"]) == ("forest", ["size", "bed"])
    assert params["data"]["target"] == "price"


def test_one_photo_of_each_class_still_runs_with_a_word(
    folder: Path, draw_photos: DrawPhotos, capsys: pytest.CaptureFixture[str]
) -> None:
    table = draw_photos(folder / "photos", 30)
    for number, name in enumerate(table["filename"]):
        (folder / f"data/raw/class {chr(97 + number % 26)}{number}").mkdir(parents=True)
        shutil.copyfile(folder / "photos" / name, folder / f"data/raw/class {chr(97 + number % 26)}{number}/photo.png")
    written(folder)
    assert json.loads((folder / "data/validated.json").read_text())["usable"] == 30
    assert "? prepare.rules.small_class: off" in capsys.readouterr().out


def test_comments_stay_and_a_second_run_has_nothing_to_change(
    folder: Path, draw_photos: DrawPhotos, capsys: pytest.CaptureFixture[str]
) -> None:
    draw_photos(folder / "data/raw", 60, classes=True)
    run_script(folder, "new", "--yes")
    text = (folder / "params.yaml").read_text(encoding="utf-8")
    assert "# Every choice of the pipeline." in text
    assert "# probabilities; pictures from above have no up" in text
    capsys.readouterr()
    run_script(folder, "new", "--yes")
    assert "params.yaml says all of this already." in capsys.readouterr().out
    assert (folder / "params.yaml").read_text(encoding="utf-8") == text


@pytest.mark.parametrize(("answer", "is_written"), [("y", True), ("", False), (None, False)])
def test_nothing_is_written_without_a_yes(
    folder: Path, draw_photos: DrawPhotos, monkeypatch: pytest.MonkeyPatch, answer: str | None, is_written: bool
) -> None:
    draw_photos(folder / "data/raw", 60, classes=True)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: answer is not None, raising=False)
    monkeypatch.setattr("builtins.input", lambda _question: answer)
    run_script(folder, "new")
    assert ((folder / "params.yaml").read_text(encoding="utf-8") != PARAMS) == is_written


def test_params_that_are_not_there_yet_get_all_that_dvc_asks_for(folder: Path, draw_photos: DrawPhotos) -> None:
    (folder / "params.yaml").unlink()
    draw_photos(folder / "data/raw", 60, classes=True)
    params = written(folder)
    pipeline = (ROOT / "dvc.yaml").read_text(encoding="utf-8")
    for stage in yaml.safe_load(pipeline)["stages"].values():
        assert set(stage["params"]) <= params.keys()
    for section, key in re.findall(r"\$\{(\w+)\.(\w+)\}", pipeline):
        assert key in params[section], f"{section}.{key}"


def test_what_the_user_settles_is_taken(folder: Path, draw_photos: DrawPhotos) -> None:
    labels = draw_photos(folder / "data/raw", 60)
    labels.assign(bed=labels["plant"]).to_csv(folder / "data/raw/labels.csv", index=False)
    data = written(folder, "--target", "colour", "--group", "bed")["data"]
    assert (data["target"], data["task"], data["group"]) == ("colour", "classification", ["bed"])


def test_data_elsewhere_or_nowhere_are_one_message(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert "data/raw does not exist" in fail_script(folder, "new")
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    assert "is outside of this repository" in fail_script(folder, "new", str(elsewhere))
    (folder / "data/raw").mkdir()
    assert "neither photos nor a table" in fail_script(folder, "new")
    assert (folder / "params.yaml").read_text(encoding="utf-8") == PARAMS


def test_a_text_of_a_reason_is_marked_where_a_person_should_look() -> None:
    lines = new.describe(
        [new.Reason("data.group", None, "no names", doubt=True), new.Reason("data.unit", None, "none")]
    )
    assert lines.splitlines()[0] == "? data.group: -"
    assert "data.unit" not in lines
