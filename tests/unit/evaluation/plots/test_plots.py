"""Plots: there, readable, and the same bytes for the same numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import builders
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from specimen.data.dataset.meta import DatasetMeta
from specimen.evaluation.plots.by_group import draw_by
from specimen.evaluation.plots.draw import draw_predictions
from specimen.evaluation.plots.galleries import caption, captions, draw_samples, error_curve, random_rows, worst
from specimen.evaluation.plots.history import draw_history
from specimen.evaluation.results import Bounds, Scores
from specimen.evaluation.sample_errors import sample_errors
from specimen.models.task import Classification, Regression
from specimen.plotting.style import draw_gallery, shortened, with_both_ends, with_unit

NUMBERS = Regression(mean=0.0, std=1.0, transform="none", criterion="mse")
WHOLE = Scores({"rmse": 0.4}, samples=29, groups=11, intervals={})
META = builders.dataset_meta(target="fresh_weight_total")
LEAVES = tuple(f"Tomato (Solanum lycopersicum)___Yellow_Leaf_Curl_Virus_{number:02}" for number in range(38))


def of_numbers(count: int = 20) -> pd.DataFrame:
    random = np.random.default_rng(0)
    target = random.gamma(2, size=count)
    return pd.DataFrame({"target": target, "prediction": target + random.normal(size=count) / 3})


def with_intervals(count: int = 20) -> pd.DataFrame:
    table = of_numbers(count)
    return table.assign(low=table["prediction"] - 0.5, high=table["prediction"] + 0.5)


def draw_both(task: Any, table: pd.DataFrame, folder: Path, meta: DatasetMeta = META) -> tuple[Path, Path]:
    """Draw into two new folders below `folder`; return them: pictures and tables."""
    pictures, tables = folder / "pictures", folder / "tables"
    for path in (pictures, tables):
        path.mkdir(parents=True)
    draw_predictions(task, table, meta, pictures, tables)
    return pictures, tables


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
    pictures, _ = draw_both(NUMBERS, of_numbers(), tmp_path)
    assert drawn(pictures) == {"predicted_vs_true.png": (800, 740), "residuals.png": (800, 550)}


def test_intervals_and_features_have_pictures_of_their_own(tmp_path: Path) -> None:
    table = with_intervals().assign(age=[1.0, np.nan] * 10, soil=["clay", None] * 10)
    meta = builders.dataset_meta(target="fresh_weight_total", features={"age": builders.AGE, "soil": builders.SOIL})
    pictures, _ = draw_both(NUMBERS, table, tmp_path, meta)
    sizes = drawn(pictures)
    assert {"calibration.png", "residuals_by_feature.png"} <= set(sizes)
    assert {width for width, _ in sizes.values()} == {800}


def test_a_classification_is_drawn_800_px_wide(tmp_path: Path) -> None:
    names = ("io", "europa", "ganymed")
    pictures, _ = draw_both(Classification(names, 0.0), of_classes(names, [*names] * 4), tmp_path)
    sizes = drawn(pictures)
    assert set(sizes) == {"confusion_matrix.png", "confusion_counts.png", "calibration.png"}
    assert {width for width, _ in sizes.values()} == {800}


def test_residuals_are_in_a_table(tmp_path: Path) -> None:
    table = pd.DataFrame({"target": [1.0, 5.0], "prediction": [1.5, 4.0], "low": 0.0, "high": 9.0, "age": [7, 14]})
    _, tables = draw_both(NUMBERS, table, tmp_path, META.model_copy(update={"features": {"age": builders.AGE}}))
    written = pd.read_csv(tables / "residuals.csv")
    assert list(written) == ["target", "prediction", "low", "high", "residual", "age"]
    assert written["residual"].tolist() == [0.5, -1.0]


def test_coverage_is_counted_from_small_to_large_predictions(tmp_path: Path) -> None:
    prediction = np.arange(20.0)
    missed = prediction < 5
    table = pd.DataFrame({"target": prediction + missed, "prediction": prediction})
    _, tables = draw_both(NUMBERS, table.assign(low=prediction - 0.5, high=prediction + 0.5), tmp_path)
    written = pd.read_csv(tables / "calibration.csv")
    assert written["measured"].tolist() == [0.5, 1.0]
    assert written["samples"].tolist() == [10, 10]
    assert written["at"].tolist() == [4.5, 14.5]


def test_without_intervals_the_table_of_coverage_is_empty(tmp_path: Path) -> None:
    _, tables = draw_both(NUMBERS, of_numbers(), tmp_path)
    assert pd.read_csv(tables / "calibration.csv").empty


def test_reliability_compares_confidence_with_right_answers(tmp_path: Path) -> None:
    task = Classification(("a", "b"), 0.0)
    table = pd.DataFrame({"target": ["a", "a", "b", "a"], "prediction": ["a", "b", "b", "a"]})
    chances = {"confidence": [0.92, 0.55, 0.57, 1.0], "p: a": [0.92, 0.45, 0.43, 1.0], "p: b": [0.08, 0.55, 0.57, 0.0]}
    _, tables = draw_both(task, table.assign(**chances), tmp_path)
    written = pd.read_csv(tables / "calibration.csv")
    assert written["at"].tolist() == [0.56, 0.96]
    assert written["measured"].tolist() == [0.5, 1.0]
    assert written["samples"].tolist() == [2, 2]


def test_confusions_are_counted(tmp_path: Path) -> None:
    task = Classification(("a", "b"), 0.0)
    table = task.decode(np.array([[3.0, 0.0], [0.0, 3.0], [0.0, 3.0]])).assign(target=["a", "a", "b"])
    _, tables = draw_both(task, table, tmp_path)
    written = pd.read_csv(tables / "confusion.csv").values.tolist()
    assert written == [["a", "a", 1, 0.5], ["a", "b", 1, 0.5], ["b", "b", 1, 1.0]]


@pytest.mark.parametrize("classes", [0, 3])
def test_the_same_numbers_are_the_same_bytes(tmp_path: Path, classes: int) -> None:
    names = LEAVES[:classes]
    task, table = (Classification(names, 0.0), of_classes(names, [*names])) if names else (NUMBERS, with_intervals())
    for name in ("one", "other"):
        draw_both(task, table, tmp_path / name)
    files = [path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.*")]
    assert len(files) >= 5
    assert all((tmp_path / "one" / file).read_bytes() == (tmp_path / "other" / file).read_bytes() for file in files)


def test_other_numbers_are_another_picture(tmp_path: Path) -> None:
    one, _ = draw_both(NUMBERS, of_numbers(), tmp_path / "one")
    other, _ = draw_both(NUMBERS, of_numbers() * 2, tmp_path / "other")
    assert (one / "residuals.png").read_bytes() != (other / "residuals.png").read_bytes()


def test_38_classes_with_long_names_have_room(tmp_path: Path) -> None:
    pictures, _ = draw_both(Classification(LEAVES, 0.0), of_classes(LEAVES, [*LEAVES]), tmp_path)
    width, height = drawn(pictures)["confusion_matrix.png"]
    assert width == 800
    assert height >= 38 * 14  # a line of 7 pt is 12 px high at 100 dots an inch


def test_more_classes_take_more_room(tmp_path: Path) -> None:
    names = tuple(f"{name} {part}" for name in LEAVES for part in "ab")
    pictures, _ = draw_both(Classification(names, 0.0), of_classes(names, [*names]), tmp_path)
    assert drawn(pictures)["confusion_counts.png"][0] > 800


def test_a_class_without_samples_is_drawn(tmp_path: Path) -> None:
    names = ("io", "europa", "ganymed")
    pictures, _ = draw_both(Classification(names, 0.0), of_classes(names, ["io", "europa"]), tmp_path)
    assert drawn(pictures)


@pytest.mark.parametrize("task", [NUMBERS, Classification(("io", "europa"), 0.0)])
def test_one_sample_is_drawn(tmp_path: Path, task: Any) -> None:
    table = with_intervals(1) if task is NUMBERS else of_classes(("io", "europa"), ["io"])
    pictures, _ = draw_both(task, table, tmp_path)
    assert len(drawn(pictures)) == 3


def test_a_constant_target_that_is_hit_is_drawn(tmp_path: Path) -> None:
    table = pd.DataFrame({"target": [3.0] * 40, "prediction": 3.0, "low": 3.0, "high": 3.0, "age": 1.0})
    pictures, _ = draw_both(NUMBERS, table, tmp_path, META.model_copy(update={"features": {"age": builders.AGE}}))
    assert len(drawn(pictures)) == 4


@pytest.mark.parametrize("name", ["$", "$_$", "a_{b}^c", "", "\\frac", "%d {}", "Ärger µ²"])
def test_odd_names_are_drawn_as_they_are(tmp_path: Path, name: str) -> None:
    names = (name, "plain")
    task, table = Classification(names, 0.0), of_classes(names, [*names]).assign(image=f"{name}.png")
    draw_both(task, table, tmp_path / "classes")
    draw_both(NUMBERS, with_intervals(), tmp_path / "numbers", builders.dataset_meta(target=name, unit=name))
    draw_samples(
        tmp_path / "worst.png", [np.zeros((8, 8, 3), np.uint8)] * 2, captions(task, table, name), None, "Largest errors"
    )
    scores = Scores({"accuracy": 0.5}, samples=2, groups=2, intervals={})
    results = builders.results(scores, by={name: {name: scores}})
    draw_by("accuracy", results, tmp_path / "classes", tmp_path / "numbers")
    assert len(list(tmp_path.rglob("*.png"))) == 8


def test_a_metric_is_drawn_by_group_with_counts(tmp_path: Path) -> None:
    control = Scores({"rmse": 0.3}, samples=20, groups=10, intervals={"rmse": Bounds(0.2, 0.4)})
    drought = Scores({"rmse": 0.5}, samples=9, groups=1, intervals={})
    by = {"condition": {"control": control, "drought": drought}}
    draw_by("rmse", builders.results(WHOLE, by=by), tmp_path, tmp_path)
    assert set(pd.read_csv(tmp_path / "by.csv")["group"]) == {"condition: control", "condition: drought"}
    (tmp_path / "by.csv").unlink()
    assert drawn(tmp_path)["by.png"][0] == 800


def test_without_groups_their_table_is_empty(tmp_path: Path) -> None:
    draw_by("rmse", builders.results(WHOLE), tmp_path, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["by.csv"]
    assert pd.read_csv(tmp_path / "by.csv").empty


def history(epochs: int, **columns: float) -> pd.DataFrame:
    table = pd.DataFrame(
        {"epoch": range(1, epochs + 1), "lr": 0.1, "train_loss": 0.5, "val_loss": 0.6, "val_rmse": 2.0}
    )
    return table.assign(**columns)


@pytest.mark.parametrize("epochs", [1, 2, 40])
def test_a_history_is_drawn_800_px_wide(tmp_path: Path, epochs: int) -> None:
    draw_history(tmp_path / "history.png", history(epochs))
    assert drawn(tmp_path) == {"history.png": (800, 650)}


def test_a_history_shows_the_metric_that_chose_the_epoch_whatever_follows_it(tmp_path: Path) -> None:
    draw_history(tmp_path / "one.png", history(2))
    draw_history(tmp_path / "two.png", history(2, val_r2=0.5))
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


@pytest.mark.parametrize("losses", [[1.0, 0.0], [0.0, 0.0], [1.0, np.nan], [np.inf, 1.0]])
def test_a_loss_without_logarithm_is_drawn(tmp_path: Path, losses: list[float]) -> None:
    draw_history(tmp_path / "history.png", history(2).assign(val_loss=losses))
    assert drawn(tmp_path)


@pytest.mark.parametrize("count", [1, 4, 5, 48])
def test_a_gallery_grows_by_rows_of_four(tmp_path: Path, count: int) -> None:
    pictures = [np.full((16, 16, 3), 5 * number, dtype=np.uint8) for number in range(count)]
    draw_gallery(tmp_path / "gallery.png", pictures, ["true 5 g\npredicted 3 g"] * count, "Largest errors")
    width, height = drawn(tmp_path)["gallery.png"]
    rows = -(-count // 4)
    assert width == 800
    assert 200 * rows < height < 200 * rows + 60 + 60 * rows


def test_next_to_each_picture_is_what_speaks_for_its_prediction(tmp_path: Path) -> None:
    pictures = [np.full((16, 16, 3), 128, np.uint8)] * 3
    heat = np.zeros((3, 16, 16), np.float32)
    heat[:, :8] = 1
    draw_samples(tmp_path / "gallery.png", pictures, ["one line"] * 3, heat, "Largest errors")
    width, height = drawn(tmp_path)["gallery.png"]
    assert width == 800
    assert 2 * 200 < height < 2 * 250 + 60
    with Image.open(tmp_path / "gallery.png") as gallery:
        seen = np.asarray(gallery.convert("RGB")).reshape(-1, 3).astype(int)
    assert (np.ptp(seen, axis=1) > 60).any(), "a glow, on pictures without colour"


def test_the_worst_numbers_are_the_farthest_off() -> None:
    table = pd.DataFrame({"target": [1.0, 5.0, 3.0], "prediction": [2.0, 5.0, 0.5]}, index=[7, 8, 9])
    assert list(worst(NUMBERS, table, 2).index) == [9, 7]
    assert caption(NUMBERS, table.loc[9], "g") == "true 3, predicted 0.5 g"
    sample = table.assign(low=0.2, high=1.25).loc[9]
    assert caption(NUMBERS, sample, "g") == "true 3, predicted 0.5 g\ninterval 0.2 to 1.25 g"


def test_the_worst_classes_are_those_with_the_least_probability_of_the_truth() -> None:
    task = Classification(("a", "b"), 0.0)
    decoded = task.decode(np.array([[0.0, 1.0], [0.0, 3.0], [0.0, -3.0]]))
    table = pd.concat([pd.DataFrame({"target": ["a", "a", "a"]}), decoded], axis=1).set_axis([7, 8, 9])
    assert list(worst(task, table, 3).index) == [8, 7, 9]
    assert caption(task, table.loc[8], "") == "true a\npredicted b 95%"
    sample = table.assign(prediction_set='["b", "a"]').loc[8]
    assert caption(task, sample, "").endswith("\nset of 2 holds the truth")


def test_most_random_samples_stay_when_others_are_added() -> None:
    table = pd.DataFrame({"image": [f"photo_{number}.png" for number in range(60)]})
    few, more = random_rows(table[:50], 12), random_rows(table, 12)
    assert len(few) == len(more) == 12
    assert len(set(few["image"]) & set(more["image"])) >= 8
    assert sorted(few.index) != list(range(12))


def test_the_error_curve_ends_at_the_largest_error() -> None:
    curve = error_curve(NUMBERS, pd.DataFrame({"target": [0.0, 0.0, 0.0], "prediction": [1.0, -3.0, 2.0]}))
    assert curve.iloc[[0, 50, 100]].values.tolist() == [[0, 1], [0.5, 2], [1, 3]]


def test_the_error_of_a_class_is_what_its_probability_lacks() -> None:
    task = Classification(("a", "b"), 0.0)
    table = task.decode(np.log([[0.75, 0.25], [0.75, 0.25]])).assign(target=["a", "b"])
    np.testing.assert_allclose(sample_errors(task.name, table), [0.25, 0.75])
    np.testing.assert_allclose(sample_errors(task.name, table.drop(columns="p: b")), [0.25, 1.0])


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


def test_names_that_differ_at_the_end_stay_different() -> None:
    one, other = (
        with_both_ends("Cherry_(including_sour)___Powdery_mildew"),
        with_both_ends("Cherry_(including_sour)___healthy"),
    )
    assert one != other
    assert len(one) == len(other) == 24
    assert with_both_ends("x" * 24) == "x" * 24
