"""Files, folders, patterns and zips on the command line become pictures, each once, or an error that names them."""

import os
import zipfile
from pathlib import Path

import pytest

from specimen.common.errors import SpecimenError
from specimen.data.readers.images import ImageNotFoundError
from specimen.inference.inputs import find_inputs


@pytest.fixture(autouse=True)
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two folders with pictures of the same names, and other files next to them."""
    monkeypatch.chdir(tmp_path)
    for name in ("x/a.png", "x/deep/b.JPG", "y/a.png", "x/notes.txt", "x/.hidden/c.png", "y/[1].png"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(name)


def names(*named: str) -> list[str]:
    return [item.name for item in find_inputs(named).photos]


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        (["x/a.png"], ["x/a.png"]),
        (["x"], ["x/a.png", "x/deep/b.JPG"]),
        (["y", "x"], ["y/[1].png", "y/a.png", "x/a.png", "x/deep/b.JPG"]),
        (["*/a.png"], ["x/a.png", "y/a.png"]),
        (["**/*.JPG"], ["x/deep/b.JPG"]),
        (["x/*"], ["x/a.png", "x/deep/b.JPG", "x/notes.txt"]),
        (["y/[1].png"], ["y/[1].png"]),
        (["x/notes.txt"], ["x/notes.txt"]),
    ],
)
def test_what_is_found(named: list[str], expected: list[str]) -> None:
    assert names(*named) == expected


def test_a_zip_is_read_without_unpacking() -> None:
    with zipfile.ZipFile("photos.ZIP", "w") as archive:
        archive.writestr("in/a.png", "zipped")
        archive.writestr("in/notes.txt", "no picture")
    found = find_inputs(["photos.ZIP"]).photos
    assert [item.name for item in found] == ["photos.ZIP/in/a.png"]
    assert found[0].read() == b"zipped"


def test_each_picture_is_read_from_its_own_place() -> None:
    found = find_inputs(["x", "y/a.png"]).photos
    assert [item.read().decode() for item in found] == [item.name for item in found]


def test_a_picture_named_twice_is_found_once() -> None:
    found, repeated, _ = find_inputs(["x/a.png", "x", "./x/../x/a.png"])
    assert [item.name for item in found] == ["x/a.png", "x/deep/b.JPG"]
    assert repeated == 2


def test_files_of_folders_and_zips_that_are_not_read_are_listed() -> None:
    with zipfile.ZipFile("x/photos.zip", "w") as archive:
        for name in ("a.png", "b.heif.txt", "__MACOSX/._a.png"):
            archive.writestr(name, "")
    Path("x/Thumbs.db").touch()
    assert find_inputs(["x", "x/photos.zip", "./x"]).unread == ["x/notes.txt", "x/photos.zip/b.heif.txt"]
    assert find_inputs(["x"], [Path("x/notes.txt")]).unread == ["x/photos.zip"]
    assert find_inputs(["x", "x/notes.txt"]).unread == ["x/photos.zip"]
    assert find_inputs(["x/a.png"]).unread == []


def test_links_of_a_folder_are_followed_and_circles_left() -> None:
    Path("z").mkdir()
    Path("z/elsewhere").symlink_to(Path("x").resolve())
    Path("z/elsewhere/round").symlink_to(Path("z").resolve())
    found = find_inputs(["z"]).photos
    assert [item.name for item in found] == ["z/elsewhere/a.png", "z/elsewhere/deep/b.JPG"]
    assert found[0].read() == b"x/a.png"


def test_a_name_that_is_not_utf_8_can_be_written_down() -> None:
    path = b"x/\xff.png"
    with open(path, "wb") as file:  # noqa: PTH123 - of bytes
        file.write(b"x")
    found = find_inputs([os.fsdecode(path)]).photos
    assert found[0].name == "x/\\udcff.png"
    assert found[0].read() == b"x"


def test_a_deleted_picture_is_an_error_when_read() -> None:
    found = find_inputs(["x/a.png"]).photos
    Path("x/a.png").unlink()
    with pytest.raises(ImageNotFoundError, match="not a regular file"):
        found[0].read()


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("absent.png", "input: 'absent.png' does not exist"),
        ("x/*.tif", "input: nothing matches 'x/*.tif'"),
        ("empty", "input: no image in 'empty'. Accepted: .bmp, .heic"),
        ("empty.zip", "input: no image in 'empty.zip'"),
        ("other", "input: no image in 'other'. There are only other files: 2 .txt, 1 without a suffix. Accepted: .bmp"),
        ("broken.zip", "broken.zip: cannot be read as a zip"),
    ],
)
def test_what_gives_no_picture_is_named(named: str, message: str) -> None:
    Path("empty").mkdir()
    for name in ("other/a.txt", "other/b/c.txt", "other/README"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
    zipfile.ZipFile("empty.zip", "w").close()
    Path("broken.zip").write_bytes(b"PK\x03\x04 and rubbish")
    with pytest.raises(SpecimenError) as error:
        find_inputs(["x", named])
    assert str(error.value).startswith(message)
