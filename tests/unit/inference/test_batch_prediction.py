"""Tables of predictions have the same columns of the same types, whatever the photos of a batch are."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from specimen.inference import batch_prediction
from specimen.inference.batch_prediction import predict_files
from specimen.inference.inputs import Input
from specimen.inference.load import load_predictor
from specimen.models import predictor as predictor_module
from specimen.models.predictor import Predictor


def photo(name: str, red: int) -> Input:
    file = io.BytesIO()
    Image.new("RGB", (32, 32), (red, 0, 0)).save(file, "PNG")
    return Input(name, file.getvalue)


@pytest.fixture(params=["numbers", "classes"])
def predictor(request: pytest.FixtureRequest, tmp_path: Path, write_onnx: Callable[..., Path]) -> Predictor:
    return load_predictor(write_onnx(tmp_path / "model.onnx", classes=request.param == "classes", novelty=True))


def test_a_batch_of_bad_photos_has_the_columns_and_types_of_the_others(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predictor_module, "BATCH_PIXELS", 2 * 32 * 32)
    bad = Input("bad.png", lambda: b"not a photo")
    inputs = [bad, bad, photo("a.png", 200), photo("b.png", 100), photo("c.png", 50), bad]
    all_bad, all_good, mixed = predict_files(predictor, inputs, pd.DataFrame(index=range(6)))

    expected = ["image", *predictor.empty_table().columns, "error"]
    for table in (all_bad, all_good, mixed):
        assert list(table.columns) == expected
        assert table.dtypes.equals(all_good.dtypes)
    assert [*all_bad["image"], *all_good["image"], *mixed["image"]] == [item.name for item in inputs]
    assert all_bad["prediction"].isna().all()
    assert all_bad["error"].notna().all()
    assert all_good["error"].isna().all()
    assert all_good["unlike"].tolist() == [True, False]
    assert mixed["prediction"].isna().tolist() == [False, True]


def test_the_types_are_those_of_cells_that_may_be_empty(predictor: Predictor) -> None:
    [table] = predict_files(predictor, [photo("a.png", 200)], pd.DataFrame(index=[0]))
    assert table.dtypes["unlike"] == "boolean"
    assert table.dtypes["distance"] == "float64"
    assert table.dtypes["error"] == table.dtypes["image"] == "str"


def test_no_photos_give_no_tables(predictor: Predictor) -> None:
    assert list(predict_files(predictor, [], pd.DataFrame())) == []


def test_where_the_model_gives_no_finite_number_the_reason_names_the_feature(
    tmp_path: Path, write_onnx: Callable[..., Path]
) -> None:
    predictor = load_predictor(write_onnx(tmp_path / "model.onnx", features=True))
    bad = Input("bad.png", lambda: b"not a photo")
    inputs = [bad, photo("a.png", 200), photo("b.png", 200)]
    samples = pd.DataFrame({"age": [4, 1e300, 6], "soil": ["clay"] * 3})
    [table] = predict_files(predictor, inputs, samples)
    assert table["prediction"].isna().tolist() == [True, True, False]
    assert table["low"].isna().tolist() == [True, True, False]
    assert table["error"][1] == (
        "the model computes a value that is not a finite number: age = 1e+300 is beyond all that it has learnt"
    )
    assert str(table["error"][0]).startswith("none of the formats")
    assert table["error"].notna().tolist() == [True, True, False]


@pytest.mark.parametrize("classes", [False, True])
def test_of_damaged_weights_the_photo_has_no_prediction(
    tmp_path: Path, write_onnx: Callable[..., Path], *, classes: bool
) -> None:
    path = write_onnx(tmp_path / "model.onnx", classes=classes, scale=float("nan"))
    predictor = load_predictor(path)
    if classes:  # its weights are always whole
        network = predictor.network
        predictor = Predictor(lambda *given: (network(*given)[0] * np.float32("nan"), None), predictor.meta)
    [table] = predict_files(predictor, [photo("a.png", 200)], pd.DataFrame(index=[0]))
    assert table["prediction"].isna().all()
    assert table["error"][0] == "the model computes a value that is not a finite number: its weights may be damaged"


def test_photos_of_12_bits_are_decoded_as_those_of_the_training(
    tmp_path: Path, write_onnx: Callable[..., Path]
) -> None:
    file = io.BytesIO()
    Image.fromarray(np.full((32, 32), 2048, np.uint16)).save(file, "TIFF")
    inputs = [Input("a.tiff", file.getvalue)]
    predicted = []
    for white_level in (None, 4095):
        predictor = load_predictor(write_onnx(tmp_path / "model.onnx", white_level=white_level))
        [table] = predict_files(predictor, inputs, pd.DataFrame(index=[0]))
        predicted.append(round(table["prediction"][0], 3))
    assert predicted == [0.08, 1.28]


def test_too_little_memory_ends_the_run_and_names_the_photo(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(*given: object) -> None:
        raise MemoryError("not enough memory for an image")

    monkeypatch.setattr(batch_prediction, "decode", no_memory)
    with pytest.raises(MemoryError, match=r"^a\.png: not enough memory for an image$"):
        list(predict_files(predictor, [photo("a.png", 1)], pd.DataFrame(index=[0])))
