"""Images in folders and zips: found under the names that people write, and never from outside the data."""

import os
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from specimen.common.errors import SpecimenError
from specimen.data.readers import folder_images, zip_images
from specimen.data.readers.data_root import list_elsewhere, open_images
from specimen.data.readers.image_names import Finder
from specimen.data.readers.images import ImageNotFoundError, sort_files
from specimen.data.readers.zip_images import read_member


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A data folder with one file in it, and a secret next to it."""
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "s.png").write_bytes(b"secret")
    (tmp_path / "raw" / "photos").mkdir(parents=True)
    (tmp_path / "raw" / "photos" / "a.png").write_bytes(b"a")
    return tmp_path / "raw"


@pytest.fixture
def zip_file(tmp_path: Path) -> Callable[..., Path]:
    def write(entries: dict[str, bytes], name: str = "data.zip") -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for entry, content in entries.items():
                archive.writestr(entry, content)
        return path

    return write


@pytest.mark.parametrize("name", ["a.png", "b/A.JPG", "a.Tiff", "a b, (1)___ü.webp", "scan.jfif", "IMG_1.HEIC"])
def test_a_file_with_the_suffix_of_an_image_is_one(name: str) -> None:
    assert sort_files([name]) == ([name], [])


@pytest.mark.parametrize("name", ["a.txt", "png", "a.png.bak", "a.gif", "b/a.cr2", "c.zip", "desktop.ini.txt"])
def test_any_other_file_is_listed_apart(name: str) -> None:
    assert sort_files([name]) == ([], [name])


@pytest.mark.parametrize(
    "name",
    [
        *(".a.png", ".thumbnails/a.png", "b/.DS_Store", "._a.png", "b/Thumbs.db", "Desktop.ini", "~$labels.xlsx"),
        *("@eaDir/a/0.jpg", "$RECYCLE.BIN/0.jpg", "#recycle/a.png"),
        *("__MACOSX/b.png", "ehthumbs.db"),
    ],
)
def test_hidden_files_and_what_systems_leave_behind_are_neither(name: str) -> None:
    assert sort_files([name]) == ([], [])


def test_images_below_a_folder_in_one_order(root: Path) -> None:
    for name in ("B.JPG", "sub/deep/c d.png", "notes.txt", ".hidden/x.png"):
        (root / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "photos" / name).write_bytes(name.encode())
    opened = open_images(root, "photos")
    assert opened.names == ["B.JPG", "a.png", "sub/deep/c d.png"]
    assert opened.read("sub/deep/c d.png") == b"sub/deep/c d.png"


def test_link_inside_the_data_is_followed(root: Path) -> None:
    (root / "photos" / "b.png").symlink_to("a.png")
    assert open_images(root, "photos").read("b.png") == b"a"


def test_linked_folder_inside_the_data_is_followed(root: Path) -> None:
    (root / "photos" / "again").symlink_to(root / "others")
    (root / "others").mkdir()
    (root / "others" / "o.png").write_bytes(b"o")
    assert open_images(root, "photos").read("again/o.png") == b"o"


def test_link_that_leaves_the_data_is_refused(root: Path) -> None:
    (root / "photos" / "b.png").symlink_to(root.parent / "secret" / "s.png")
    opened = open_images(root, "photos")
    assert "b.png" in opened.names
    with pytest.raises(ImageNotFoundError, match="link leaves the data folder"):
        opened.read("b.png")


def test_images_behind_a_linked_folder_that_leaves_are_listed_and_refused(root: Path) -> None:
    (root.parent / "secret" / "deep").mkdir()
    (root.parent / "secret" / "deep" / "d.png").write_bytes(b"d")
    (root / "photos" / "out").symlink_to(root.parent / "secret")
    opened = open_images(root, "photos")
    assert opened.names == ["a.png", "out/s.png"]
    with pytest.raises(ImageNotFoundError, match="link leaves the data folder"):
        opened.read("out/s.png")


def test_link_into_a_dvc_cache_is_followed(root: Path) -> None:
    cached = root.parent / "cache" / "files" / "md5" / "0c" / ("c1" * 15)
    cached.parent.mkdir(parents=True)
    cached.write_bytes(b"cached")
    (root / "photos" / "b.png").symlink_to(cached)
    assert open_images(root, "photos").read("b.png") == b"cached"


def test_links_in_a_circle_end(root: Path) -> None:
    (root / "photos" / "up").symlink_to(root)
    (root / "photos" / "here").symlink_to(root / "photos")
    assert open_images(root, "photos").names == ["a.png"]


def test_the_data_folder_itself_may_be_a_link(root: Path) -> None:
    (root.parent / "link").symlink_to(root)
    assert open_images(root.parent / "link", "photos").read("a.png") == b"a"


@pytest.mark.parametrize("inside", ["../secret", "out", "/"])
def test_images_param_must_stay_in_the_data(root: Path, inside: str) -> None:
    (root / "out").symlink_to(root.parent / "secret")
    with pytest.raises(SpecimenError, match=r"data\.images: '.*' leads out of data\.root"):
        open_images(root, inside)


@pytest.mark.parametrize(
    "make", [os.mkfifo, lambda path: path.symlink_to(path), lambda path: path.symlink_to("no.png")]
)
def test_what_is_no_file_is_refused_and_does_not_hang(root: Path, make: Callable[[Path], None]) -> None:
    make(root / "photos" / "b.png")
    with pytest.raises(ImageNotFoundError, match="not a regular file"):
        open_images(root, "photos").read("b.png")


def test_file_without_permission_is_refused_without_its_full_path(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    opened = open_images(root, "photos")
    monkeypatch.setattr(Path, "read_bytes", deny)
    with pytest.raises(ImageNotFoundError, match=r"^cannot be read: Permission denied$"):
        opened.read("a.png")


def test_folder_without_permission_is_an_error(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", deny)
    with pytest.raises(SpecimenError, match=r"data\.images: cannot list '.*photos': Permission denied"):
        open_images(root, "photos")


def test_huge_file_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "photos" / "b.png").write_bytes(bytes(11))
    monkeypatch.setattr(folder_images, "MAX_BYTES", 10)
    with pytest.raises(ImageNotFoundError, match="larger than 10 bytes"):
        open_images(root, "photos").read("b.png")


@pytest.mark.parametrize("name", [b"caf\xe9.png", b"two\rlines.png"])
def test_file_name_that_no_table_can_hold_is_an_error(root: Path, name: bytes) -> None:
    (root / "photos" / os.fsdecode(name)).write_bytes(b"")
    with pytest.raises(SpecimenError, match="is not UTF-8, or has two lines; rename"):
        open_images(root, "photos")


def test_missing_root_says_how_to_fetch_it(tmp_path: Path) -> None:
    with pytest.raises(SpecimenError, match=r"data\.root: .*raw' does not exist\. `dvc pull`"):
        open_images(tmp_path / "raw", ".")


def test_missing_images_name_the_nearest(root: Path) -> None:
    with pytest.raises(SpecimenError, match=r"data\.images: 'photo' does not exist in .*Did you mean 'photos'"):
        open_images(root, "photo")


def test_folder_without_images_is_an_error(root: Path) -> None:
    (root / "empty").mkdir()
    with pytest.raises(SpecimenError, match=r"data\.images: 'empty' in .* holds no images\..*\.bmp"):
        open_images(root, "empty")


def test_root_may_be_a_zip(zip_file) -> None:
    opened = open_images(zip_file({"a.png": b"a", "sub/B.JPG": b"b", "labels.csv": b""}), ".")
    assert opened.names == ["a.png", "sub/B.JPG"]
    assert opened.read("sub/B.JPG") == b"b"


def test_the_other_files_of_a_folder_and_of_a_zip_are_listed(root: Path, zip_file) -> None:
    (root / "photos" / "sub").mkdir()
    for name in ("notes.txt", "sub/b.gif", "sub/Thumbs.db"):
        (root / "photos" / name).write_bytes(b"")
    assert open_images(root, "photos").others == ["notes.txt", "sub/b.gif"]
    path = zip_file({"a.png": b"", "sub/b.gif": b"", "c.zip": b"", "sub/.DS_Store": b""})
    assert open_images(path, ".").others == ["c.zip", "sub/b.gif"]


def test_files_elsewhere_below_the_root(root: Path, zip_file) -> None:
    for name in ("labels.csv", "more/b.png", ".git/config", "masks/a.png"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(b"")
    assert list_elsewhere(root, ["photos", "masks"]) == ["labels.csv", "more/b.png"]
    assert list_elsewhere(root, ["."]) == []
    path = zip_file({"photos/a.png": b"", "labels.csv": b"", "more/b.png": b""})
    assert list_elsewhere(path, ["photos", "labels.csv"]) == ["more/b.png"]


def test_what_is_behind_a_link_that_leaves_is_not_listed(root: Path) -> None:
    (root.parent / "secret" / "notes.txt").write_bytes(b"")
    (root / "out").symlink_to(root.parent / "secret")
    (root / "photos" / "out").symlink_to(root.parent / "secret")
    assert list_elsewhere(root, ["photos"]) == ["out"]
    assert open_images(root, "photos").others == []


def test_several_zips_are_named_where_photos_are_missing(root: Path) -> None:
    (root / "zips").mkdir()
    for name in ("a.zip", "b.zip", "notes.txt"):
        (root / "zips" / name).write_bytes(b"")
    with pytest.raises(SpecimenError, match=r"only other files: 2 \.zip, 1 \.txt\. .*Name one zip in data\.images"):
        open_images(root, "zips")


@pytest.mark.parametrize("inside", ["photos", "./photos/", "photos/"])
def test_folder_inside_a_zip(zip_file, inside: str) -> None:
    opened = open_images(zip_file({"photos/sub/a.png": b"a", "other/b.png": b"b"}), inside)
    assert opened.names == ["sub/a.png"]
    assert opened.read("sub/a.png") == b"a"


def test_missing_folder_inside_a_zip(zip_file) -> None:
    with pytest.raises(SpecimenError, match=r"data\.images: 'photo' in .*data\.zip' holds no images"):
        open_images(zip_file({"photos/a.png": b"a"}), "photo")


def test_zip_inside_the_root(zip_file) -> None:
    path = zip_file({"Earth/a.png": b"a"}, "raw/photos.zip")
    assert open_images(path.parent, "photos.zip").read("Earth/a.png") == b"a"


def test_shadow_files_of_macos_are_left_out(zip_file) -> None:
    opened = open_images(zip_file({"a.png": b"a", "__MACOSX/._a.png": b"", "__MACOSX/b.png": b"", "._c.png": b""}), ".")
    assert opened.names == ["a.png"]


def test_names_in_a_zip_are_read_as_unzip_would_write_them(zip_file) -> None:
    names = ["Earth\\a.png", "/Mars/b.png", "./Moon//c.png", "../../d.png"]
    opened = open_images(zip_file({name: name.encode() for name in names}), ".")
    assert opened.names == ["Earth/a.png", "Mars/b.png", "Moon/c.png"]
    assert [opened.read(name).decode() for name in opened.names] == names[:3]


def test_entry_that_is_there_twice_counts_once(zip_file) -> None:
    path = zip_file({"a.png": b"old"})
    with warnings.catch_warnings(), zipfile.ZipFile(path, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("a.png", b"new")
    opened = open_images(path, ".")
    assert opened.names == ["a.png"]
    assert opened.read("a.png") == b"new"


def test_encrypted_entry_is_refused(zip_file) -> None:
    path = zip_file({"a.png": b"a"})
    content = bytearray(path.read_bytes())
    content[6] |= 1  # the flag in front of the entry, and that in the directory
    content[content.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(ImageNotFoundError, match=r"zip entry: .*encrypted"):
        open_images(path, ".").read("a.png")


@pytest.mark.parametrize("place", range(35, 60, 4))
def test_damaged_entry_is_refused(zip_file, place: int) -> None:
    path = zip_file({"a.png": bytes(range(256))})
    content = bytearray(path.read_bytes())
    content[place] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(ImageNotFoundError, match="zip entry: "):
        open_images(path, ".").read("a.png")


def test_photo_that_a_zip_does_not_have_is_named_with_the_zip(zip_file) -> None:
    path = zip_file({"a.png": b"a"})
    with pytest.raises(ImageNotFoundError, match=rf"{path} has no 'b.png': .*run again"):
        open_images(path, ".").read("b.png")


def test_huge_entry_is_refused(zip_file, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = open_images(zip_file({"a.png": bytes(1000)}), ".")
    monkeypatch.setattr(zip_images, "MAX_BYTES", 999)
    with pytest.raises(ImageNotFoundError, match="larger than 999 bytes"):
        opened.read("a.png")


def test_file_that_is_no_zip(tmp_path: Path) -> None:
    (tmp_path / "data.zip").write_bytes(b"text")
    with pytest.raises(SpecimenError, match=r"data\.zip: cannot be read as a zip"):
        open_images(tmp_path / "data.zip", ".")


def test_member_of_a_zip(zip_file) -> None:
    path = zip_file({"labels.csv": b"a,b"})
    assert read_member(path, "labels.csv") == b"a,b"
    assert read_member(path, "other.csv") is None


def test_damaged_member_of_a_zip(zip_file) -> None:
    path = zip_file({"labels.csv": bytes(range(256))})
    content = bytearray(path.read_bytes())
    content[50] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(SpecimenError, match=r"data\.zip: cannot read 'labels\.csv'"):
        read_member(path, "labels.csv")


NAMES = ["Early/a (1), b.png", "Late___x/C.JPG", "late/dup.png", "early/dup.png", "M\u00fcnchen.png", "12:30.png"]


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("Early/a (1), b.png", "Early/a (1), b.png"),
        ("early\\A (1), B.PNG", "Early/a (1), b.png"),
        ("./Late___x/C.JPG", "Late___x/C.JPG"),
        ("c.jpg", "Late___x/C.JPG"),
        ("late/DUP.png", "late/dup.png"),
        ("Mu\u0308nchen.png", "M\u00fcnchen.png"),
        ("12:30.png", "12:30.png"),
    ],
)
def test_names_as_people_write_them(written: str, found: str) -> None:
    assert Finder(NAMES).find(written) == (found, False)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("C", "Late___x/C.JPG"),
        ("c.tif", "Late___x/C.JPG"),
        ("late___x/c.heic", "Late___x/C.JPG"),
        ("/home/jo/Late___x/C.JPG", "Late___x/C.JPG"),
        ("../Late___x/C.JPG", "Late___x/C.JPG"),
        ("C:\\photos\\Late___x\\C.JPG", "Late___x/C.JPG"),
        ("\\\\server\\photos\\late\\dup.png", "late/dup.png"),
        ("images\\Mu\u0308nchen.png", "M\u00fcnchen.png"),
        ("C:\\images\\m\u00fcnchen", "M\u00fcnchen.png"),
    ],
)
def test_names_that_say_something_else_than_the_file_and_can_mean_only_one(written: str, found: str) -> None:
    assert Finder(NAMES).find(written) == (found, True)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("dup.png", "ambiguous: late/dup.png, early/dup.png"),
        ("dup", "ambiguous: late/dup.png, early/dup.png"),
        ("other/C.JPG", "no such file; similar: Late___x/C.JPG"),
        ("C:\\photos\\C.JPG", "no such file; similar: Late___x/C.JPG"),
        ("munchen.png", "no such file; similar: M\u00fcnchen.png"),
        ("a_1_b.png", "no such file; similar: Early/a (1), b.png"),
        ("a 01 b", "no such file; similar: Early/a (1), b.png"),
        ("C.txt", "no such file"),
        ("d.png", "no such file"),
        ("..", "no such file"),
        ("a\0.png", "no such file"),
        ("film.GIF", ".gif is not read"),
        ("film.png", "no such file; similar: more/film.gif"),
        ("1230.5", "no such file"),
    ],
)
def test_names_that_mean_no_image(written: str, reason: str) -> None:
    with pytest.raises(ImageNotFoundError) as caught:
        Finder(NAMES, ["more/film.gif"]).find(written)
    assert str(caught.value) == reason


def test_the_exact_name_wins_over_another_case() -> None:
    assert Finder(["a.png", "A.png"]).find("A.png").image == "A.png"


def test_a_name_without_suffix_is_not_guessed_between_two_files() -> None:
    with pytest.raises(ImageNotFoundError, match=r"ambiguous: a\.jpg, a\.png"):
        Finder(["a.jpg", "a.png"]).find("a")
