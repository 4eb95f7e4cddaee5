"""Tables of predictions have the same columns of the same types, whatever the photos of a batch are."""

import io
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

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
