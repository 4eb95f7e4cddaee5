"""The model as MLflow loads it."""

import io
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from specimen.integrations.mlflow_model import Flavor, _load_pyfunc


@pytest.fixture
def flavor(tmp_path: Path, write_onnx: Callable[..., Path]) -> Flavor:
    return _load_pyfunc(str(write_onnx(tmp_path / "model.onnx", features=True, white_level=4095)))


def content(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def test_damaged_metadata_do_not_matter_and_the_filters_of_the_process_stay(flavor: Flavor) -> None:
    damaged = content(Image.new("RGB", (9, 9)), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x09\1\x12\0\x03")
    before = list(warnings.filters)
    table = flavor.predict(pd.DataFrame({"image": [damaged], "age": [4], "soil": ["clay"]}))
    assert table["prediction"].tolist() == [0]
    assert list(warnings.filters) == before


def test_photos_of_12_bits_are_decoded_as_those_of_the_training(flavor: Flavor) -> None:
    deep = content(Image.fromarray(np.full((32, 32), 2048, np.uint16)), "PNG")
    table = flavor.predict(pd.DataFrame({"image": [deep], "age": [4], "soil": ["clay"]}))
    assert table["prediction"].tolist() == pytest.approx([1.28])


def test_a_photo_without_a_prediction_says_why_and_the_others_have_theirs(flavor: Flavor) -> None:
    photo = content(Image.new("RGB", (9, 9)), "PNG")
    photos = {"image": [photo, photo, b"text", None, "no.png"], "age": [4, 1e300, 4, 4, 4]}
    table = flavor.predict(pd.DataFrame(photos, index=list("abcde")))
    assert list(table.index) == list("abcde")
    assert table["prediction"].notna().tolist() == [True, False, False, False, False]
    for row, reason in {
        "b": "age = 1e+300",
        "c": "none of the formats",
        "d": "neither the path",
        "e": "regular file",
    }.items():
        assert reason in table["error"][row]


def test_features_are_read_as_those_of_a_sheet(flavor: Flavor, caplog: pytest.LogCaptureFixture) -> None:
    """2 above the mean of 4 is one standard score, which adds 1; a missing age is the median of 4."""
    photos = {"image": [content(Image.new("RGB", (9, 9)), "PNG")] * 3}
    assert flavor.predict(pd.DataFrame({**photos, "age": [6, 2, None]}))["prediction"].tolist() == [1, -1, 0]
    assert flavor.predict(pd.DataFrame({**photos, "age": ["6,0", "2", "old"]}))["prediction"].tolist() == [1, -1, 0]
    assert "'age' takes numbers; 1 other cell counts as missing: 'old' (row 2)" in caplog.text
    assert flavor.predict(pd.DataFrame(photos))["prediction"].tolist() == [0, 0, 0]
