"""`src/predict.py` gives each photo the prediction that evaluate gives it, and says why where it cannot."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import builders
import numpy as np
import pandas as pd
import pytest
import torch

import predict
from specimen.common.errors import SpecimenError, run_cli
from specimen.config.prepare import Prepare
from specimen.data.dataset.shards import open_shards
from specimen.data.preparation.packing import pack
from specimen.data.readers.folder_images import Folder
from specimen.inference import batch_prediction
from specimen.inference.load import load_predictor
from specimen.models import predictor as predicting
from specimen.models.model import load_model, make_model, save_model
from specimen.models.task import AnyTask, Classification, Regression
from specimen.onnx.export import to_onnx

SIDE, COUNT = 32, 10
TASKS: dict[str, AnyTask] = {
    "regression": Regression(3.0, 2.0, "sqrt", "mse"),
    "classification": Classification(("a", "b", "c"), 0.0),
}


@pytest.fixture(scope="module")
def models(make_once: Callable[..., Path]) -> Iterator[Path]:
    """Both kinds of file of a model for each task. Not to be changed."""
    with builders.tiny_backbone() as backbone:

        def make(folder: Path) -> None:
            for name, task in TASKS.items():
                torch.manual_seed(0)
                dataset = builders.dataset_meta(task=name, image_size=SIDE, target="w", features={"age": builders.AGE})
                meta = builders.model_meta(task, dataset=dataset, backbone=backbone)
                path = folder / f"{name}.pt"
                save_model(path, make_model(backbone, task.num_outputs, SIDE, features_width=meta.features_width), meta)
                path.with_suffix(".onnx").write_bytes(to_onnx(*load_model(path)))

        yield make_once("predict_models", make)


@pytest.fixture
def photos(tmp_path: Path, draw_photos, monkeypatch: pytest.MonkeyPatch) -> Path:  # type: ignore[no-untyped-def]
    """A folder of photos in the working directory, larger than the model's pictures and not square."""
    from PIL import Image

    monkeypatch.chdir(tmp_path)
    draw_photos(tmp_path / "photos", COUNT, suffix=".jpg", side=100)
    for path in Path("photos").iterdir():
        with Image.open(path) as image:
            cut = image.crop((0, 0, 100, 70))
        cut.save(path)
    return Path("photos")


