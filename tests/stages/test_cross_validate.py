"""`make cv`, without DVC: what the folds have written becomes one summary, and what cannot be folds is refused."""

import json
from pathlib import Path

import builders
import cv
import numpy as np
import pandas as pd
import pytest
import yaml

from specimen.common.errors import SpecimenError
from specimen.config.params import Params

DATA = {"root": "data/raw", "task": "regression", "table": "labels.csv"}


def params(**sections: object) -> Params:
    return Params.model_validate({"data": DATA, "split": {"folds": 2}} | sections)


@pytest.fixture
def folds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    """The samples of a repository in which two folds have run."""
    monkeypatch.chdir(tmp_path)
    prepared = tmp_path / "data/prepared"
    prepared.mkdir(parents=True)
    samples = pd.DataFrame({"group": [f"0{number}" for number in range(40)], "split": "train"})
    samples = samples.assign(target=np.arange(40.0))
    samples.to_csv(prepared / "samples.csv", index=False)
    (prepared / "meta.json").write_text(builders.dataset_meta(image_size=0).model_dump_json())
    for fold, rows in enumerate((samples[:15], samples[15:])):
        folder = tmp_path / f"folds/fold-{fold}"
        folder.mkdir(parents=True)
        rows.assign(prediction=rows["target"] + fold + 1).to_csv(folder / "predictions.csv", index=False)
        (folder / "test.json").write_text(json.dumps({"mae": fold + 1.0, "samples": len(rows), "groups": len(rows)}))
    return samples


def test_the_folds_are_summarised(folds: pd.DataFrame) -> None:
    summary = cv.summarise(params(), 2)
    assert summary.mean == {"mae": 1.5}
    assert [(fold.samples, fold.groups) for fold in summary.folds] == [(15, 15), (25, 25)]
    assert summary.pooled.metrics["mae"] == pytest.approx((15 * 1 + 25 * 2) / 40)
    bounds = summary.pooled.intervals["mae"]
    assert 1 < bounds.low < summary.pooled.metrics["mae"] < bounds.high < 2
    assert (summary.pooled.samples, summary.pooled.groups) == (len(folds), 40)


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"split": {"folds": None}}, "split.folds: null, so there is nothing to cross-validate"),
        ({"data": DATA | {"split_column": "part"}}, "data.split_column: 'part' says which samples are test"),
    ],
)
def test_without_folds_there_is_nothing_to_do(sections: dict[str, object], message: str) -> None:
    with pytest.raises(SpecimenError, match=message):
        cv._count(params(**sections))


@pytest.fixture
def repository(folds: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository with two folds that DVC does not know yet."""
    Path("params.yaml").write_text(yaml.safe_dump({"data": DATA, "split": {"folds": 2}}))
    cv.FOLD_LIST.write_text("folds: []\n")
    monkeypatch.setattr(cv, "require_deps_of_model", lambda *_: None)


def dvc_that_ends_with(status: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replace DVC; return what it is called with, and which folds were listed then."""
    seen: list[str] = []

    def run_dvc(*arguments: str) -> int:
        seen.extend([*arguments, cv.FOLD_LIST.read_text().splitlines()[-1]])
        return status

    monkeypatch.setattr(cv, "run_dvc", run_dvc)
    return seen


def test_the_table_is_printed_and_the_summary_written(
    repository: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = dvc_that_ends_with(0, monkeypatch)
    cv.main()
    assert seen == ["repro", "folds/dvc.yaml:fold@0", "folds/dvc.yaml:fold@1", "folds: [0, 1]"]
    assert "| mae     |  1.5 |" in capsys.readouterr().out
    written = json.loads(cv.METRICS.read_text())
    assert list(written) == ["samples", "groups", "mean", "std", "pooled", "interval", "fold"]
    assert written["fold"]["1"] == {"samples": 25, "groups": 25, "mae": 2.0}
    assert cv.PLOT.stat().st_size > 1000
    assert cv.FOLD_LIST.read_text().endswith("folds: [0, 1]\n")


def test_folds_of_which_one_failed_are_not_listed(repository: None, monkeypatch: pytest.MonkeyPatch) -> None:
    dvc_that_ends_with(255, monkeypatch)
    with pytest.raises(SystemExit) as stopped:
        cv.main()
    assert stopped.value.code == 255
    assert cv.FOLD_LIST.read_text() == "folds: []\n"
    assert not cv.METRICS.exists()
