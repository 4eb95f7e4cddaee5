"""`make seeds` and the report through DVC and Git, with stages that draw errors instead of training."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml
from projects import (
    SMALL,
    MakeOnce,
    commit_all,
    dvc_here,
    git,
    make_repository,
    process_in,
    run_script,
    write_params,
)  # fmt: skip

from specimen.common.errors import SpecimenError
from specimen.experiments.base_copy import copy_base
from specimen.versioning import revisions
from specimen.versioning.lock import read_lock

VALIDATE = """
from pathlib import Path
Path("data/validated.json").write_text("{}")
"""
PREPARE = """
from pathlib import Path
for name in ("data/prepared", "plots/data"):
    Path(name).mkdir(parents=True, exist_ok=True)
names = [f"{n}.png,{n},{10 + n},test" for n in range(16)]
Path("data/prepared/samples.csv").write_text("\\n".join(["image,group,target,split", *names]) + "\\n")
"""
TRAIN = """
import json, yaml
from pathlib import Path
train = yaml.safe_load(Path("params.yaml").read_text())["train"]
for name in ("models", "plots"):
    Path(name).mkdir(exist_ok=True)
Path("models/model.pt").write_text(json.dumps([train["lr"], train.get("seed", 1)]))
Path("plots/history.csv").write_text("epoch,train_loss,val_loss\\n1,1,1\\n")
print("trained with seed", train.get("seed", 1))
"""
EVALUATE = """
import json, random
from pathlib import Path
quality, seed = json.loads(Path("models/model.pt").read_text())
for name in ("metrics", "plots/test", "plots/tables"):
    Path(name).mkdir(parents=True, exist_ok=True)
hard, luck = random.Random(0), random.Random(f"{quality} {seed}")
lines = ["image,group,target,prediction"]
for row in Path("data/prepared/samples.csv").read_text().splitlines()[1:]:
    image, group, target, _ = row.split(",")
    error = quality * hard.gauss(0, 1) * luck.uniform(0.9, 1.1)
    lines.append(f"{image},{group},{target},{float(target) + error}")
Path("plots/predictions.csv").write_text("\\n".join(lines) + "\\n")
for name in ("test", "details", "data"):
    Path(f"metrics/{name}.json").write_text("{}")
