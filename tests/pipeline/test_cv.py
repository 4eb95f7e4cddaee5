"""`make cv`: two folds of real photos through DVC, in a repository of their own."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from projects import SMALL, MakeOnce, dvc, fail_script, make_repository, process_in, run_script, write_params
from sklearn.metrics import root_mean_squared_error

import fold
from specimen.common.errors import SpecimenError
from specimen.common.weights_dep import DEP, list_where_needed

FOLDS = 2
PARAMS = {
    **SMALL,
    "split": {"seed": 7, "val": 0.3, "folds": FOLDS},
    "train": {**SMALL["train"], "weights": "weights/start.pt"},
}


@pytest.fixture(scope="module")
def validated(make_once: MakeOnce, draw_photos: Callable[..., pd.DataFrame]) -> Path:
    """A repository after its first cross-validation, with what that printed in `cv.log`. Not to be changed: copy it."""

    def make(folder: Path) -> None:
        import torch
        from torchvision.models import shufflenet_v2_x0_5

        make_repository(folder)
        draw_photos(folder / "data/raw", 24).to_csv(folder / "data/raw/labels.csv", index=False)
        (folder / "weights").mkdir()
        torch.manual_seed(0)
        torch.save(shufflenet_v2_x0_5(weights=None).state_dict(), folder / "weights/start.pt")
        with process_in(folder):
            list_where_needed("weights/start.pt")
        write_params(folder, PARAMS)
        with (folder / "cv.log").open("w") as log, contextlib.redirect_stdout(log):
            run_script(folder, "cv")

    return make_once("cross_validated", make)


@pytest.fixture
def repository(validated: Path, tmp_path: Path) -> Path:
    """A copy of the repository, with its cache, to do things to."""
    return Path(shutil.copytree(validated, tmp_path / "repository", symlinks=True))


def predictions(folder: Path) -> list[pd.DataFrame]:
    return [pd.read_csv(folder / f"folds/fold-{fold}/predictions.csv") for fold in range(FOLDS)]


def test_each_sample_is_predicted_exactly_once(validated: Path) -> None:
    samples = pd.read_csv(validated / "data/prepared/samples.csv")
    predicted = pd.concat(predictions(validated))
    assert len(samples) == 24
    assert sorted(predicted["row"]) == sorted(samples["row"])
    assert predicted["prediction"].notna().all()


def test_groups_stay_together(validated: Path) -> None:
    groups = [set(fold["group"]) for fold in predictions(validated)]
    assert sum(map(len, groups)) == len(set.union(*groups)) == 12


def test_the_summary_holds_every_fold_their_mean_spread_and_all_together(validated: Path) -> None:
    summary = json.loads((validated / "metrics/cv.json").read_text())
    rmse = [json.loads((validated / f"folds/fold-{n}/test.json").read_text())["rmse"] for n in range(FOLDS)]
    assert [fold["rmse"] for fold in summary["fold"].values()] == rmse
    assert summary["mean"]["rmse"] == pytest.approx(np.mean(rmse), rel=1e-5)
    assert summary["std"]["rmse"] == pytest.approx(np.std(rmse, ddof=1), rel=1e-4)
    together = pd.concat(predictions(validated))
    pooled = root_mean_squared_error(together["target"], together["prediction"])
    assert summary["pooled"]["rmse"] == pytest.approx(pooled, rel=1e-5)
    assert (summary["samples"], summary["groups"]) == (24, 12)
    assert sum(fold["samples"] for fold in summary["fold"].values()) == 24


def test_the_table_is_printed_and_the_folds_are_drawn(validated: Path) -> None:
    table = [line for line in (validated / "cv.log").read_text().splitlines() if line.startswith("|")]
    assert re.fullmatch(r"\| +\| +mean \| +std \| +pooled \|.* fold 0 \| +fold 1 \|", table[0])
    assert {len(line) for line in table} == {len(table[0])}
    assert any(line.startswith("| rmse ") for line in table)
    assert (validated / "plots/cv.png").stat().st_size > 0


def test_a_fold_is_what_the_pipeline_makes_of_it(repository: Path) -> None:
    write_params(repository, PARAMS, split={"fold": 1})
    for stage in ("prepare", "train", "evaluate"):
        run_script(repository, stage)
    for whole, part in (("metrics/test.json", "test.json"), ("plots/predictions.csv", "predictions.csv")):
        assert (repository / whole).read_bytes() == (repository / "folds/fold-1" / part).read_bytes()


def test_a_second_time_nothing_runs_and_nothing_changes(repository: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = (repository / "metrics/cv.json").read_bytes()
    run_script(repository, "cv")
    output = "".join(capfd.readouterr())
    assert "Running stage" not in output
    assert "Data and pipelines are up to date." in output
    assert (repository / "metrics/cv.json").read_bytes() == before


def test_a_lost_fold_comes_back_from_the_cache(repository: Path, capfd: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(repository / "folds/fold-1")
    run_script(repository, "cv")
    assert "'folds/dvc.yaml:fold@1' is cached" in "".join(capfd.readouterr())
    assert len(predictions(repository)) == FOLDS


def test_the_pipeline_alone_runs_no_fold(repository: Path) -> None:
    write_params(repository, PARAMS, train={"lr": 0.5})
    for name in ("models/model.pt", "plots/history.csv"):  # a dry run wants to see them
        (repository / name).parent.mkdir(exist_ok=True)
        (repository / name).touch()
    output = dvc(repository, "repro", "--dry")
    assert "Running stage 'train'" in output
    assert "fold" not in output


def test_nothing_is_left_of_the_work(validated: Path) -> None:
    assert not list((validated / ".dvc/tmp/folds").iterdir())


@pytest.mark.parametrize(
    ("section", "change", "message"),
    [
        ("split", {"folds": None}, "error: split.folds: null, so there is nothing to cross-validate. Set"),
        ("data", {"split_column": "colour"}, "error: data.split_column: 'colour' says which samples are test"),
    ],
)
def test_what_cannot_be_cross_validated_is_told(
    repository: Path, section: str, change: dict[str, Any], message: str
) -> None:
    before = (repository / "folds/folds.yaml").read_bytes()
    write_params(repository, PARAMS, **{section: change})
    output = fail_script(repository, "cv")
    assert output.startswith(message)
    assert "Traceback" not in output
    assert (repository / "folds/folds.yaml").read_bytes() == before


def test_a_dep_of_training_that_the_folds_lack_is_told(repository: Path) -> None:
    pipeline = repository / "folds/dvc.yaml"
    pipeline.write_text(pipeline.read_text().replace(f"      - {DEP}\n", ""))
    assert f"depend on {DEP}, the folds do not" in fail_script(repository, "cv")


def test_a_fold_without_a_group_is_an_error(repository: Path) -> None:
    write_params(repository, PARAMS, split={"folds": 30})  # of 12 groups, none of which falls into fold 1
    with pytest.raises(SpecimenError, match="split: test would be empty"):
        run_script(repository, "fold", "1")


def test_folds_that_failed_are_not_known_to_dvc(repository: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = (repository / "folds/folds.yaml").read_text()
    assert "folds: [0, 1]" in before
    write_params(repository, PARAMS, split={"folds": 3}, train={"launcher": "torchrun --nproc-per-node none"})
    with pytest.raises(SystemExit) as exited:
        run_script(repository, "cv")
    assert exited.value.code == 255
    assert "failed to reproduce 'folds/dvc.yaml:fold@0'" in "".join(capfd.readouterr())
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
    lines = "".join(f"Path('{name}').parent.mkdir(exist_ok=True); Path('{name}').touch()\n" for name in fold.RESULTS)
    (repository / "evaluate.py").write_text(f"from pathlib import Path\n{lines}")
    monkeypatch.setattr(fold, "_script", lambda verb: str(repository / f"{verb}.py"))
    results = repository / "folds/fold-0"
    shutil.rmtree(results)
    with pytest.raises(SystemExit) as stopped:
        run_script(repository, "fold", "0")
    assert stopped.value.code == 130
    assert not results.exists()
    run_script(repository, "fold", "0")
    assert sorted(path.name for path in results.iterdir()) == [
        "history.csv",
        "predictions.csv",
        "test.json",
    ]
