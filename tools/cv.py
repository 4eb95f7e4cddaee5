"""Cross-validation, `make cv`: train and evaluate each fold through DVC, and say what they say together.

DVC runs only the folds that have changed. What comes out is metrics/cv.json for Git and plots/cv.png.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import yaml

from specimen.common import errors
from specimen.common.errors import SpecimenError
from specimen.common.files import replace_atomically, write_json
from specimen.common.stage_deps import PIPELINE
from specimen.config.base import PARAMS_FILE
from specimen.config.params import Params, load_params
from specimen.data.dataset.store import Store
from specimen.evaluation import metrics
from specimen.evaluation.results_files import read_numbers
from specimen.experiments import cross_validation
from specimen.models.predictions import read_predictions
from specimen.training.setup import make_task

PREPARED, RESULTS = Path("data/prepared"), Path("folds")
METRICS, PLOT = Path("metrics/cv.json"), Path("plots/cv.png")
STAGES, FOLDS = RESULTS / "dvc.yaml", RESULTS / "folds.yaml"
COMMENT = "# The folds that DVC knows; `make cv` writes as many as split.folds says.\n"


def main() -> None:
    """Run what has changed, print the table of all folds, and write it down."""
    params = load_params()
    count = _count(params)
    _check_deps()
    with _listed(count):
        targets = [f"{STAGES.as_posix()}:fold@{fold}" for fold in range(count)]
        done = subprocess.run([sys.executable, "-m", "dvc", "repro", *targets], check=False)
        if done.returncode:
            sys.exit(done.returncode)  # DVC has said why
    summary = summarise(params, count)
    print(f"\n{cross_validation.as_markdown(summary)}\n")
    write_json(METRICS, summary.to_json())
    cross_validation.draw(PLOT, summary)
    print(f"{METRICS} and {PLOT} have it; {RESULTS}/fold-*/predictions.csv every prediction.")


def _count(params: Params) -> int:
    """Return the number of folds. Raises `SpecimenError` where there are none, or the sheet decides on the splits."""
    if params.split.folds is None:
        raise SpecimenError(
            f"split.folds: null, so there is nothing to cross-validate. Set split.folds: 5 in {PARAMS_FILE}; for a "
            "single run of the pipeline there is `dvc repro`."
        )
    if params.data.split_column is not None:
        raise SpecimenError(
            f"data.split_column: '{params.data.split_column}' says which samples are test, so folds cannot. Set it to "
            "null for the cross-validation."
        )
    return params.split.folds


def _check_deps() -> None:
    """Raise `SpecimenError` where a stage depends on what a fold does not: such as a file of weights, added by hand."""
    stages = yaml.safe_load(PIPELINE.read_text(encoding="utf-8"))["stages"]
    known = yaml.safe_load(STAGES.read_text(encoding="utf-8"))["stages"]["fold"]["deps"]
    wanted = {dep for name in ("train", "evaluate") for dep in stages[name]["deps"]}
    lacking = sorted(wanted.difference(known, stages["train"]["outs"]))
    if lacking:
        raise SpecimenError(
            f"{STAGES}: the stages of {PIPELINE} depend on {', '.join(lacking)}, the folds do not, so DVC would not "
            "notice when it changes. Add it to the deps there."
        )


@contextmanager
def _listed(count: int) -> Iterator[None]:
    """Tell DVC which folds there are, and keep it if all have run: one that never did would make `dvc pull` fail."""
    before, text = FOLDS.read_text(encoding="utf-8"), f"{COMMENT}folds: {list(range(count))}\n"
    try:
        _write(text)
        yield
    except BaseException:
        _write(before)
        raise


def _write(text: str) -> None:
    if FOLDS.read_text(encoding="utf-8") != text:
        with replace_atomically(FOLDS) as aside:
            aside.write_text(text, encoding="utf-8")


def summarise(params: Params, count: int) -> cross_validation.Summary:
    """Read the results of all folds, and return what they say together."""
    store = Store.load(PREPARED)
    classes = bool(store.meta.class_names)
    folders = [RESULTS / f"fold-{fold}" for fold in range(count)]
    numbers = [read_numbers(folder / "test.json") for folder in folders]
    predictions = [read_predictions(folder / "predictions.csv", classes=classes) for folder in folders]
    task = make_task(store.meta, store.samples["target"], params.train)
    pooled = metrics.score(task, pd.concat(predictions, ignore_index=True), resamples=params.evaluate.resamples)
    return cross_validation.summarise(numbers, predictions, pooled)


if __name__ == "__main__":
    errors.run_cli(main)
