"""Plots: there, readable, and the same bytes for the same numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from specimen.plots import draw, draw_history, worst
from specimen.style import draw_gallery, shortened, with_unit
from specimen.task import Classification, Regression

NUMBERS = Regression(mean=0.0, std=1.0, transform="none", criterion="mse")
META = {"target": "fresh_weight_total", "unit": "g"}
LEAVES = tuple(f"Tomato (Solanum lycopersicum)___Yellow_Leaf_Curl_Virus_{number:02}" for number in range(38))


def of_numbers(count: int = 20) -> pd.DataFrame:
    random = np.random.default_rng(0)
    target = random.gamma(2, size=count)
    return pd.DataFrame({"target": target, "prediction": target + random.normal(size=count) / 3})


def of_classes(names: tuple[str, ...], target: list[str]) -> pd.DataFrame:
    logits = np.random.default_rng(0).normal(size=(len(target), len(names)))
    return pd.concat([pd.DataFrame({"target": target}), Classification(names, 0.0).decode(logits)], axis=1)


def drawn(folder: Path) -> dict[str, tuple[int, int]]:
    """Return the pictures in a folder and their sizes, each checked to show something."""
    sizes = {}
    for path in sorted(folder.iterdir()):
        with Image.open(path) as picture:
            assert picture.format == "PNG"
            colours = picture.convert("RGB").getcolors(1 << 24)
            assert colours is not None
            assert len(colours) > 10
            sizes[path.name] = picture.size
    return sizes


def test_a_regression_is_drawn_800_px_wide(tmp_path: Path) -> None:
    draw(NUMBERS, of_numbers(), META, tmp_path)
    assert drawn(tmp_path) == {"predicted_vs_true.png": (800, 700), "residuals.png": (800, 550)}


def test_a_classification_is_drawn_800_px_wide(tmp_path: Path) -> None:
    names = ("io", "europa", "ganymed")
    draw(Classification(names, 0.0), of_classes(names, [*names] * 4), META, tmp_path)
    assert drawn(tmp_path) == {"confusion_matrix.png": (800, 700)}


@pytest.mark.parametrize("classes", [0, 3])
def test_the_same_numbers_are_the_same_bytes(tmp_path: Path, classes: int) -> None:
    names = LEAVES[:classes]
    task, table = (Classification(names, 0.0), of_classes(names, [*names])) if names else (NUMBERS, of_numbers())
    for name in ("one", "other"):
        draw(task, table, META, tmp_path / name)
    files = [path.name for path in (tmp_path / "one").iterdir()]
    assert files
    assert all((tmp_path / "one" / file).read_bytes() == (tmp_path / "other" / file).read_bytes() for file in files)


def test_other_numbers_are_another_picture(tmp_path: Path) -> None:
    draw(NUMBERS, of_numbers(), META, tmp_path / "one")
    draw(NUMBERS, of_numbers() * 2, META, tmp_path / "other")
    one, other = (tmp_path / name / "residuals.png" for name in ("one", "other"))
    assert one.read_bytes() != other.read_bytes()


def test_38_classes_with_long_names_have_room(tmp_path: Path) -> None:
    draw(Classification(LEAVES, 0.0), of_classes(LEAVES, [*LEAVES]), META, tmp_path)
    width, height = drawn(tmp_path)["confusion_matrix.png"]
    assert min(width, height) >= 38 * 30  # a line of 12 pt is 20 px high at 100 dots an inch


def test_a_class_without_samples_is_drawn(tmp_path: Path) -> None:
    names = ("io", "europa", "ganymed")
    draw(Classification(names, 0.0), of_classes(names, ["io", "europa"]), META, tmp_path)
    assert drawn(tmp_path)


@pytest.mark.parametrize("task", [NUMBERS, Classification(("io", "europa"), 0.0)])
def test_one_sample_is_drawn(tmp_path: Path, task: Any) -> None:
    draw(task, of_numbers(1) if task is NUMBERS else of_classes(("io", "europa"), ["io"]), META, tmp_path)
    assert drawn(tmp_path)


def test_a_constant_target_that_is_hit_is_drawn(tmp_path: Path) -> None:
    draw(NUMBERS, pd.DataFrame({"target": [3.0, 3.0], "prediction": [3.0, 3.0]}), META, tmp_path)
    assert drawn(tmp_path)


@pytest.mark.parametrize("name", ["$", "$_$", "a_{b}^c", "", "\\frac", "%d {}", "Ärger µ²"])
def test_odd_names_are_drawn_as_they_are(tmp_path: Path, name: str) -> None:
    names = (name, "plain")
    table = of_classes(names, [*names])
    draw(Classification(names, 0.0), table, META, tmp_path)
    draw(NUMBERS, of_numbers(), {"target": name, "unit": name}, tmp_path)
    _, caption = worst(Classification(names, 0.0), table, "")
    picture = np.zeros((8, 8, 3), dtype=np.uint8)
    draw_gallery(tmp_path / "worst.png", [picture], [caption(table.iloc[0])], "Largest errors")
    assert len(list(tmp_path.iterdir())) == 4


def history(epochs: int, **columns: float) -> pd.DataFrame:
    table = pd.DataFrame(
        {"epoch": range(1, epochs + 1), "lr": 0.1, "train_loss": 0.5, "val_loss": 0.6, "val_rmse": 2.0}
    )
    return table.assign(**columns)


@pytest.mark.parametrize("epochs", [1, 2, 40])
def test_a_history_is_drawn_800_px_wide(tmp_path: Path, epochs: int) -> None:
    draw_history(tmp_path / "history.png", history(epochs))
    assert drawn(tmp_path) == {"history.png": (800, 650)}


@pytest.mark.parametrize("count", [1, 4, 5, 48])
def test_a_gallery_grows_by_rows_of_four(tmp_path: Path, count: int) -> None:
    pictures = [np.full((16, 16, 3), 5 * number, dtype=np.uint8) for number in range(count)]
    draw_gallery(tmp_path / "gallery.png", pictures, ["true 5 g\npredicted 3 g"] * count, "Largest errors")
    width, height = drawn(tmp_path)["gallery.png"]
    rows = -(-count // 4)
    assert width == 800
    assert 200 * rows < height < 200 * rows + 60 + 60 * rows


def test_the_worst_numbers_are_the_farthest_off() -> None:
    table = pd.DataFrame({"target": [1.0, 5.0, 3.0], "prediction": [2.0, 5.0, 0.5]}, index=[7, 8, 9])
    order, caption = worst(NUMBERS, table, "g")
    assert list(order) == [9, 7, 8]
    assert caption(table.loc[9]) == "true 3 g\npredicted 0.5 g"


def test_the_worst_classes_are_those_with_the_least_probability_of_the_truth() -> None:
    task = Classification(("a", "b"), 0.0)
    decoded = task.decode(np.array([[0.0, 1.0], [0.0, 3.0], [0.0, -3.0]]))
    table = pd.concat([pd.DataFrame({"target": ["a", "a", "a"]}), decoded], axis=1).set_axis([7, 8, 9])
    order, caption = worst(task, table, "")
    assert list(order) == [8, 7, 9]
    assert caption(table.loc[8]) == "true a\nb 95%"


@pytest.mark.parametrize(
    ("name", "unit", "expected"),
    [
        ("fresh_weight_total", "g", "fresh weight total (g)"),
        ("weight_g", "g", "weight (g)"),
        ("age", "", "age"),
    ],
)
def test_a_target_is_named_with_its_unit(name: str, unit: str, expected: str) -> None:
    assert with_unit(name, unit) == expected


def test_a_long_name_is_cut_and_a_short_one_left() -> None:
    assert shortened("x" * 24) == "x" * 24
    assert shortened("x" * 25) == "x" * 23 + "…"
