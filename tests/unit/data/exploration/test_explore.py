"""The pictures of the data and the tables that they show: right numbers, the same bytes, no stumbling."""

from pathlib import Path
from typing import Any

import builders
import numpy as np
import pandas as pd
import pytest

from specimen.data.dataset.meta import DatasetMeta
from specimen.data.exploration import explore, summaries
from specimen.plotting.style import shortened, with_unit

NUMBERS = builders.dataset_meta(target="weight_g")


def classes_meta(target: str, names: list[str]) -> DatasetMeta:
    return builders.dataset_meta(task="classification", target=target, unit="", class_names=tuple(names))


def make_samples(targets: list[Any], **features: Any) -> pd.DataFrame:
    """Ten rows go: 6 train, 2 val, 2 test; two photos of each group."""
    count = len(targets)
    splits = ["train", "train", "val", "train", "train", "test", "val", "train", "train", "test"]
    return pd.DataFrame(
        {
            "row": range(2, count + 2),
            "image": [f"image_{number}.jpg" for number in range(count)],
            "group": [f"pot {number // 2}" for number in range(count)],
            "split": [splits[number % 10] for number in range(count)],
            "target": targets,
            **features,
        }
    )


def make_images(count: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, 8, 8, 3), dtype=np.uint8)


def draw(folder: Path, samples: pd.DataFrame, table: pd.DataFrame, meta: DatasetMeta) -> dict[str, bytes]:
    folder.mkdir()
    images = make_images(len(samples))
    explore.draw(folder, images, images.mean(axis=(1, 2)), samples, table, meta)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def weights(count: int = 30) -> pd.DataFrame:
    ages = np.arange(count) % 4 * 7.0
    return make_samples(
        list(1.0 + ages + np.arange(count) % 3), age=ages, condition=["dry", "wet", None] * (count // 3)
    )


def sheet(samples: pd.DataFrame) -> pd.DataFrame:
    """The label table with raw cells, as a CSV gives them."""
    cells = samples.rename(columns={"target": "weight_g"})[["image", "weight_g", "age", "condition"]].astype(object)
    return cells.where(cells.notna(), None)


def test_same_bytes_on_each_run(tmp_path: Path) -> None:
    samples = weights()
    first = draw(tmp_path / "a", samples, sheet(samples), NUMBERS)
    again = draw(tmp_path / "b", samples, sheet(samples), NUMBERS)
    assert [name for name in first if again[name] != first[name]] == []
    assert set(first) == {
        *("target.png", "target.csv", "splits.png", "splits.csv", "samples.png", "features.png"),
        *("colours.png", "colours.csv", "missing.png", "missing.csv", "correlations.png", "correlations.csv"),
    }


def test_class_folders_have_neither_correlations_nor_gaps(tmp_path: Path) -> None:
    samples = make_samples(["leaf", "stem", "root"] * 10)
    meta = classes_meta("organ", ["leaf", "root", "stem"])
    files = draw(tmp_path / "a", samples, samples[["image", "target"]], meta)
    assert set(files) == {
        *("target.png", "target.csv", "splits.png", "splits.csv", "samples.png"),
        *("colours.png", "colours.csv", "missing.csv"),
    }


def test_target_bins_count_each_sample_once_per_scale() -> None:
    samples = weights()
    bins = summaries.target_bins(samples)
    assert bins.groupby(["scale", "split"])["samples"].sum().to_dict() == {
        (scale, split): count
        for scale in ("linear", "log")
        for split, count in {"train": 18, "val": 6, "test": 6}.items()
    }


def test_target_bins_hold_the_values_between_their_edges() -> None:
    bins = summaries.target_bins(make_samples([-1.0, 0.0, 0.1, 0.2, 9.0]))
    assert set(bins["scale"]) == {"linear"}  # no logarithm of a negative number
    filled = bins[bins["samples"] > 0]
    assert list(zip(filled["low"], filled["high"], filled["split"], filled["samples"], strict=True)) == [
        (-2.0, 0.0, "train", 1),
        (0.0, 2.0, "train", 2),
        (8.0, 10.0, "train", 1),
        (0.0, 2.0, "val", 1),
    ]


def test_target_quartiles_per_split() -> None:
    table = summaries.target_quartiles(make_samples([1.0, 2.0, 50.0, 3.0, 4.0])).set_index("split")
    assert table.loc["train", ["samples", "groups", "q1", "median", "q3"]].tolist() == [4, 3, 1.75, 2.5, 3.25]
    assert table.loc["val", ["samples", "groups", "p5", "p95"]].tolist() == [1, 1, 50, 50]
    assert table.loc["all", "median"] == 3
    assert table.loc["test", "samples"] == 0
    assert np.isnan(table.loc["test", "median"])


def test_classes_are_counted_per_split_in_the_order_of_their_names() -> None:
    counts = summaries.class_counts(make_samples(["b", "a", "b", "b"]), ["a", "b"])
    assert counts.to_numpy().tolist() == [
        *(["a", "train", 1], ["a", "val", 0], ["a", "test", 0]),
        *(["b", "train", 2], ["b", "val", 1], ["b", "test", 0]),
    ]


def test_class_shares_of_each_split() -> None:
    shares = summaries.class_shares(make_samples(["b", "a", "b", "b"]), ["a", "b"]).set_index(["split", "class"])
    assert shares.loc[("train", "b")].tolist() == [2, 2, 0.666667]
    assert shares.loc[("all", "b")].tolist() == [3, 2, 0.75]
    assert shares.loc[("test", "a")].tolist() == [0, 0, 0]


def test_colours_per_channel_and_split() -> None:
    images = np.zeros((3, 4, 4, 3), dtype=np.uint8)
    images[:, :, :, 0] = np.array([10, 20, 250]).reshape(3, 1, 1)
    images[:, :2, :, 2] = 100
    table = summaries.colours(images.mean(axis=(1, 2)), make_samples([1.0, 2.0, 3.0])).set_index(["channel", "split"])
    assert table.loc[("red", "train"), ["samples", "q1", "median", "q3"]].tolist() == [2, 12.5, 15, 17.5]
    assert table.loc[("red", "val"), "median"] == 250
    assert table.loc[("green", "train"), "p95"] == 0
    assert table.loc[("blue", "val"), "median"] == 50


def test_correlations_read_cells_as_people_write_them() -> None:
    table = pd.DataFrame(
        {
            "weight": ["1,5", "2,5", "3,5", "4,5"],
            "down": [4, 3, 2, 1],
            "bent": [1.0, 2.0, 4.0, None],
            "day": ["2023-05-01", "2023-05-02", "2023-05-03", "2023-05-04"],
            "same": [7, 7, 7, 7],
            "empty": [None] * 4,
            "note": ["a", "b", "3", "4"],
        },
        dtype=object,
    )
    pairs = summaries.correlations(table, "weight").set_index(["column_a", "column_b"])["r"].to_dict()
    bent = pytest.approx(3 / np.sqrt(2 * 14 / 3), rel=1e-5)
    assert pairs == {
        ("weight", "down"): -1,
        ("weight", "bent"): bent,
        ("weight", "day"): 1,
        ("down", "bent"): pytest.approx(-3 / np.sqrt(2 * 14 / 3), rel=1e-5),
        ("down", "day"): -1,
        ("bent", "day"): bent,
    }


def test_two_columns_of_one_name_are_told_apart() -> None:
    table = pd.DataFrame([[1, 3], [2, 2], [3, 1]], columns=["mass", "mass"])
    assert summaries.correlations(table, "mass").to_numpy().tolist() == [["mass", "mass (2)", -1.0]]


def test_of_many_columns_those_stay_that_go_with_the_target() -> None:
    noise = np.random.default_rng(1).normal(size=(50, 60))
    table = pd.DataFrame(noise, columns=[f"band {number}" for number in range(60)])
    table["weight"] = table["band 59"] * 2
    pairs = summaries.correlations(table, "weight")
    assert len(pairs) == 40 * 39 / 2
    assert {"band 59", "weight"} <= set(pairs["column_a"]) | set(pairs["column_b"])


def test_missing_cells_are_counted() -> None:
    table = pd.DataFrame({"full": [1, 2, 3], "gaps": ["x", " ", None], "none": [None] * 3}, dtype=object)
    assert summaries.missing(table).to_numpy().tolist() == [["full", 0, 0], ["gaps", 2, 0.666667], ["none", 3, 1]]


@pytest.mark.parametrize("count", [1, 30])
def test_constant_target_and_features(tmp_path: Path, count: int) -> None:
    samples = make_samples([3.0] * count, age=2.0, empty=np.nan, day="2023-05-21", kind="x")
    files = draw(tmp_path / "a", samples, samples.rename(columns={"target": "weight_g"}), NUMBERS)
    assert {"target.png", "features.png", "splits.png"} <= set(files)


def test_target_of_zeros_and_no_features(tmp_path: Path) -> None:
    samples = make_samples([0.0] * 10)
    assert "features.png" not in draw(tmp_path / "a", samples, samples[["image"]], NUMBERS)


def test_wild_features(tmp_path: Path) -> None:
    count = 600
    samples = make_samples(
        list(np.linspace(-5, 5, count)),
        category=[f"a category with a long $name$ {number % 500}" for number in range(count)],
        day=[f"{number % 28 + 1:02}.05.2023" for number in range(count)],
        time=[f"2023-05-{number % 28 + 1:02} 10:{number % 60:02}:00" for number in range(count)],
        gaps=[None if number % 3 else float(number) for number in range(count)],
        few=[float(number % 2) for number in range(count)],
    )
    meta = builders.dataset_meta(target="a name $longer than ^{any column} should ever have been, " * 3)
    assert "features.png" in draw(tmp_path / "a", samples, samples, meta)


def test_more_long_classes_than_a_picture_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explore, "MOST_CLASSES", 13)
    names = sorted(f"Tomato___{number} with the $ Yellow_Leaf_Curl_Virus_and_more" for number in range(15))
    samples = make_samples(names * 2, age=[1.0, np.nan] * 15, kind=["p", "q", None] * 10, day="2023-05-21")
    files = draw(tmp_path / "a", samples, samples[["image", "target"]], classes_meta("d", names))
    assert "features.png" in files
    assert pd.read_csv(tmp_path / "a" / "target.csv")["class"].nunique() == 15


