"""What docs/retention.md says of `dvc gc`, on a bucket with old data: what should stay comes back, the rest is gone."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
import s3
from projects import ROOT, capture_dvc, commit_all, dvc_here, forget_settings, git, init_git

PAGE = (ROOT / "docs/retention.md").read_text(encoding="utf-8")
VERSIONS = ("tagged", "old", "older", "new", "branch", "experiment")


def commands(section: str, first_word: str) -> list[list[str]]:
    """Return the commands of a section of the page that begin with a word, each as its arguments."""
    text = PAGE.split(f"## {section}\n")[1].split("\n## ")[0]
    lines = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL)).splitlines()
    return [shlex.split(line) for line in lines if line.startswith(f"{first_word} ")]


def photo(version: str) -> bytes:
    return version.encode() * 1000


@pytest.fixture
def endpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    forget_settings(monkeypatch, tmp_path / "settings")
    with s3.serve() as address:
        yield address


@pytest.fixture
def server(endpoint: str, tmp_path: Path) -> Path:
    """A repository as Git's server has it: a tag, commits on main, a branch and an experiment, all data pushed."""
    work = tmp_path / "work"
    work.mkdir()
    init_git(work)
    dvc_here(work, "init", "--quiet")
    dvc_here(work, "remote", "add", "--default", "storage", f"s3://{s3.BUCKET}/specimen")
    for key, value in (("endpointurl", endpoint), ("access_key_id", "none"), ("secret_access_key", "none")):
        dvc_here(work, "remote", "modify", "storage", key, value)
    for version in ("tagged", "older", "old", "new", "branch", "experiment"):
        if version == "branch":
            git(work, "checkout", "--quiet", "-b", "their-branch", "HEAD~1")
        if version == "experiment":
            git(work, "checkout", "--quiet", "--detach", "main")
        (work / "photos").mkdir(exist_ok=True)
        (work / "photos/leaf.jpg").write_bytes(photo(version))
        dvc_here(work, "add", "--quiet", "photos")
        commit_all(work, version)
        dvc_here(work, "push")
        if version == "tagged":
            git(work, "tag", "model@v1.0.0")
    git(work, "update-ref", experiment(work), "HEAD")
    git(work, "checkout", "--quiet", "main")
    return work


@pytest.fixture
def cleaning(server: Path, tmp_path: Path) -> Path:
    """The fresh clone of the page, with all that the server has."""
    (clone, fetch) = commands("Keep all tags and the last commits of all branches", "git")
    assert clone[1] == "clone"
    folder = tmp_path / clone[3]
    git(tmp_path, "clone", "--quiet", str(server), str(folder))
    git(folder, *fetch[1:])
    return folder


def experiment(folder: Path) -> str:
    """Return the name of the experiment in Git, as DVC derives it from the commit that it began from."""
    start = git(folder, "rev-parse", "main").strip()
    return f"refs/exps/{start[:2]}/{start[2:]}/fast-leaf"


def objects(endpoint: str) -> int:
    keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none", "region_name": "us-east-1"}
    return int(boto3.client("s3", endpoint_url=endpoint, **keys).list_objects_v2(Bucket=s3.BUCKET)["KeyCount"])


def pulled(tmp_path: Path, server: Path, revision: str) -> bytes | None:
    """Return the photo of a revision as a clone without a cache gets it, `None` if it does not."""
    folder = tmp_path / f"clone of {revision.replace('/', ' ')}"
    git(tmp_path, "clone", "--quiet", str(server), str(folder))
    git(folder, "fetch", "--quiet", "origin", revision)
    git(folder, "checkout", "--quiet", "FETCH_HEAD")
    done = capture_dvc(folder, "pull")
    file = folder / "photos/leaf.jpg"
    assert (done.returncode == 0) == file.exists(), done.stderr
    return file.read_bytes() if file.exists() else None


def test_tags_branches_and_experiments_stay_and_the_old_bytes_go(
    endpoint: str, server: Path, cleaning: Path, tmp_path: Path
) -> None:
    look, remove = commands("Keep all tags and the last commits of all branches", "dvc")[:2]
    assert look == [*remove, "--dry"]
    for command in (look, remove):
        command[command.index("20")] = "2"
    before = objects(endpoint)
    assert before == 2 * len(VERSIONS)
    said = dvc_here(cleaning, *look[1:])
    assert said.count("Removing specimen/specimen/files/md5/") == 2
    assert objects(endpoint) == before
    dvc_here(cleaning, *remove[1:], "--force")  # here nobody could answer the question
    assert objects(endpoint) == before - 2  # a photo, and the list of its folder
    kept = {"model@v1.0.0": "tagged", "main": "new", "their-branch": "branch", experiment(server): "experiment"}
    kept[git(server, "rev-parse", "main~1").strip()] = "old"
    assert {name: pulled(tmp_path, server, name) for name in kept} == {name: photo(kept[name]) for name in kept}
    assert pulled(tmp_path, server, git(server, "rev-parse", "main~2").strip()) is None


def test_what_this_clone_does_not_know_is_removed(endpoint: str, server: Path, tmp_path: Path) -> None:
    """Why the page begins with a clone of all branches."""
    git(tmp_path, "clone", "--quiet", str(server), "plain")
    dvc_here(tmp_path / "plain", "gc", "--all-branches", "--all-tags", "--cloud", "--force")
    assert pulled(tmp_path, server, "their-branch") is None


def test_the_last_commands_name_what_is_gone(server: Path, cleaning: Path, tmp_path: Path) -> None:
    *_, tags, branches = commands("Keep all tags and the last commits of all branches", "dvc")
    for command in (tags, branches):
        dvc_here(cleaning, *command[1:])
    git(tmp_path, "clone", "--quiet", str(server), "plain")
    dvc_here(tmp_path / "plain", "gc", "--workspace", "--cloud", "--force")
    said = capture_dvc(tmp_path / "plain", *tags[1:]).stderr
    assert "Missing cache files" in said
    assert "Missing cache files" in PAGE


def test_the_cache_of_a_desk_gives_back_what_the_bucket_has_and_keeps_the_rest(server: Path) -> None:
    (server / "photos/leaf.jpg").write_bytes(photo("not pushed"))
    dvc_here(server, "add", "--quiet", "photos")
    commit_all(server, "not pushed")
    look, remove = commands("Your own disk", "dvc")
    assert look == [*remove, "--dry"]
    dvc_here(server, *look[1:])
    cache = server / ".dvc/cache/files/md5"
    count = len([path for path in cache.rglob("*") if path.is_file()])
    assert count == 2 * (len(VERSIONS) + 1)
    dvc_here(server, *remove[1:], "--force")
    assert len([path for path in cache.rglob("*") if path.is_file()]) == 2
    dvc_here(server, "checkout")
    assert (server / "photos/leaf.jpg").read_bytes() == photo("not pushed")
    git(server, "checkout", "--quiet", "main~1")
    dvc_here(server, "pull")
    assert (server / "photos/leaf.jpg").read_bytes() == photo("new")
