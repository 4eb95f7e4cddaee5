"""`make advice`, without DVC: what the folds have written becomes a sheet, pictures and a file for Git."""

import json
from pathlib import Path
from typing import Any

import advice
import builders
import numpy as np
import pandas as pd
import pytest
import yaml

from specimen.common.errors import SpecimenError

PLANTS = 40
DATA: dict[str, Any] = {
    "root": "data/raw", "task": "regression", "table": "labels.csv", "image_column": "photo",
    "target": "weight", "unit": "g", "group": ["plant"],
}  # fmt: skip
TRAIN = {"backbone": "shufflenet_v2_x0_5"}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose two folds have run; the label of plant 7 is wrong."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    plants = np.repeat(np.arange(PLANTS), 2)
    truth = np.repeat(rng.uniform(1, 5, PLANTS), 2)
    samples = pd.DataFrame({"row": np.arange(2 * PLANTS) + 2, "image": [f"{n}.jpg" for n in range(2 * PLANTS)]})
    samples = samples.assign(group=plants.astype(str), split="train", target=np.where(plants == 7, 9.0, truth))
    errors = rng.uniform(0.1, 0.2, 2 * PLANTS) * rng.choice([-1, 1], 2 * PLANTS)
    said = samples.assign(prediction=truth + np.where(plants < 12, 3, 1) * errors)
    for fold in range(2):
        Path(f"folds/fold-{fold}").mkdir(parents=True)
        of_fold = said[plants % 2 == fold]
        of_fold.assign(low=of_fold["prediction"] - 0.4, high=of_fold["prediction"] + 0.4).to_csv(
            f"folds/fold-{fold}/predictions.csv", index=False
        )
    Path("data/prepared").mkdir(parents=True)
    samples.to_csv("data/prepared/samples.csv", index=False)
    pictures = rng.integers(0, 255, (2 * PLANTS, 32, 32, 3), np.uint8)
    builders.write_pictures(Path("data/prepared"), pictures, samples["image"])
    Path("data/prepared/meta.json").write_text(builders.dataset_meta(image_size=32).model_dump_json())
    Path("data/raw").mkdir()
    for name in samples["image"]:
        Path("data/raw", name).touch()
    sheet = {"photo": samples["image"], "plant": samples["group"], "weight": samples["target"], "note": "as it is"}
    sheet["bed"] = np.where(plants < 12, "far", "near")
    pd.DataFrame(sheet).to_csv("data/raw/labels.csv", index=False)
    Path("params.yaml").write_text(yaml.safe_dump({"data": DATA, "split": {"folds": 2}, "train": TRAIN}))
    monkeypatch.setattr(advice, "origin_of", lambda *_: {"data": "0a.dir", "folds": {"0": "1b.dir", "1": "2c.dir"}})
    return tmp_path


def test_the_wrong_label_comes_first_in_the_terminal_in_the_file_and_in_the_sheet(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    advice.main()
    printed = capsys.readouterr().out
    assert [line for line in printed.splitlines() if line.startswith("|")][2].startswith(
        "| 14.jpg         |     9 g | "
    )
    written = json.loads(Path("metrics/advice.json").read_text())
    assert written["of"] == {"data": "0a.dir", "folds": {"0": "1b.dir", "1": "2c.dir"}}
    assert written["suspects"]["labels"] == PLANTS
    assert written["suspects"]["first"][0]["group"] == "7"
    sheet = pd.read_excel("plots/advice/suspects.xlsx", engine="calamine")
    assert sheet[["photo", "weight", "note"]].iloc[:2].to_numpy().tolist() == [
        ["14.jpg", 9, "as it is"],
        ["15.jpg", 9, "as it is"],
    ]
    assert Path("plots/advice/suspects.png").stat().st_size > 1000


def test_the_bed_in_which_the_errors_are_larger_is_named(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    advice.main()
    assert "| bed far" in capsys.readouterr().out
    (found,) = json.loads(Path("metrics/advice.json").read_text())["slices"]["found"]
    assert (found["slice"], found["groups"], found["photos"]) == ("bed far", 12, 24)
    assert Path("plots/advice/slices.png").stat().st_size > 1000


def test_what_twice_the_plants_would_bring_is_printed_drawn_and_written(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    advice.main()
    assert "Twice the objects (40 to 80): RMSE about " in capsys.readouterr().out
    written = json.loads(Path("metrics/advice.json").read_text())["curve"]
    assert written["groups"] == PLANTS
    assert written["then"]["low"] < written["then"]["rmse"] < written["then"]["high"]
    assert Path("plots/advice/curve.png").stat().st_size > 1000


def test_a_second_time_nothing_changes(project: Path) -> None:
    files = [
        Path("metrics/advice.json"),
        *(Path("plots/advice") / name for name in ("suspects.xlsx", "suspects.png", "slices.png", "curve.png")),
    ]
    advice.main()
    before = [file.read_bytes() for file in files]
    advice.main()
    assert [file.read_bytes() for file in files] == before


def test_without_folds_the_way_out_is_named(project: Path) -> None:
    Path("params.yaml").write_text(yaml.safe_dump({"data": DATA}))
    with pytest.raises(SpecimenError, match=r"split\.folds: null, so there are no folds to learn from"):
        advice.main()
