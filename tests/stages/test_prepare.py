"""Photos with damaged metadata are as good as others, and the programs that decode them print nothing of it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from PIL import Image

import predict
import prepare
import serve
from specimen.data.readers import decode

DAMAGED_EXIF = b"Exif\0\0MM\0*\0\0\0\x08\0\x09\1\x12\0\x03"


@pytest.fixture
def project(tmp_path: Path, draw_photos: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of 40 photos with a table, all with damaged metadata."""
    monkeypatch.chdir(tmp_path)
    labels = draw_photos(tmp_path / "raw", 40, suffix=".jpg")
    for name in labels["filename"]:
        with Image.open(tmp_path / "raw" / name) as photo:
            photo.load()
        photo.save(tmp_path / "raw" / name, exif=DAMAGED_EXIF)
    labels.to_csv(tmp_path / "raw" / "labels.csv", index=False)
    data = {"root": "raw", "task": "regression", "table": "labels.csv", "image_column": "filename", "target": "weight"}
    Path("params.yaml").write_text(yaml.safe_dump({"data": data, "prepare": {"image_size": 16}}))
    return tmp_path


def test_a_photo_with_damaged_metadata_is_kept_without_a_word(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare.main()
    printed = capsys.readouterr()
    assert printed.out.startswith("40 of 40 rows kept, in 40 groups; rejected: none\n")
    assert "EXIF" not in printed.err
    assert len(pd.read_csv(project / "data" / "prepared" / "samples.csv")) == 40


def test_files_that_are_not_used_are_counted_and_named_in_a_table(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("notes.txt", "photo.gif", ".DS_Store"):
        (project / "raw" / name).write_bytes(b"")
    prepare.main()
    assert capsys.readouterr().out.startswith(
        "note: not used: pictures in a format that is not read: 1 (1 .gif)\n"
        "note: not used: files that are not photos: 1 (1 .txt)\n"
        "not used: 2 files in all, see data/prepared/ignored.csv\n"
    )
    assert (project / "data" / "prepared" / "ignored.csv").read_text() == (
        "name,reason\nnotes.txt,not a photo\nphoto.gif,format that is not read\n"
    )


def test_a_class_of_which_no_photo_is_usable_is_named(
    project: Path, draw_photos: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    draw_photos(project / "classes", 40, classes=True)
    for number in range(3):
        (project / "classes" / "rotten").mkdir(exist_ok=True)
        (project / "classes" / "rotten" / f"{number}.png").write_bytes(b"no photo")
    Path("params.yaml").write_text("data: {root: classes, task: classification}\nprepare: {image_size: 16}")
    prepare.main()
    printed = capsys.readouterr().out
    assert printed.startswith(
        "warning: classes without a usable sample: rotten, see data/prepared/rejected.csv\n40 of 43"
    )


def test_a_sample_has_the_hash_of_its_file(project: Path) -> None:
    prepare.main()
    samples = pd.read_csv(project / "data/prepared/samples.csv")
    for image, found in zip(samples["image"], samples["image_md5"], strict=True):
        assert hashlib.md5((project / "raw" / image).read_bytes()).hexdigest() == found


@pytest.mark.parametrize("program", [predict, serve])
def test_the_other_programs_that_decode_ignore_the_warnings_too(program: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class BegunError(Exception):
        """Instead of the rest of the program."""

    def begin() -> None:
        raise BegunError

    assert program.ignore_pillow_warnings is decode.ignore_pillow_warnings
    monkeypatch.setattr(program, "ignore_pillow_warnings", begin)
    monkeypatch.setattr("sys.argv", ["program", *(["x.png", "-o", "x.csv"] if program is predict else [])])
    with pytest.raises(BegunError):
        program.main()
