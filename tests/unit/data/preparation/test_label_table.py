"""The label table, from a sheet or from class folders."""

import zipfile
from pathlib import Path

import pandas as pd
import pytest

from specimen.common.errors import SpecimenError
from specimen.config.data import Data
from specimen.data.preparation.label_table import read_labels
from specimen.data.readers.data_root import open_images


def read(root: Path, **data: object) -> pd.DataFrame:
    params = Data.model_validate({"root": str(root), "task": "classification", "target": "colour"} | data)
    return read_labels(params, open_images(root, params.images))[0]


@pytest.fixture
def root(tmp_path: Path, draw_photos) -> Path:
    table = draw_photos(tmp_path / "raw" / "photos", 4)
    table.to_csv(tmp_path / "raw" / "labels.csv", index=False)
    return tmp_path / "raw"


SHEET = {"table": "labels.csv", "images": "photos", "image_column": "filename"}


def test_sheet(root: Path) -> None:
    labels = read(root, **SHEET, group=["plant"], features=["weight"])
    assert list(labels) == ["image_name", "target_text", "group", "split", "target", "weight"]
    assert labels.loc[4].tolist() == ["photo_2.png", "green", "plant 1", None, "green", 0.601]


def test_group_of_several_columns_is_none_where_one_is_empty(root: Path) -> None:
    (root / "labels.csv").write_text("filename,colour,e,n\na.png,red,E1,3\nb.png,red,,3\n")
    assert read(root, **SHEET, group=["e", "n"])["group"].tolist() == ["E1/3", None]


def test_split_column(root: Path) -> None:
    (root / "labels.csv").write_text("filename,colour,part\na.png,red,test\nb.png,red,\n")
    assert read(root, **SHEET, split_column="part")["split"].tolist() == ["test", None]


def test_all_missing_columns_are_named_at_once(root: Path) -> None:
    with pytest.raises(SpecimenError) as caught:
        read(root, **SHEET | {"image_column": "file"}, group=["plnt"], features=["height"])
    keys = ["data.image_column", "data.group[0]", "data.features[0]"]
    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == keys
    assert "Did you mean 'plant'?" in str(caught.value)


def test_sheet_without_rows(root: Path) -> None:
    (root / "labels.csv").write_text("filename,colour\n")
    with pytest.raises(SpecimenError, match=r"labels\.csv: has a header and no rows"):
        read(root, **SHEET)


def test_missing_sheet_names_the_nearest_file(root: Path) -> None:
    with pytest.raises(SpecimenError, match=r"data\.table: no file 'label\.csv' in .*Did you mean 'labels\.csv'"):
        read(root, **SHEET | {"table": "label.csv"})


def test_folder_under_the_name_of_the_sheet(root: Path) -> None:
    (root / "labels.xlsx").mkdir()
    with pytest.raises(SpecimenError, match=r"data\.table: no file 'labels\.xlsx' in .*Tables there: labels\.csv"):
        read(root, **SHEET | {"table": "labels.xlsx"})


def test_sheet_outside_the_data_is_refused(root: Path) -> None:
    (root / "labels.csv").rename(root.parent / "labels.csv")
    with pytest.raises(SpecimenError, match=r"data\.table: '\.\./labels\.csv' leads out of data\.root"):
        read(root, **SHEET | {"table": "../labels.csv"})


@pytest.mark.parametrize("inside", [True, False])
def test_sheet_inside_a_zip_or_next_to_it(root: Path, inside: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root.parent)  # without a dvc.yaml, whose deps would have to name a sheet next to the zip
    with zipfile.ZipFile(root.parent / "data.zip", "w") as archive:
        for path in (root / "photos").iterdir():
            archive.write(path, f"photos/{path.name}")
        if inside:
            archive.write(root / "labels.csv", "labels.csv")
    if not inside:
        (root / "labels.csv").rename(root.parent / "labels.csv")
    assert read(root.parent / "data.zip", **SHEET)["target_text"].tolist() == ["red", "red", "green", "green"]


def test_a_sheet_next_to_a_zip_must_be_a_dep_and_the_folder_that_needs_none_is_named(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root.parent)
    (root / "labels.csv").rename("labels.csv")
    with zipfile.ZipFile("data.zip", "w") as archive:
        archive.write(root / "photos" / "photo_0.png", "photos/photo_0.png")
    Path("dvc.yaml").write_text("stages: {validate: {deps: [data.zip]}, prepare: {deps: [data.zip]}}")
    with pytest.raises(SpecimenError, match=r"the line `- labels.csv` there, or put both into a folder .* data\.zip"):
        read(Path("data.zip"), **SHEET)


def test_sheet_neither_inside_a_zip_nor_next_to_it(root: Path) -> None:
    with zipfile.ZipFile(root.parent / "data.zip", "w") as archive:
        archive.write(root / "photos" / "photo_0.png", "photos/photo_0.png")
    with pytest.raises(SpecimenError, match=r"data\.table: 'labels\.csv' is neither inside"):
        read(root.parent / "data.zip", **SHEET)


def test_folders_are_classes(tmp_path: Path, draw_photos) -> None:
    draw_photos(tmp_path, 4, classes=True)
    labels = read(tmp_path)
    assert labels["image_name"].tolist()[0] == "green/photo_2.png"
    assert labels["target_text"].tolist() == ["green", "green", "red", "red"]
    assert labels.index.tolist() == [1, 2, 3, 4]


def test_folders_below_a_class_belong_to_it(tmp_path: Path, draw_photos) -> None:
    draw_photos(tmp_path / "Corn_(maize)___Rust, x" / "2024" / "May", 1)
    assert read(tmp_path)["target_text"].tolist() == ["Corn_(maize)___Rust, x"]


