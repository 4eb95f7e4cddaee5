"""`make cv`: three folds of real photos through DVC, in a repository of their own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.metrics import root_mean_squared_error

import fold

ROOT = Path(__file__).parents[2]
FOLDS = 3
PARAMS = {
    "data": {
        "root": "data/raw", "task": "regression", "table": "labels.csv", "image_column": "filename",
        "target": "weight", "group": ["plant"],
    },
    "prepare": {"image_size": 32},
    "split": {"seed": 7, "val": 0.3, "folds": FOLDS},
    "train": {
        "launcher": "python", "device": "cpu", "precision": "fp32", "threads": 1, "epochs": 1, "batch_size": 8,
        "backbone": "mobilenet_v3_small", "weights": "weights/start.pt",
    },
    "evaluate": {"gallery": 1, "predictions_plot": "scatter"},
    "export": {"samples": 4},
}  # fmt: skip


def run(*command: str, cwd: Path, status: int = 0) -> str:
    """Run a command as in an activated environment; return what it printed."""
    paths = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = os.environ | {"PATH": paths, "DVC_NO_ANALYTICS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def cross_validate(cwd: Path, status: int = 0) -> str:
    return run(sys.executable, "src/cv.py", cwd=cwd, status=status)


def write_params(folder: Path, **changes: dict[str, object]) -> None:
    params = {section: values | changes.get(section, {}) for section, values in PARAMS.items()}
    (folder / "params.yaml").write_text(yaml.safe_dump(params))


def add_dep(pipeline: Path, beside: str) -> None:
    """Let a stage depend on the file of weights, as the README says."""
    text = pipeline.read_text()
    assert text.count(beside) == 1
    pipeline.write_text(text.replace(beside, f"      - weights/start.pt\n{beside}"))


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, draw_photos: Callable[..., pd.DataFrame]) -> tuple[Path, str]:
    """A repository after its first cross-validation, and what that printed. Not to be changed: copy it."""
    import torch
    from torchvision.models import mobilenet_v3_small

    folder = tmp_path_factory.mktemp("cv") / "repository"
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("dvc.yaml", "folds/dvc.yaml", "folds/folds.yaml", ".gitignore"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
    draw_photos(folder / "data/raw", 24).to_csv(folder / "data/raw/labels.csv", index=False)
    (folder / "weights").mkdir()
    torch.manual_seed(0)
    torch.save(mobilenet_v3_small(weights=None).state_dict(), folder / "weights/start.pt")
    add_dep(folder / "dvc.yaml", "      - src/train.py\n")
    add_dep(folder / "folds/dvc.yaml", "      - src/fold.py\n")
    write_params(folder)
    run("git", "init", "--quiet", "--initial-branch=main", cwd=folder)
    run(sys.executable, "-m", "dvc", "init", "--quiet", cwd=folder)
    return folder, cross_validate(folder)


@pytest.fixture
def repository(first: tuple[Path, str], tmp_path: Path) -> Path:
    """A copy of the repository, with its cache, to do things to."""
    return Path(shutil.copytree(first[0], tmp_path / "repository", symlinks=True))


def predictions(folder: Path) -> list[pd.DataFrame]:
    return [pd.read_csv(folder / f"folds/fold-{fold}/predictions.csv") for fold in range(FOLDS)]


def test_each_sample_is_predicted_exactly_once(first: tuple[Path, str]) -> None:
    samples = pd.read_csv(first[0] / "data/prepared/samples.csv")
    predicted = pd.concat(predictions(first[0]))
    assert len(samples) == 24
    assert sorted(predicted["row"]) == sorted(samples["row"])
    assert predicted["prediction"].notna().all()


def test_groups_stay_together(first: tuple[Path, str]) -> None:
    groups = [set(fold["group"]) for fold in predictions(first[0])]
    assert sum(map(len, groups)) == len(set.union(*groups)) == 12


def test_the_summary_holds_every_fold_their_mean_spread_and_all_together(first: tuple[Path, str]) -> None:
    summary = json.loads((first[0] / "metrics/cv.json").read_text())
    rmse = [json.loads((first[0] / f"folds/fold-{n}/test.json").read_text())["rmse"] for n in range(FOLDS)]
    assert [fold["rmse"] for fold in summary["fold"].values()] == rmse
    assert summary["mean"]["rmse"] == pytest.approx(np.mean(rmse), rel=1e-5)
    assert summary["std"]["rmse"] == pytest.approx(np.std(rmse, ddof=1), rel=1e-4)
    together = pd.concat(predictions(first[0]))
    pooled = root_mean_squared_error(together["target"], together["prediction"])
    assert summary["pooled"]["rmse"] == pytest.approx(pooled, rel=1e-5)
    assert (summary["samples"], summary["groups"]) == (24, 12)
    assert sum(fold["samples"] for fold in summary["fold"].values()) == 24


def test_the_table_is_printed_and_the_folds_are_drawn(first: tuple[Path, str]) -> None:
    folder, said = first
    table = [line for line in said.splitlines() if line.startswith("|")]
    assert re.fullmatch(r"\| +\| +mean \| +std \| +pooled \|.* fold 0 \| +fold 1 \| +fold 2 \|", table[0])
    assert {len(line) for line in table} == {len(table[0])}
    assert any(line.startswith("| rmse ") for line in table)
    assert (folder / "plots/cv.png").stat().st_size > 0


def test_a_fold_is_what_the_pipeline_makes_of_it(repository: Path) -> None:
    write_params(repository, split={"fold": 1})
    for verb in ("prepare", "train", "evaluate"):
        run(sys.executable, f"src/{verb}.py", cwd=repository)
    for whole, part in (("metrics/test.json", "test.json"), ("plots/predictions.csv", "predictions.csv")):
        assert (repository / whole).read_bytes() == (repository / "folds/fold-1" / part).read_bytes()


def test_a_second_time_nothing_runs_and_nothing_changes(repository: Path) -> None:
    before = (repository / "metrics/cv.json").read_bytes()
    said = cross_validate(repository)
    assert "Running stage" not in said
    assert "Data and pipelines are up to date." in said
    assert (repository / "metrics/cv.json").read_bytes() == before


def test_a_lost_fold_comes_back_from_the_cache(repository: Path) -> None:
    shutil.rmtree(repository / "folds/fold-2")
    assert "'folds/dvc.yaml:fold@2' is cached" in cross_validate(repository)
    assert len(predictions(repository)) == FOLDS


def test_the_pipeline_alone_runs_no_fold(repository: Path) -> None:
    write_params(repository, train={"lr": 0.5})
    for name in ("models/model.pt", "plots/history.csv"):  # a dry run wants to see them
        (repository / name).parent.mkdir(exist_ok=True)
        (repository / name).touch()
    said = run(sys.executable, "-m", "dvc", "repro", "--dry", cwd=repository)
    assert "Running stage 'train'" in said
    assert "fold" not in said


def test_nothing_is_left_of_the_work(first: tuple[Path, str]) -> None:
    assert not list((first[0] / ".dvc/tmp/cv").iterdir())


@pytest.mark.parametrize(
    ("section", "change", "message"),
    [
        ("split", {"folds": None}, "error: split.folds: null, so there is nothing to cross-validate. Set"),
        ("data", {"split_column": "colour"}, "error: data.split_column: 'colour' says which samples are test"),
    ],
)
def test_what_cannot_be_cross_validated_is_told(
    repository: Path, section: str, change: dict[str, object], message: str
) -> None:
    before = (repository / "folds/folds.yaml").read_bytes()
    write_params(repository, **{section: change})
    said = cross_validate(repository, status=2)
    assert said.startswith(message)
    assert "Traceback" not in said
    assert (repository / "folds/folds.yaml").read_bytes() == before


def test_a_dep_of_training_that_the_folds_lack_is_told(repository: Path) -> None:
    pipeline = repository / "folds/dvc.yaml"
    pipeline.write_text(pipeline.read_text().replace("      - weights/start.pt\n", ""))
    assert "depend on weights/start.pt, the folds do not" in cross_validate(repository, status=2)


def test_folds_that_failed_are_not_known_to_dvc(repository: Path) -> None:
    before = (repository / "folds/folds.yaml").read_text()
    assert "folds: [0, 1, 2]" in before
    write_params(repository, split={"folds": 30})  # of 12 groups: some folds are empty
    assert "split: test would be empty" in cross_validate(repository, status=255)
    assert (repository / "folds/folds.yaml").read_text() == before


def test_an_interrupted_fold_finds_what_it_left(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first time the training stops, the second time it finds its checkpoint and ends."""
    train = repository / "train.py"
    train.write_text(
        "from pathlib import Path\n"
        "checkpoint = Path('models/checkpoint.pt')\n"
        "if not checkpoint.exists():\n"
        "    checkpoint.parent.mkdir()\n"
        "    checkpoint.touch()\n"
        "    raise SystemExit(130)\n"
    )
    results = "".join(f"Path('{name}').parent.mkdir(exist_ok=True); Path('{name}').touch()\n" for name in fold.RESULTS)
    (repository / "evaluate.py").write_text(f"from pathlib import Path\n{results}")
    monkeypatch.chdir(repository)
    monkeypatch.setattr(fold, "_script", lambda verb: str(repository / f"{verb}.py"))
    monkeypatch.setattr(sys, "argv", ["fold.py", "0"])
    shutil.rmtree("folds/fold-0")
    with pytest.raises(SystemExit) as stopped:
        fold.main()
    assert stopped.value.code == 130
    assert not Path("folds/fold-0").exists()
    fold.main()
    assert sorted(path.name for path in Path("folds/fold-0").iterdir()) == [
        "history.csv",
        "predictions.csv",
        "test.json",
    ]
