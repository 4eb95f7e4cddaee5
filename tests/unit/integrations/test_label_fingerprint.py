"""What a sensor compares: it changes when the labels do, wherever they are."""

import zipfile
from pathlib import Path

import pytest
import yaml

from specimen.common.errors import SpecimenError
from specimen.integrations.label_fingerprint import label_fingerprint


def write_params(folder: Path, **data: object) -> None:
    (folder / "params.yaml").write_text(yaml.safe_dump({"data": data}))


def write_zip(path: Path, **files: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/").replace("_csv", ".csv"), content)


def test_a_table_in_a_folder(tmp_path: Path) -> None:
    write_params(tmp_path, root="raw", task="regression", table="labels.csv")
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/labels.csv").write_text("a")
    before = label_fingerprint(tmp_path)
    assert label_fingerprint(tmp_path) == before
    (tmp_path / "raw/labels.csv").write_text("b")
    assert label_fingerprint(tmp_path) != before


def test_a_table_inside_a_zip(tmp_path: Path) -> None:
    write_params(tmp_path, root="raw.zip", task="regression", table="labels.csv")
    write_zip(tmp_path / "raw.zip", labels_csv="a", photo="1")
    before = label_fingerprint(tmp_path)
    write_zip(tmp_path / "raw.zip", photo="2", labels_csv="a")
    assert label_fingerprint(tmp_path) == before
    write_zip(tmp_path / "raw.zip", labels_csv="b", photo="1")
    assert label_fingerprint(tmp_path) != before


def test_a_table_next_to_a_zip(tmp_path: Path) -> None:
    write_params(tmp_path, root="raw.zip", task="regression", table="labels.csv")
    write_zip(tmp_path / "raw.zip", photo="1")
    (tmp_path / "labels.csv").write_text("a")
    before = label_fingerprint(tmp_path)
    (tmp_path / "labels.csv").write_text("b")
    assert label_fingerprint(tmp_path) != before


def test_the_tables_of_all_batches(tmp_path: Path) -> None:
    write_params(tmp_path, root="raw", task="regression", table="*/labels.csv")
    (tmp_path / "raw/one").mkdir(parents=True)
    (tmp_path / "raw/one/labels.csv").write_text("a")
    before = label_fingerprint(tmp_path)
    write_zip(tmp_path / "raw/two.zip", labels_csv="a")
    with_two = label_fingerprint(tmp_path)
    write_zip(tmp_path / "raw/two.zip", labels_csv="b", photo="1")
    assert len({before, with_two, label_fingerprint(tmp_path)}) == 3


def test_class_folders_and_class_folders_inside_a_zip(tmp_path: Path) -> None:
    write_params(tmp_path, root="raw", task="classification")
    (tmp_path / "raw/red").mkdir(parents=True)
    before = label_fingerprint(tmp_path)
    (tmp_path / "raw/green").mkdir()
    assert label_fingerprint(tmp_path) != before
    write_params(tmp_path, root="raw.zip", task="classification")
    write_zip(tmp_path / "raw.zip", red__photo="1")
    before = label_fingerprint(tmp_path)
    write_zip(tmp_path / "raw.zip", red__photo="1", green__photo="1")
    assert label_fingerprint(tmp_path) != before


@pytest.mark.parametrize("root", ["raw", "raw.zip"])
def test_a_table_that_is_missing_or_half_copied_is_an_error(tmp_path: Path, root: str) -> None:
    write_params(tmp_path, root=root, task="regression", table="labels.csv")
    with pytest.raises(SpecimenError, match=f"data.root: '{root}' does not exist"):
        label_fingerprint(tmp_path)
    if root == "raw":
        (tmp_path / "raw").mkdir()
        with pytest.raises(SpecimenError, match=r"data.table: no file 'labels.csv' in 'raw'"):
            label_fingerprint(tmp_path)
    else:
        (tmp_path / "raw.zip").write_bytes(b"PK\3\4 half of it")
        with pytest.raises(SpecimenError, match=r"raw\.zip: cannot read 'labels\.csv' in it"):
            label_fingerprint(tmp_path)