"""
STAGES = {"validate": VALIDATE, "prepare": PREPARE, "train": TRAIN, "evaluate": EVALUATE}
BASE_LR, BETTER_LR = 1.0, 0.5


def set_lr(folder: Path, lr: float) -> None:
    write_params(folder, SMALL, train={"lr": lr})


def report(folder: Path) -> str:
    run_script(folder, "report", "--base", "main")
    return (folder / "report.md").read_text()


@pytest.fixture(scope="module")
def walked(make_once: MakeOnce) -> Path:
    """A branch with a better recipe, trained with other seeds like its base, which has never heard of seeds."""

    def make(folder: Path) -> None:
        make_repository(folder)
        for name, text in STAGES.items():
            (folder / f"src/{name}.py").write_text(text)
        (folder / "data/raw").mkdir()
        (folder / "data/raw/labels.csv").touch()
        set_lr(folder, BASE_LR)
        seeds = folder / "seeds"
        seeds.rename(folder / "kept")
        dvc_here(folder, "repro", "evaluate")
        git(folder, "add", "--all", ":!kept")
        git(folder, "commit", "--quiet", "--message", "A base without seeds")
        git(folder, "checkout", "--quiet", "-b", "change")
        (folder / "kept").rename(seeds)
        set_lr(folder, BETTER_LR)
        dvc_here(folder, "repro", "evaluate")
        (folder / "before.md").write_text(report(folder))
        run_script(folder, "seeds", "--count", "2", "--base", "main")
        (folder / "after.md").write_text(report(folder))
        commit_all(folder, "Another lr, and what seeds do")

    return make_once("walked", make)


@pytest.fixture
def repository(walked: Path, tmp_path: Path) -> Path:
    """A copy of the repository, with its cache, to do things to."""
    return Path(shutil.copytree(walked, tmp_path / "repository", symlinks=True))


def test_without_other_seeds_the_report_says_that_one_training_was_compared(walked: Path) -> None:
    text = (walked / "before.md").read_text()
    assert "One training of each was compared" in text
    assert "other seeds" not in text


def test_with_them_it_says_that_the_change_is_more_than_the_dice(walked: Path) -> None:
    text = (walked / "after.md").read_text()
    assert "**The change, or the dice? More than the dice: better.** Of 2 trainings of each with other seeds" in text
    assert "base&#95;seeds" not in text


def test_what_git_gets_is_small_and_the_copy_of_the_base_is_gone(walked: Path) -> None:
    files = git(walked, "ls-files", "seeds", "metrics/seeds.json").split()
    assert files == ["metrics/seeds.json", "seeds/dvc.lock", "seeds/dvc.yaml", "seeds/seeds.yaml"]
    assert list(json.loads((walked / "metrics/seeds.json").read_text())["seed"]) == ["2", "3"]
    assert not list((walked / ".dvc/tmp/seeds").iterdir())


def test_a_second_time_nothing_is_trained(repository: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = (repository / "seeds/dvc.lock").read_bytes()
    run_script(repository, "seeds", "--count", "2", "--base", "main")
    output = "".join(capfd.readouterr())
    assert "Running stage" not in output
    assert "Base main" in output
    assert (repository / "seeds/dvc.lock").read_bytes() == before


def test_more_seeds_train_only_what_is_new(repository: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run_script(repository, "seeds", "--count", "3", "--base", "main")
    output = "".join(capfd.readouterr())
    assert output.count("trained with seed") == output.count("trained with seed 4") == 2
    assert yaml.safe_load((repository / "seeds/seeds.yaml").read_text())["base_seeds"] == [2, 3, 4]


def test_trainings_with_other_params_are_not_used(repository: Path) -> None:
    set_lr(repository, 0.6)
    dvc_here(repository, "repro", "evaluate")
    text = report(repository)
    assert (
        "Trainings with other seeds do not count here: of the trainings with other seeds of this revision, 0 of 2"
        in text
    )
    assert "The change, or the dice" not in text


def test_a_base_with_trainings_of_its_own_is_not_trained(repository: Path, capfd: pytest.CaptureFixture[str]) -> None:
    git(repository, "branch", "--force", "main", "change")
    git(repository, "checkout", "--quiet", "-b", "next")
    set_lr(repository, 0.25)
    dvc_here(repository, "repro", "evaluate")
    run_script(repository, "seeds", "--count", "2", "--base", "main")
    assert "has trainings with other seeds of its own" in capfd.readouterr().out
    assert yaml.safe_load((repository / "seeds/seeds.yaml").read_text())["base_seeds"] == []
    assert "More than the dice: better" in report(repository)


def test_on_the_base_itself_there_is_nothing_to_compare(repository: Path, capfd: pytest.CaptureFixture[str]) -> None:
    git(repository, "branch", "--force", "main", "change")
    run_script(repository, "seeds", "--count", "2", "--base", "main")
    assert "there is nothing to compare" in capfd.readouterr().out


def test_a_base_whose_lock_is_not_of_its_params_is_refused(repository: Path) -> None:
    """New trainings would be taken for those of a model that was made with other params."""
    git(repository, "checkout", "--quiet", "main")
    set_lr(repository, 0.9)
    commit_all(repository, "Params without a run")
    git(repository, "checkout", "--quiet", "change")
    git(repository, "merge", "--quiet", "--strategy", "ours", "--message", "Merge", "main")
    with pytest.raises(SpecimenError, match=r"main .*: its dvc\.lock is not of its code, params and data"):
        run_script(repository, "seeds", "--count", "3", "--base", "main")


def test_a_base_whose_data_are_nowhere_is_refused_with_the_ways_to_get_them(repository: Path) -> None:
    prepared = yaml.safe_load((repository / "dvc.lock").read_text())["stages"]["prepare"]["outs"][0]["md5"]
    (repository / f".dvc/cache/files/md5/{prepared[:2]}/{prepared[2:]}").unlink()
    base = revisions.resolve(repository, "main")
    train = read_lock(base.yaml("dvc.lock"), "dvc.lock")["train"]
    with (
        process_in(repository),
        pytest.raises(SpecimenError, match=r"main .*: data/prepared is neither in the cache nor in the remote"),
    ):
        copy_base(base, repository / "copy", train)
    assert not (repository / "copy").exists()