def test_photos_outside_of_the_class_folders_have_no_class(tmp_path: Path, draw_photos) -> None:
    draw_photos(tmp_path, 1)
    draw_photos(tmp_path / "leaf", 1)
    assert read(tmp_path).set_index("image_name")["target_text"].to_dict() == {
        "leaf/photo_0.png": "leaf",
        "photo_0.png": None,
    }


def test_a_class_folder_in_two_spellings_of_unicode_is_one_class(tmp_path: Path, draw_photos) -> None:
    for name in ("Su\u0308\u00df", "S\u00fc\u00df"):
        draw_photos(tmp_path / name, 1)
    assert len({path.name for path in tmp_path.iterdir()}) == 2
    assert read(tmp_path)["target_text"].tolist() == ["S\u00fc\u00df", "S\u00fc\u00df"]


def test_class_folders_that_hardly_differ_are_said(tmp_path: Path, draw_photos) -> None:
    for name in ("Healthy", "healthy", "rust"):
        draw_photos(tmp_path / name, 1)
    data = Data(root=str(tmp_path), task="classification")
    _, _, notes = read_labels(data, open_images(tmp_path, "."))
    assert notes == [
        "data.images: 'Healthy' and 'healthy' differ only in case, blanks, dashes or zeros, and are 2 classes"
    ]


def test_photos_without_any_class_folder(tmp_path: Path, draw_photos) -> None:
    draw_photos(tmp_path, 2)
    with pytest.raises(SpecimenError, match=r"data\.images: no class folders with images.*data\.table"):
        read(tmp_path)


def notes(root: Path, **data: object) -> list[str]:
    params = Data.model_validate({"root": str(root), "task": "classification", "target": "colour"} | SHEET | data)
    return read_labels(params, open_images(root, params.images))[2]


def test_marks_of_missing_values_are_counted_in_every_column_that_is_used(root: Path) -> None:
    sheet = "filename,colour,plant,soil,note\na.png,NA,?,clay,NA\nb.png,red,p,n/a,-\n-,na,p,clay,x\n"
    (root / "labels.csv").write_text(sheet)
    assert sorted(notes(root, group=["plant"], features=["soil"])) == [
        "data.features[0]: 'soil': cells read as missing: 'n/a' 1",
        "data.group[0]: 'plant': cells read as missing: '?' 1",
        "data.image_column: 'filename': cells read as missing: '-' 1",
        "data.target: 'colour': cells read as missing: 'NA' 1, 'na' 1",
    ]


def test_classes_groups_and_categories_that_hardly_differ_are_said(root: Path) -> None:
    sheet = "filename,colour,plant,soil\na.png,Red,p 1,clay\nb.png,red,P1,clay\nc.png,blue,03,Clay\nd.png,red,3,sand\n"
    (root / "labels.csv").write_text(sheet)
    said = "\n".join(notes(root, group=["plant"], features=["soil"]))
    assert "data.target: 'Red' and 'red' differ only in case" in said
    assert "data.group[0]: '03' and '3' differ only in" in said
    assert "'P1' and 'p 1' differ only in case, blanks, dashes or zeros, and are 2 groups" in said
    assert "data.features[0]: 'Clay' and 'clay' differ" in said


BLANK_BELOW = "filename,colour,plant\na.png,red,p\nb.png,red,\nc.png,red,q\nd.png,blue,\n,,\ne.png,blue,\nf.png,red,r\n"


def test_a_group_that_is_written_once_for_its_rows_stops_the_run(root: Path) -> None:
    (root / "labels.csv").write_text(BLANK_BELOW)
    said = (
        r"data\.group\[0\]: 'plant' is empty in 3 rows below a filled one, the first is row 3\..*fill_down: \[plant\]"
    )
    with pytest.raises(SpecimenError, match=said):
        read(root, **SHEET, group=["plant"])


def test_empty_cells_have_the_value_above_if_the_params_say_so(root: Path) -> None:
    (root / "labels.csv").write_text(BLANK_BELOW)
    read_groups = read(root, **SHEET, group=["plant"], fill_down=["plant"])["group"]
    assert read_groups.tolist() == ["p", "p", "q", "q", None, "q", "r"]
    assert "data.fill_down: 'plant': 3 empty cells have the value above" in notes(
        root, group=["plant"], fill_down=["plant"]
    )
    assert read(root, **SHEET, group=["plant"], fill_down=[])["group"].tolist() == ["p", None, "q", *[None] * 3, "r"]


def test_a_class_that_is_a_number_is_one_however_it_is_written(root: Path) -> None:
    (root / "labels.csv").write_text("filename,colour\na.png,2\nb.png,2.0\nc.png,1\n")
    assert read(root, **SHEET)["target"].tolist() == ["2", "2", "1"]


def test_a_date_among_the_names_of_groups_is_said(root: Path) -> None:
    dates = [pd.Timestamp(2024, 1, 3), "4-1", "5-1"]
    sheet = pd.DataFrame({"filename": list("abc"), "colour": "red", "plant": dates, "day": dates[:1] * 3})
    sheet.to_excel(root / "labels.xlsx", index=False)
    data = Data(
        root=str(root),
        task="classification",
        target="colour",
        group=("plant", "day"),
        **SHEET | {"table": "labels.xlsx"},
    )
    (note,) = read_labels(data, open_images(root, "photos"))[2]
    assert note.startswith("data.group[0]: some names are dates, the first is '2024-01-03' in row 2")
