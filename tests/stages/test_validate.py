"""What would make a later stage fail is found by validate, before DVC removes any output."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from PIL import Image
from projects import SMALL, fail_script, run_script, write_params

from specimen.data.preparation.rejections import KEPT_ASIDE

Project = Callable[..., Path]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A function that writes a sheet of plants, 40 if not said otherwise, their photos (empty files) and params."""

    def make(columns: dict[str, Any] | None = None, count: int = 40, **params: dict[str, Any]) -> Path:
        names = [f"{n}.png" for n in range(count)]
        rows = {"filename": names, "plant": range(count), "weight": [1.0 + n for n in range(count)]}
        raw = tmp_path / "data/raw"
        raw.mkdir(parents=True)
        pd.DataFrame(rows | (columns or {})).to_csv(raw / "labels.csv", index=False)
        for name in names:
            (raw / name).touch()
        write_params(tmp_path, SMALL, **params)
        return tmp_path

    return make


def test_photos_are_not_decoded(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    run_script(project(), "validate")
    assert capsys.readouterr().out == "40 of 40 rows have a label and an image\n"


def test_rejected_labels_that_empty_a_split_are_blamed_and_kept_aside(project: Project) -> None:
    weights = [-1.0] * 36 + [5.0, 6.0, 7.0, 8.0]
    folder = project({"weight": weights}, prepare={"rules": {"label_out_of_range": {"min": 0}}})
    message = fail_script(folder, "validate")
    assert "split: test would be empty: 4 usable samples in 4 groups." in message
    assert "36 of 40 rows are rejected by prepare.rules:\n  36 by label_out_of_range, the first in row 2: " in message
    assert f"All 36 are in {KEPT_ASIDE}." in message
    kept = pd.read_csv(folder / KEPT_ASIDE)
    assert kept["rule"].tolist() == ["label_out_of_range"] * 36
    assert kept["row"].tolist() == list(range(2, 38))


def test_the_rule_with_most_rows_is_named_first(project: Project) -> None:
    weights = [None, None, *[-1.0] * 34, 5.0, 6.0, 7.0, 8.0]
    message = fail_script(
        project({"weight": weights}, prepare={"rules": {"label_out_of_range": {"min": 0}}}), "validate"
    )
    assert message.index("34 by label_out_of_range") < message.index("2 by missing_label")


def test_all_rows_that_break_a_rule_which_fails_are_kept_aside(project: Project) -> None:
    rules = {"label_out_of_range": {"min": 0, "action": "fail"}}
    folder = project({"weight": [-1.0] * 20 + [1.0] * 20}, prepare={"rules": rules})
    assert "20 rows break it" in fail_script(folder, "validate")
    assert len(pd.read_csv(folder / KEPT_ASIDE)) == 20


def test_what_a_failed_run_kept_aside_is_gone_after_a_good_one(project: Project) -> None:
    folder = project()
    (folder / KEPT_ASIDE).write_text("of yesterday")
    run_script(folder, "validate")
    assert not (folder / KEPT_ASIDE).exists()


def test_a_feature_with_too_many_texts_is_found(project: Project) -> None:
    remarks = [f"looks fine {n}" for n in range(90)]
    folder = project({"remark": remarks}, 90, data={"features": ["remark"]}, split={"val": 0.1, "test": 0.1})
    assert "data.features: 'remark' has " in fail_script(folder, "validate")


def test_a_feature_that_is_empty_is_found(project: Project) -> None:
    folder = project({"age": [None] * 40}, data={"features": ["age"]})
    assert "data.features: 'age' is empty in every sample of the train split" in fail_script(folder, "validate")


@pytest.mark.parametrize("transform", ["log1p", "sqrt"])
def test_a_transform_that_takes_no_negative_label_is_found(project: Project, transform: str) -> None:
    folder = project({"weight": [-3.0, *range(39)]}, train={"target_transform": transform})
    assert f"train.target_transform: {transform} is for targets from 0 up, but 1 are" in fail_script(folder, "validate")


def test_a_class_that_train_would_lack_is_found(project: Project) -> None:
    classes = ["a"] * 20 + ["b"] * 17 + ["c"] * 3
    splits = (["train"] * 16 + ["val"] * 2 + ["test"] * 2) + ["train"] * 17 + ["val", "val", "test"]
    data = {"task": "classification", "split_column": "part"}
    folder = project({"weight": classes, "part": splits}, data=data)
    assert "split: no sample of c falls into train." in fail_script(folder, "validate")


def test_classes_that_are_too_small_do_not_count(project: Project) -> None:
    data = {"task": "classification"}
    folder = project({"weight": [f"class {n}" for n in range(20)] * 2}, data=data)
    message = fail_script(folder, "validate")
    assert "none of 40 rows is usable. Rejected by prepare.rules:\n  40 by small_class" in message


def test_weights_that_are_not_there_are_found(project: Project) -> None:
    folder = project(train={"weights": "weights/mine.pt"})
    assert "train.weights: no file 'weights/mine.pt'." in fail_script(folder, "validate")


@pytest.mark.parametrize("tracked", [True, False])
def test_weights_must_be_a_dep_of_train(project: Project, tracked: bool) -> None:
    """Files that DVC tracks may not be here yet."""
    folder = project(train={"weights": "weights/mine.pt"})
    (folder / "weights").mkdir()
    (folder / "weights" / ("mine.pt.dvc" if tracked else "mine.pt")).touch()
    stages: dict[str, Any] = {"train": {"deps": ["data/prepared"]}, "validate": {}}
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    assert "Add the line `- weights/mine.pt` there." in fail_script(folder, "validate")
    stages["train"]["deps"].append("weights/mine.pt")
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    run_script(folder, "validate")


def test_names_of_weights_are_no_file_to_depend_on(project: Project) -> None:
    folder = project(train={"weights": "none"})
    stages: dict[str, Any] = {"train": {"deps": ["data/prepared", "${train.weights}"]}, "validate": {}}
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    message = fail_script(folder, "validate")
    assert "train.weights: 'none' is not a file" in message
    assert "Take the line `- ${train.weights}` out of dvc.yaml, folds/dvc.yaml, seeds/dvc.yaml." in message


def test_what_only_decoding_shows_is_blamed_by_prepare_and_kept_aside(project: Project) -> None:
    """All photos but three are empty files."""
    folder = project()
    for number in range(3):
        Image.effect_noise((40, 40), 60).convert("RGB").save(folder / f"data/raw/{number}.png")
    run_script(folder, "validate")
    message = fail_script(folder, "prepare")
    assert "would be empty: 3 usable samples" in message
    assert "37 by unreadable_image, the first in row 5" in message
    assert len(pd.read_csv(folder / KEPT_ASIDE)) == 37
    assert not (folder / "data/prepared").exists()
