"""What Specimen passes over without a word, DVC passes over too: it changes no hash."""

from pathlib import Path

import pytest
from pathspec import GitIgnoreSpec

from specimen.data.readers.images import sort_files

PATTERNS = GitIgnoreSpec.from_lines(Path(__file__).parents[2].joinpath(".dvcignore").read_text().splitlines())


@pytest.mark.parametrize(
    "name",
    [
        ".DS_Store",
        "a/._1.jpg",
        "__MACOSX/a/b.jpg",
        "Thumbs.db",
        "a/desktop.ini",
        "Desktop.ini",
        "~$labels.xlsx",
        "@eaDir/a.jpg",
        "#recycle/a.jpg",
    ],
)
def test_what_systems_leave_behind_is_ignored(name: str) -> None:
    assert PATTERNS.match_file(f"data/raw/{name}")
    assert sort_files([name]) == ([], [])


@pytest.mark.parametrize("name", ["labels.xlsx", "a/1.jpg", "a/my desktop.ini", "MACOSX/1.jpg", "notes.txt"])
def test_other_files_are_not(name: str) -> None:
    assert not PATTERNS.match_file(f"data/raw/{name}")
    assert sort_files([name]) != ([], [])
