"""Two branches that both add photos, merged with the commands of CONTRIBUTING, by someone who has only their own."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from projects import ROOT, commit_all, dvc_here, git, init_git, run

PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("### Both branches added photos\n")[1]
BLOCKS = re.findall(r"(?:^    .+\n)+", PAGE.split("\n## ")[0], re.MULTILINE)
DRIVER, MERGE, OTHER_VERSION, TAKE_OVER = [[line.strip() for line in block.splitlines()] for block in BLOCKS]


def follow(folder: Path, commands: list[str]) -> None:
    """Run commands of the page."""
    for line in commands:
        if line.startswith("dvc "):
            dvc_here(folder, *shlex.split(line)[1:])
        else:
            run("sh", "-c", line, cwd=folder)


def add(folder: Path, **files: str) -> None:
    """Add photos, or lines to the sheet, and commit."""
    for name, content in files.items():
        with (folder / "data/raw" / name.replace("_", ".")).open("a") as file:
            file.write(content)
    dvc_here(folder, "add", "data/raw")
    commit_all(folder, f"Add {' '.join(files)}")


@pytest.fixture
def clones(tmp_path: Path) -> tuple[Path, Path]:
    """Two clones of one repository with data, and a remote of Git and one of DVC between them."""
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    (mine / ".dvc").mkdir(parents=True)
    for name in (".dvc/config", ".dvcignore", ".gitattributes"):
        shutil.copyfile(ROOT / name, mine / name)
    init_git(mine)
    dvc_here(mine, "remote", "add", "--force", "storage", str(tmp_path / "remote"))
    (mine / "data/raw").mkdir(parents=True)
    add(mine, a_png="a", labels_csv="image,weight\na.png,1\n")
    dvc_here(mine, "push")
    shutil.copytree(mine, theirs)
    return mine, theirs


def let_them_add(theirs: Path, mine: Path, **files: str) -> None:
    """Commit on the branch `their-branch`, push, and fetch it."""
    git(theirs, "checkout", "--quiet", "-b", "their-branch")
    add(theirs, **files)
    dvc_here(theirs, "push")
    git(mine, "fetch", "--quiet", str(theirs), "their-branch:their-branch")


def test_photos_of_both_branches_are_there_after_a_merge(clones: tuple[Path, Path]) -> None:
    mine, theirs = clones
    let_them_add(theirs, mine, b_png="b")
    add(mine, c_png="c")
    follow(mine, DRIVER)
    follow(mine, MERGE)
    assert sorted(path.name for path in (mine / "data/raw").iterdir()) == ["a.png", "b.png", "c.png", "labels.csv"]
    assert git(mine, "status", "--porcelain") == ""


def test_a_sheet_that_both_changed_is_merged_by_hand(clones: tuple[Path, Path]) -> None:
    mine, theirs = clones
    let_them_add(theirs, mine, b_png="b", labels_csv="b.png,2\n")
    add(mine, c_png="c", labels_csv="c.png,3\n")
    follow(mine, DRIVER)
    *before, merge, _ = MERGE
    follow(mine, before)
    assert "unable to auto-merge the following paths:\nlabels.csv" in run("sh", "-c", merge, cwd=mine, status=1)
    follow(mine, OTHER_VERSION)
    rows = (mine / "theirs/labels.csv").read_text().splitlines()
    with (mine / "data/raw/labels.csv").open("a") as sheet:
        sheet.write(f"{rows[-1]}\n")
    (mine / "theirs/labels.csv").unlink()
    follow(mine, TAKE_OVER)
    git(mine, "commit", "--no-edit", "--quiet")
    assert (mine / "data/raw/labels.csv").read_text() == "image,weight\na.png,1\nc.png,3\nb.png,2\n"
    assert [(mine / f"data/raw/{name}.png").read_text() for name in "abc"] == ["a", "b", "c"]
    assert "up to date" in dvc_here(mine, "status")
    assert git(mine, "status", "--porcelain") == ""
