"""The clone in which pictures of the docs are taken."""

from pathlib import Path

from pages.clone import make_clone
from projects import commit_all, dvc_here, git, init_git

STAGE = """stages:
  count:
    cmd: echo again >> {runs} && cp params.yaml out.txt
    deps: [params.yaml]
    outs: [out.txt]
"""


def test_a_clone_has_what_is_committed_and_runs_only_what_the_cache_does_not_have(tmp_path: Path) -> None:
    repository, runs = tmp_path / "repository", tmp_path / "runs.txt"
    repository.mkdir()
    init_git(repository)
    dvc_here(repository, "init", "--quiet")
    dvc_here(repository, "remote", "add", "--quiet", "--default", "storage", "s3://bucket-of-the-lab/specimen")
    (repository / "params.yaml").write_text("epochs: 1\n")
    (repository / "dvc.yaml").write_text(STAGE.format(runs=runs))
    dvc_here(repository, "repro")
    commit_all(repository, "First")
    (repository / "params.yaml").write_text("epochs: 2\n")
    clone = make_clone(repository, tmp_path / "clone")
    assert (clone / "out.txt").read_text() == "epochs: 1\n"
    assert runs.read_text() == "again\n"
    assert git(clone, "status", "--porcelain") == ""
    commit_all(repository, "Second, which has not run")
    assert (make_clone(repository, tmp_path / "other") / "out.txt").read_text() == "epochs: 2\n"
    assert runs.read_text() == "again\nagain\n"
