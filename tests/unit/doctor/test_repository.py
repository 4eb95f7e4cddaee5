"""What the doctor says of a repository: Git, hooks, params, the lock and links."""

from pathlib import Path

import projects
import pytest

from specimen.doctor import remote, repository
from specimen.doctor.examine import examine
from specimen.doctor.findings import Finding
from specimen.doctor.place import Place
from specimen.versioning.errors import NotAvailableError


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A repository of Git, without settings of this machine, and with the folder of DVC."""
    projects.forget_settings(monkeypatch, tmp_path / "settings")
    root = tmp_path / "work"
    (root / ".dvc").mkdir(parents=True)
    projects.init_git(root)
    return Place(root)


def lock_is_stale(monkeypatch: pytest.MonkeyPatch, **stages: bool) -> None:
    monkeypatch.setattr(repository, "stale_stages", lambda _root, _seconds: stages)


def found_by(check, place: Place) -> Finding:
    found = check(place)
    assert found is not None
    return found


def test_a_folder_without_git_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert repository.check_git(Place(tmp_path)).status == "fault"
    assert repository.check_hooks(Place(tmp_path)) is None


def test_git_that_does_not_know_its_user_is_a_warning(place: Place) -> None:
    assert repository.check_git(place).what == "no commit yet"
    (place.root / "file").touch()
    projects.commit_all(place.root, "First")
    assert repository.check_git(place).what.endswith("branch main")
    projects.git(place.root, "config", "--unset", "user.email")
    assert "does not know your user.email" in repository.check_git(place).what


def test_the_hooks_that_are_missing_are_named(place: Place) -> None:
    folder = place.root / ".git/hooks"
    for name, text in (("pre-commit", "exec pre-commit hook-impl"), ("pre-push", "exec dvc git-hook pre-push $@")):
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    found = found_by(repository.check_hooks, place)
    assert found.status == "warning"
    assert found.what.startswith("no hook post-checkout:")
    assert found.way_out == repository.INSTALL_HOOKS
    (folder / "post-checkout").write_text("#!/bin/sh\nexec dvc git-hook post-checkout $@\n")
    assert found_by(repository.check_hooks, place).status == "warning", "Git runs no hook that is not executable"
    (folder / "post-checkout").chmod(0o755)
    assert found_by(repository.check_hooks, place).status == "ok"


def test_params_with_a_typing_error_are_a_fault_that_names_the_key(place: Place) -> None:
    projects.write_params(place.root)
    assert repository.check_params(place).status == "ok"
    projects.write_params(place.root, train={"epoch": 3})
    found = repository.check_params(place)
    assert found.status == "fault"
    assert "train.epoch: unknown key. Did you mean 'epochs'?" in found.what


def test_a_lock_in_conflict_is_a_fault_and_a_stale_one_a_warning(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "never run" in repository.check_lock(place).what
    lock = place.root / "dvc.lock"
    lock.write_text("stages:\n<<<<<<< HEAD\n=======\n>>>>>>> other\n")
    assert repository.check_lock(place).status == "fault"
    lock.write_text("stages: {}\n")
    projects.commit_all(place.root, "Lock")
    lock_is_stale(monkeypatch, prepare=False, train=True, evaluate=True)
    found = repository.check_lock(place)
    assert (found.status, found.what) == ("warning", "not run on what is here: train, evaluate")
    lock_is_stale(monkeypatch, prepare=False)
    assert repository.check_lock(place).status == "ok"
    lock.write_text("stages: {}\n# run again\n")
    found = repository.check_lock(place)
    assert (found.status, found.what) == ("warning", "current, but not committed: dvc.lock")


def test_a_stale_lock_without_its_data_is_a_warning_and_a_wrong_pipeline_is_none_of_that(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place.root / "dvc.lock").touch()

    def fail(message: str) -> Finding:
        def stale_stages(_root: Path, _seconds: float) -> dict[str, bool]:
            raise NotAvailableError(message)

        monkeypatch.setattr(repository, "stale_stages", stale_stages)
        return repository.check_lock(place)

    assert fail("failed to reproduce 'validate': no such file").status == "warning"
    with pytest.raises(NotAvailableError, match=r"dvc\.yaml"):
        fail("'dvc.yaml' is invalid")


def test_without_dvc_one_line_says_so(tmp_path: Path) -> None:
    groups = {"repository": repository.CHECKS, "remote": remote.CHECKS}
    lines = list(examine(Place(tmp_path), groups))
    assert [line.name for line in lines if ".dvc" in line.finding.what] == ["DVC"]
    assert not [line for line in lines if line.group == "remote"]


def test_a_config_that_dvc_cannot_read_is_one_fault(place: Place) -> None:
    broken = write_config(place, "[core\n")
    lines = list(examine(broken, {"repository": {"DVC": repository.check_dvc}, "remote": remote.CHECKS}))
    assert [(line.name, line.finding.status) for line in lines] == [("DVC", "fault")]
    assert found_by(repository.check_dvc, write_config(place, "")).status == "ok"


def write_config(place: Place, text: str) -> Place:
    (place.root / ".dvc/config").write_text(text)
    return Place(place.root)


def test_a_cache_on_another_file_system_is_a_warning_unless_files_are_linked_to_it(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = next((folder for folder in (Path("/dev/shm"), Path("/proc")) if folder.is_dir()), None)
    if other is None or other.stat().st_dev == place.root.stat().st_dev:
        pytest.skip("one file system alone on this machine")
    found = found_by(repository.check_links, write_config(place, f"[cache]\n    dir = {other}\n"))
    assert found.status == "warning"
    assert str(other) in found.what
    linked = write_config(place, f"[cache]\n    dir = {other}\n    type = symlink\n")
    assert found_by(repository.check_links, linked).status == "ok"


def test_a_cache_in_the_repository_is_well_and_nothing_is_left_there(place: Place) -> None:
    before = sorted(place.root.rglob("*"))
    assert found_by(repository.check_links, place).status == "ok"
    assert sorted(place.root.rglob("*")) == before


def test_a_sample_that_dvc_still_looks_for_is_a_warning(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place.root)
    projects.write_params(place.root)
    assert repository.check_sample(place) is None
    (place.root / "data").mkdir()
    (place.root / "data/dvc.yaml").write_text("stages: {sample: {cmd: draw}}")
    found = found_by(repository.check_sample, Place(place.root))
    assert found.way_out == "`dvc remove data/dvc.yaml:sample`"
