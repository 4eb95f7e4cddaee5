"""The model as MLflow loads it."""

import io
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from specimen.common.errors import SpecimenError
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


def test_a_prediction_that_is_not_finite_is_an_error(flavor: Flavor) -> None:
    photo = content(Image.new("RGB", (9, 9)), "PNG")
    with pytest.raises(SpecimenError, match=r"row 1 of the table: .* age = 1e\+300 is beyond"):
        flavor.predict(pd.DataFrame({"image": [photo] * 2, "age": [4, 1e300], "soil": ["clay"] * 2}))
