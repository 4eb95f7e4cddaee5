"""By what samples can be told apart: columns of the sheet, and the photo."""

from pathlib import Path

import builders
import numpy as np
import pandas as pd
import pytest

from specimen.advice.sample_properties import sample_properties
from specimen.config.data import Data
from specimen.config.prepare import Rules
from specimen.data.dataset.store import Store
from specimen.data.preparation.raw_dataset import RawDataset, read_raw_dataset

COUNT = 20
DATA = Data(
    root="raw",
    task="regression",
    table="labels.csv",
    image_column="photo",
    target="weight",
    group=("bed", "plant"),
    leaks=("dry",),
)


@pytest.fixture
def raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RawDataset:
    monkeypatch.chdir(tmp_path)
    Path("raw").mkdir()
    numbers = np.arange(COUNT)
    table = {
        "photo": [f"{n}.jpg" for n in numbers], "bed": numbers % 3, "plant": numbers, "weight": numbers + 0.5,
        "dry": numbers * 0.1, "age": 7 * (numbers % 4), "soil": np.where(numbers % 2, "clay", ""), "page": "one",
        "remark": [f"seen {n}" for n in numbers], "when": [f"2025-{1 + n % 3:02d}-{1 + n:02d}" for n in numbers],
    }  # fmt: skip
    pd.DataFrame(table).to_csv("raw/labels.csv", index=False)
    for name in table["photo"]:
        Path("raw", name).touch()
    return read_raw_dataset(DATA, Rules())


def store(raw: RawDataset, *, masks: bool) -> Store:
    samples = raw.usable[["image", "group", "target"]].assign(row=raw.usable.index).iloc[::-1].reset_index(drop=True)
    images = np.zeros((COUNT, 8, 8, 3), np.uint8)
    images[0] = 255
    covered = np.zeros((COUNT, 8, 8), np.uint8)
    covered[0, :4] = 255
    return Store(images, samples, builders.dataset_meta(image_size=8), covered if masks else None)


def test_columns_of_the_sheet_come_without_label_leaks_file_names_ids_remarks_and_constants(raw: RawDataset) -> None:
    table = sample_properties(store(raw, masks=False), raw, DATA)
    photo = ["photo brightness", "photo contrast", "photo sharpness"]
    assert list(table.columns) == ["bed", "age", "when", *photo]
    # The rows are those of the samples, not those of the sheet.
    assert table["bed"].iloc[0] == str((COUNT - 1) % 3)
    assert table["age"].to_list() == [7.0 * (n % 4) for n in reversed(range(COUNT))]
    assert table["when"].unique().tolist() == ["2025-02", "2025-01", "2025-03"]


def test_a_photo_is_known_by_its_light_and_by_the_size_of_the_object_on_it(raw: RawDataset) -> None:
    table = sample_properties(store(raw, masks=True), raw, DATA)
    assert table["photo brightness"].to_list() == [1, *[0] * (COUNT - 1)]
    assert table["object size"].to_list() == [0.5, *[0] * (COUNT - 1)]
