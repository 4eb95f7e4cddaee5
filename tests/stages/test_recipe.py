"""`python tools/recipe.py NAME` shows what changes, then changes it; or says what is wrong and changes nothing."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import recipe

from specimen.common.errors import SpecimenError
from specimen.versioning import forget_sample

OLD = "data: {root: old, task: classification}\n"
MOONS = "# Moons of Jupiter\ndata: {root: moons, task: classification}\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with params and two recipes, one of them wrong."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "recipes").mkdir()
    (tmp_path / "params.yaml").write_text(OLD, encoding="utf-8")
    (tmp_path / "recipes/moons.yaml").write_text(MOONS, encoding="utf-8")
    (tmp_path / "recipes/broken.yaml").write_text(f"{MOONS}train: {{epoch: 1}}\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> object:
    """Put a recipe in place."""

    def put_recipe(name: str) -> None:
        monkeypatch.setattr(sys, "argv", ["recipe.py", name])
        recipe.main()

    return put_recipe


def params(here: Path) -> str:
    return (here / "params.yaml").read_text(encoding="utf-8")


def test_the_recipe_takes_the_place_of_the_params(here: Path, put, capsys: pytest.CaptureFixture[str]) -> None:
    put("moons")
    assert params(here) == MOONS
    assert sorted(path.name for path in here.iterdir()) == ["params.yaml", "recipes"]


def test_the_difference_is_shown(here: Path, put, capsys: pytest.CaptureFixture[str]) -> None:
    put("moons")
    lines = capsys.readouterr().out.splitlines()
    assert "-data: {root: old, task: classification}" in lines
    assert "+data: {root: moons, task: classification}" in lines
    assert lines[-1].startswith("params.yaml is now recipes/moons.yaml.")


def test_what_is_in_place_already_is_left(here: Path, put, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "params.yaml").write_text(MOONS, encoding="utf-8")
    put("moons")
    assert capsys.readouterr().out == "params.yaml is recipes/moons.yaml already.\n"


def test_there_need_be_no_params_yet(here: Path, put) -> None:
    (here / "params.yaml").unlink()
    put("moons")
    assert params(here) == MOONS


def test_params_in_another_encoding_are_replaced_too(here: Path, put) -> None:
    (here / "params.yaml").write_bytes("# größer\n".encode("cp1252"))
    put("moons")
    assert params(here) == MOONS


@pytest.fixture
def dvc_commands(here: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The commands that DVC gets, all of which fail with status 3, in a folder with the stage of the sample."""
    commands: list[tuple[str, ...]] = []
    (here / "data").mkdir()
    (here / "data/dvc.yaml").write_text("stages: {sample: {cmd: draw}}")
    monkeypatch.setattr(forget_sample, "run_dvc", lambda *command: commands.append(command) or 3)
    return commands


@pytest.mark.parametrize("before", [OLD, MOONS])
def test_dvc_is_made_to_forget_the_sample_and_its_failure_is_ours(
    here: Path, put, dvc_commands: list[tuple[str, ...]], before: str
) -> None:
    (here / "params.yaml").write_text(before, encoding="utf-8")
    with pytest.raises(SystemExit) as exited:
        put("moons")
    assert exited.value.code == 3
    assert dvc_commands == [("remove", "data/dvc.yaml:sample")]
    assert params(here) == MOONS


def test_a_recipe_for_the_sample_leaves_its_stage(here: Path, put, dvc_commands: list[tuple[str, ...]]) -> None:
    (here / "recipes/plants.yaml").write_text("data: {root: data/sample, task: classification}", encoding="utf-8")
    put("plants")
    assert dvc_commands == []


@pytest.mark.parametrize("name", ["moon", "moons.yaml"])
def test_an_unknown_recipe_is_reported_with_the_nearest(here: Path, put, name: str) -> None:
    expected = f"recipes/{name}.yaml: no such recipe. Did you mean 'moons'? Accepted: broken, moons."
    with pytest.raises(SpecimenError, match=re.escape(expected)):
        put(name)
    assert params(here) == OLD


def test_a_broken_recipe_changes_nothing(here: Path, put) -> None:
    with pytest.raises(SpecimenError, match=r"broken.yaml:\n  train.epoch: unknown key. Did you mean 'epochs'"):
        put("broken")
    assert params(here) == OLD


def test_the_command_ends_with_status_2_and_one_message(here: Path) -> None:
    command = [sys.executable, recipe.__file__, "moos"]
    done = subprocess.run(command, cwd=here, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: recipes/moos.yaml: no such recipe. Did you mean 'moons'?")
    assert "Traceback" not in done.stderr