def test_most_samples_stay_when_data_are_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[set[bytes]] = []
    monkeypatch.setattr(
        explore, "draw_gallery", lambda path, images, *_: drawn.append({image.tobytes() for image in images})
    )
    for count in (90, 93):  # one more of each class
        samples = make_samples(["leaf", "root", "stem"] * (count // 3))
        meta = classes_meta("organ", ["leaf", "root", "stem"])
        draw(tmp_path / str(count), samples, samples[["image"]], meta)
    assert [len(pictures) for pictures in drawn] == [12, 12]
    assert len(drawn[0] & drawn[1]) >= 9


def test_regression_samples_go_from_the_smallest_to_the_largest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []
    monkeypatch.setattr(explore, "draw_gallery", lambda path, images, captions, title, columns: drawn.extend(captions))
    samples = make_samples([float(value) for value in range(119, -1, -1)])
    draw(tmp_path / "a", samples, samples[["image"]], NUMBERS)
    shown = [float(caption.split(" g\n")[0]) for caption in drawn]
    assert [int(value // 10) for value in shown] == list(range(12))


def test_names_as_labels() -> None:
    assert with_unit("fresh_weight_total", "g") == "fresh weight total (g)"
    assert with_unit("weight_g", "g") == "weight (g)"
    assert with_unit("leaf_area", "") == "leaf area"
    assert shortened("$x$") == r"\$x\$"
    assert shortened("abcdef", 4) == "abc…"
