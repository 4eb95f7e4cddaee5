"""`make seeds`, without DVC: what is refused, what is listed for DVC, and what becomes of the results."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import projects
import pytest
import yaml

import seeds
from specimen.common.errors import SpecimenError
from specimen.experiments.seed_list import PATH, other_seeds
from specimen.versioning.lock import StageLock
from specimen.versioning.revisions import Revision
from specimen.versioning.seed_lock import training_key

BEFORE = {"seeds": [8, 9], "base": "none", "base_seeds": []}
TRAIN = StageLock({}, "python src/train.py", {"data/prepared": "d.dir"}, {"params.yaml": {"train": {"seed": 2}}})
BASE = seeds.Base(Revision(Path(), "0" * 40, "main (0000000)"), TRAIN)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with trainings that another run has listed."""
    projects.write_params(tmp_path, train={"seed": 2})
    (tmp_path / "seeds").mkdir()
    (tmp_path / PATH).write_text(yaml.safe_dump(BEFORE))
    for name in ("dvc.yaml", "seeds/dvc.yaml"):
        (tmp_path / name).write_text((projects.ROOT / name).read_text())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def dvc_that_ends_with(monkeypatch: pytest.MonkeyPatch, *statuses: int) -> list[list[str]]:
    """Replace DVC; return what it is called with. It writes the predictions of what it is asked for."""
    called: list[list[str]] = []
    left = iter(statuses)

    def run_dvc(*arguments: str) -> int:
        called.append([*arguments])
        random = np.random.default_rng(0)
        for target in arguments[1:]:
            table = pd.DataFrame({"group": range(8), "target": 1.0, "prediction": random.normal(size=8)})
            table.to_csv(f"seeds/{target.partition(':')[2].replace('@', '-')}.csv", index=False)
        return next(left)

    monkeypatch.setattr(seeds, "run_dvc", run_dvc)
    monkeypatch.setattr(seeds, "read_dvc_json", lambda *_: {"something": "changed"})
    return called


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["seeds.py", *arguments])
    seeds.main()


@pytest.mark.parametrize("count", ["1", "0", "-3"])
def test_fewer_than_two_trainings_are_refused(count: str, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called = dvc_that_ends_with(monkeypatch)
    with pytest.raises(SpecimenError, match=f"K={count}: it takes 2 trainings at least"):
        run(monkeypatch, "--count", count)
    assert called == []


def test_a_base_that_git_does_not_know_is_refused_before_anything_is_trained(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    called = dvc_that_ends_with(monkeypatch)
    with pytest.raises(SpecimenError, match=r"BASE=nowhere: Git does not know the revision.*\(BASE=\.\.\.\), or none"):
        run(monkeypatch, "--base", "nowhere")
    assert called == []


def test_a_dep_of_training_that_the_seeds_lack_is_an_error(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = repository / "dvc.yaml"
    pipeline.write_text(
        pipeline.read_text().replace("      - src/train.py\n", "      - start.pt\n      - src/train.py\n")
    )
    with pytest.raises(SpecimenError, match=r"seeds/dvc\.yaml: .* depend on start\.pt, the seeds do not"):
        run(monkeypatch, "--base", "")


@pytest.mark.parametrize("text", ["seeds: [1]\n", "<<<<<<< HEAD\nseeds: [1]\n", "[]\n"])
def test_a_list_with_a_conflict_or_without_its_keys_is_an_error(
    text: str, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository / PATH).write_text(text)
    with pytest.raises(SpecimenError, match=r"seeds/seeds\.yaml (does not have the keys|is not valid YAML)"):
        run(monkeypatch, "--base", "")


def test_the_seed_of_the_model_is_not_among_the_others() -> None:
    assert other_seeds(2, 3) == [1, 3, 4]
    assert other_seeds(7, 2) == [1, 2]


def test_this_revision_alone(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    called = dvc_that_ends_with(monkeypatch, 0)
    run(monkeypatch, "--count", "2", "--base", "")
    assert called == [["repro", "seeds/dvc.yaml:seed@1", "seeds/dvc.yaml:seed@3"]]
    assert yaml.safe_load(PATH.read_text()) == {"seeds": [1, 3], "base": "none", "base_seeds": []}
    written = json.loads(seeds.METRICS.read_text())
    assert list(written["seed"]) == ["1", "3"]
    assert written["mean"]["rmse"] == pytest.approx(
        np.mean([one["rmse"] for one in written["seed"].values()]), rel=1e-5
    )
    assert "| rmse " in capsys.readouterr().out


def test_a_base_without_trainings_is_trained_from_a_copy(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called = dvc_that_ends_with(monkeypatch, 0, 0)
    copied: list[Path] = []
    monkeypatch.setattr(seeds, "find_base", lambda *_: BASE)
    monkeypatch.setattr(seeds, "_needs_training", lambda *_: True)
    monkeypatch.setattr(seeds, "copy_base", lambda base, folder, train: copied.append(folder))
    run(monkeypatch, "--count", "2")
    key = training_key(TRAIN)
    assert called[1] == ["repro", "seeds/dvc.yaml:base@1", "seeds/dvc.yaml:base@3"]
    assert yaml.safe_load(PATH.read_text()) == {"seeds": [1, 3], "base": key, "base_seeds": [1, 3]}
    assert copied == [seeds.WORK / f"base-{key}"]


@pytest.mark.parametrize(("statuses", "listed"), [
    ([255], BEFORE), ([0, 255], {"seeds": [1, 3], "base": "none", "base_seeds": []}),
])  # fmt: skip
def test_trainings_of_which_one_failed_are_not_listed(
    repository: Path, monkeypatch: pytest.MonkeyPatch, statuses: list[int], listed: dict[str, object]
) -> None:
    dvc_that_ends_with(monkeypatch, *statuses)
    monkeypatch.setattr(seeds, "find_base", lambda *_: BASE)
    monkeypatch.setattr(seeds, "_needs_training", lambda *_: True)
    monkeypatch.setattr(seeds, "copy_base", lambda *_: None)
    with pytest.raises(SystemExit) as stopped:
        run(monkeypatch, "--count", "2")
    assert stopped.value.code == 255
    assert yaml.safe_load(PATH.read_text()) == listed
    assert not seeds.METRICS.exists()
