"""Each picture of the docs is made by `make pictures`, which makes no others."""

import os
import re
import signal
from pathlib import Path

import pictures
import pytest
from pages.mlflow_pages import mlflow_command

from specimen.common.errors import SpecimenError

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
NAMES = sorted(name for scene in pictures.SCENES.values() for name in scene.names)


def test_the_pictures_that_pages_show_are_those_that_the_command_makes() -> None:
    shown = set()
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.glob("*.md")):
        for target in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
            shown.add((page.parent / target).relative_to(DOCS).as_posix())
    assert sorted(shown) == NAMES
    assert sorted(path.name for path in DOCS.iterdir() if path.suffix in (".png", ".webp", ".jpg", ".svg")) == NAMES


def writes(*names: str) -> pictures.Scene:
    """A scene of one picture, of which these files come."""

    def take(clone: Path, folder: Path) -> None:
        for name in names:
            (folder / name).write_bytes(b"new")

    return pictures.Scene(take, ("a.png",))


def test_a_picture_goes_into_the_docs_only_where_it_is_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures.take(writes("a.png"), tmp_path, tmp_path)
    assert (tmp_path / "a.png").read_bytes() == b"new"
    assert "changed" in capsys.readouterr().out
    pictures.take(writes("a.png"), tmp_path, tmp_path)
    assert "as it was" in capsys.readouterr().out


@pytest.mark.parametrize("names", [(), ("a.png", "b.png")])
def test_a_scene_that_takes_other_pictures_than_it_says_changes_nothing(names: tuple[str, ...], tmp_path: Path) -> None:
    with pytest.raises(SpecimenError, match="The pictures taken are"):
        pictures.take(writes(*names), tmp_path, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_one_that_is_ended_leaves_no_server_and_no_clone(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[Path] = []

    def served(clone: Path, folder: Path) -> None:
        left.extend([folder, clone.parent])
        with pytest.MonkeyPatch.context() as server:
            server.setenv("SPECIMEN_SERVES", "1")
            os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(pictures, "SCENES", {"page": pictures.Scene(served, ("page.webp",))})
    monkeypatch.setattr(pictures, "make_clone", lambda root, clone: clone)
    monkeypatch.setattr("sys.argv", ["pictures.py"])
    try:
        with pytest.raises(SystemExit, match="143"):
            pictures.main()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert "SPECIMEN_SERVES" not in os.environ
    assert [folder.exists() for folder in left] == [False, False]


def test_the_command_of_mlflow_is_the_same_from_within_make(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = mlflow_command(ROOT, 5001)
    assert "5001" in alone
    monkeypatch.setenv("MAKELEVEL", "1")  # as in `make pictures`, where make says in which folder it is
    monkeypatch.setenv("MAKEFLAGS", "w")
    assert mlflow_command(ROOT, 5001) == alone