def call(*arguments: object) -> None:
    """Run the command in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["predict.py", *map(str, arguments)])
        predict.main()


@pytest.mark.parametrize("suffix", [".pt", ".onnx"])
@pytest.mark.parametrize("task", list(TASKS))
def test_a_photo_has_the_prediction_that_evaluate_gives_it(photos: Path, models: Path, task: str, suffix: str) -> None:
    images = Folder(photos, photos)
    rows = pd.DataFrame({"image": images.names, "group": images.names})
    packed = pack(images, rows, Path("shards"), Prepare(image_size=SIDE))
    stored = open_shards(Path("shards"), packed["shard"], packed["position"], np.arange(COUNT), (SIDE, SIDE, 3))
    ages = pd.DataFrame({"image": images.names, "age": np.arange(COUNT, dtype=float)})
    ages.to_csv("ages.csv", index=False)
    evaluated = load_predictor(models / f"{task}.pt").predict(stored[:], ages)

    call(photos, "-o", "out.csv", "--model", models / f"{task}{suffix}", "--features", "ages.csv")
    found = pd.read_csv("out.csv")
    assert found.pop("image").tolist() == [f"photos/{name}" for name in images.names]
    assert found.pop("error").isna().all()
    pd.testing.assert_frame_equal(found, evaluated.astype(found.dtypes), rtol=0, atol=1e-4)
    if task == "regression":
        assert found["prediction"].std() > 1e-3, "or it would say nothing that they agree"


def test_a_zip_and_a_pattern_give_what_the_folder_gives(photos: Path, models: Path) -> None:
    with zipfile.ZipFile("all.zip", "w") as archive:
        for path in sorted(photos.iterdir()):
            archive.write(path)
    tables = []
    for number, named in enumerate(("photos", "photos/*.jpg", "all.zip")):
        call(named, "-o", f"{number}.csv", "--model", models / "regression.onnx")
        tables.append(pd.read_csv(f"{number}.csv")["prediction"])
    for table in tables[1:]:
        pd.testing.assert_series_equal(table, tables[0])


def test_batches_change_nothing(photos: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call(photos, "-o", "all.csv", "--model", models / "classification.onnx")
    monkeypatch.setattr(predicting, "BATCH_PIXELS", 3 * SIDE * SIDE)
    call(photos, "-o", "few.csv", "--model", models / "classification.onnx")
    pd.testing.assert_frame_equal(pd.read_csv("few.csv"), pd.read_csv("all.csv"), rtol=0, atol=1e-5)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
@pytest.mark.parametrize("task", list(TASKS))
def test_bad_photos_have_reasons_and_the_others_predictions(
    photos: Path, models: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], suffix: str,
    task: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(predicting, "BATCH_PIXELS", 2 * SIDE * SIDE)  # a whole batch of bad photos comes first
    for name in ("a.jpg", "b.jpg", "z.jpg"):
        (photos / name).write_text("no photo")
    call(photos, "-o", f"out{suffix}", "--model", models / f"{task}.onnx")
    read = {".csv": pd.read_csv, ".xlsx": lambda path: pd.read_excel(path, engine="calamine")}
    found = read.get(suffix, pd.read_parquet)(f"out{suffix}")
    assert found["prediction"].isna().tolist() == [True, True, *[False] * COUNT, True]
    assert found["error"].notna().tolist() == found["prediction"].isna().tolist()
    assert found["error"][0] == "none of the formats BMP, JPEG, PNG, TIFF, WEBP"
    said = capsys.readouterr()
    assert "3 of 13 photos have no prediction:\n  photos/a.jpg: none of the formats" in said.err
    assert said.out == f"out{suffix}: w in g of 10 photos\n"


def test_only_a_few_bad_photos_are_named_on_the_screen(
    photos: Path, models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(30):
        (photos / f"bad{number}.png").write_text("")
    call(photos, "-o", "out.csv", "--model", models / "regression.onnx")
    said = capsys.readouterr().err
    assert said.count("none of the formats") == predict.MAX_LISTED
    assert "... and 10 more, see the column error" in said


@pytest.mark.parametrize(("extra", "status"), [([], 0), (["--strict"], 1)])
@pytest.mark.parametrize("name", ["bad.png", "bad.gif"])
def test_the_exit_status_tells_of_bad_photos_and_other_files_only_if_asked(
    photos: Path, models: Path, monkeypatch: pytest.MonkeyPatch, extra: list[str], status: int, name: str
) -> None:
    (photos / name).write_text("")
    arguments = ["predict.py", "photos", "-o", "photos/out.csv", *extra, "--model", str(models / "regression.onnx")]
    monkeypatch.setattr(sys, "argv", arguments)
    returned = 0
    try:
        run_cli(predict.main)
    except SystemExit as end:
        returned = end.code
    assert returned == status
    assert len(pd.read_csv("photos/out.csv")) == COUNT + (name == "bad.png")


def test_files_that_are_not_read_are_counted_and_the_first_are_named(
    photos: Path, models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.gif", "b.txt", "c", "d.heif.txt", "Thumbs.db"):
        (photos / name).write_text("")
    for _ in range(2):  # the second time, there is a table of predictions
        call(photos, "-o", photos / "out.csv", "--model", models / "regression.onnx")
        assert "not that of a photo: 4 (photos/a.gif, photos/b.txt, photos/c, ...)\n" in capsys.readouterr().err


def test_features_of_the_table_count_and_missing_ones_are_said_once(
    photos: Path, models: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predicting, "BATCH_PIXELS", 2 * SIDE * SIDE)
    pd.DataFrame({"file": [path.name for path in photos.iterdir()], "age": 90}).to_excel("ages.xlsx", index=False)
    model = ("--model", models / "regression.onnx")
    call(photos, "-o", "with.csv", *model, "--features", "ages.xlsx", "--image-column", "file")
    assert capsys.readouterr().err == ""
    call(photos, "-o", "without.csv", *model)
    assert capsys.readouterr().err.count("also uses age; without --features they count as missing") == 1
    assert not np.allclose(pd.read_csv("with.csv")["prediction"], pd.read_csv("without.csv")["prediction"])


def test_a_photo_named_twice_is_predicted_once_and_that_is_said(
    photos: Path, models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call(photos, photos / "photo_1.jpg", "-o", "out.csv", "--model", models / "regression.onnx")
    assert len(pd.read_csv("out.csv")) == COUNT
    assert "note: photos named more than once: 1; each is predicted once." in capsys.readouterr().err


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
def test_an_interrupted_run_leaves_the_last_table_as_it_was(
    photos: Path, models: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    def interrupted(*arguments):  # type: ignore[no-untyped-def]
        yield next(batch_prediction.predict_files(*arguments))
        raise KeyboardInterrupt

    Path("out").mkdir()
    path = Path(f"out/table{suffix}")
    call(photos, "-o", path, "--model", models / "regression.onnx")
    before = path.read_bytes()
    monkeypatch.setattr(predict, "predict_files", interrupted)
    with pytest.raises(KeyboardInterrupt):
        call(photos, "-o", path, "--model", models / "regression.onnx")
    assert path.read_bytes() == before
    assert list(Path("out").iterdir()) == [path]


def test_the_table_of_features_is_not_overwritten(photos: Path, models: Path) -> None:
    Path("ages.csv").write_text("image,age\na.png,1\n")
    with pytest.raises(SpecimenError, match=r"this is the table of the features"):
        call(photos, "-o", "./ages.csv", "--features", "ages.csv", "--model", models / "regression.onnx")


def test_the_sheet_of_the_labels_is_not_overwritten(photos: Path, models: Path) -> None:
    sheet = Path("labels.csv")
    sheet.write_text("image,weight\na.png,1\n")
    with pytest.raises(SpecimenError, match=r"^labels\.csv: this file is not a table of predictions"):
        call(photos, "-o", sheet, "--model", models / "regression.onnx")
    assert sheet.read_text() == "image,weight\na.png,1\n"


def test_an_unknown_sheet_is_the_fault_of_the_option(photos: Path, models: Path) -> None:
    pd.DataFrame({"image": ["photo_1.jpg"], "age": [4]}).to_excel("ages.xlsx", sheet_name="Ages", index=False)
    features = ["--features", "ages.xlsx", "--sheet", "ages"]
    with pytest.raises(SpecimenError, match=r"^ages\.xlsx: --sheet: no sheet 'ages'\. Did you mean 'Ages'\?"):
        call(photos, "-o", "out.csv", "--model", models / "regression.onnx", *features)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent", "-o", "out.csv"], "input: 'absent' does not exist"),
        (["photos", "-o", "out.txt"], "out.txt: unknown kind of table. Accepted: .csv, .xlsx, .parquet."),
        (["photos", "-o", "photos/photo_1.jpg/out.csv"], "out.csv: cannot be written"),
        (["photos", "-o", "out.csv", "--model", "absent.pt"], "absent.pt: no such model"),
        (["photos", "-o", "out.csv", "--features", "absent.csv"], "absent.csv: no such table"),
    ],
)
def test_a_mistake_ends_with_one_message(photos: Path, models: Path, arguments: list[str], message: str) -> None:
    model = [] if "--model" in arguments else ["--model", str(models / "regression.onnx")]
    with pytest.raises(SpecimenError) as error:
        call(*arguments, *model)
    assert message in str(error.value)
    assert not list(Path().glob("*.csv"))


@pytest.mark.parametrize(
    ("options", "age"), [([], 1007.0), (["--decimal", "point"], 1.007), (["--missing", "1.007"], None)]
)
def test_a_table_is_read_as_the_training_sheet_was_unless_the_options_say_otherwise(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], age: float | None
) -> None:
    dataset = builders.dataset_meta(image_size=SIDE, features={"age": builders.AGE}, decimal="comma")
    seen = []
    monkeypatch.setattr(
        predict, "load_predictor", lambda *_: SimpleNamespace(meta=builders.model_meta(dataset=dataset))
    )
    monkeypatch.setattr(predict, "predict_files", lambda *given: seen.append(given[-1]) or [])
    monkeypatch.setattr(predict, "predict_to", lambda *given: (0, []))
    (tmp_path / "ages.csv").write_text("image;age\nphoto_0.jpg;1.007\n")
    call(photos / "photo_0.jpg", "-o", "out.csv", "--features", "ages.csv", *options)
    assert seen[0]["age"].tolist() == ([age] if age else pytest.approx([np.nan], nan_ok=True))
