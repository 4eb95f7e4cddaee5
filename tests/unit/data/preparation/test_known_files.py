"""A file that DVC has hashed need not be read for its MD5, as long as it is the same file."""

from __future__ import annotations

import os
from pathlib import Path
from zipfile import ZipFile

import pytest
from dvc.fs import localfs
from dvc.repo import Repo
from dvc_data.hashfile.hash_info import HashInfo

from specimen.data.preparation.known_files import known_files
from specimen.data.readers.batches import BatchImages
from specimen.data.readers.folder_images import Folder
from specimen.data.readers.zip_images import Zip


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """Three photos in a repository of DVC, which knows all but c.png."""
    monkeypatch.chdir(tmp_path)
    Path("raw").mkdir()
    for name in "abc":
        Path(f"raw/{name}.png").write_bytes(name.encode())
    with Repo.init(str(tmp_path), no_scm=True) as repo:
        for name in "ab":
            repo.state.save(os.path.abspath(f"raw/{name}.png"), localfs, HashInfo("md5", f"md5 of {name}"))  # noqa: PTH100
    return Folder(Path("raw"), Path("raw"))


def hashes(images: Folder | BatchImages) -> dict[str, str]:
    return {name: file.md5 for name, file in known_files(images, images.names).items()}


def test_what_dvc_has_hashed_is_known(photos: Folder) -> None:
    assert hashes(photos) == {"a.png": "md5 of a", "b.png": "md5 of b"}
    assert known_files(photos, ["a.png"])["a.png"].path == Path("raw/a.png")
    assert hashes(BatchImages({"week": photos})) == {"week/a.png": "md5 of a", "week/b.png": "md5 of b"}


def test_what_has_changed_since_is_not_known(photos: Folder) -> None:
    Path("raw/a.png").write_bytes(b"longer")
    replaced = Path("raw/new")
    replaced.write_bytes(b"b")
    os.utime(replaced, ns=(0, Path("raw/b.png").stat().st_mtime_ns))
    replaced.replace("raw/b.png")
    assert hashes(photos) == {}


def test_links_and_members_of_a_zip_are_read(photos: Folder, tmp_path: Path) -> None:
    Path("raw/a.png").rename(tmp_path / "a.png")
    Path("raw/a.png").symlink_to(tmp_path / "a.png")
    assert hashes(photos) == {"b.png": "md5 of b"}
    with ZipFile("photos.zip", "w") as archive:
        archive.write("raw/b.png", "b.png")
    assert known_files(Zip(Path("photos.zip")), ["b.png"]) == {}


def test_without_dvc_nothing_is_known(photos: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_ROOT", "")
    (tmp_path / ".dvc").rename(tmp_path / "elsewhere")
    assert hashes(photos) == {}
