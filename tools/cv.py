"""Cross-validation, `make cv`: train and evaluate each fold through DVC, and summarise the results of all folds.

DVC runs only the folds that have changed. The results are metrics/cv.json for Git, and plots/cv.png.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from specimen.common import errors
from specimen.common.errors import SpecimenError
from specimen.common.files import write_json
from specimen.config.base import PARAMS_FILE
from specimen.config.params import Params, load_params
from specimen.data.dataset.store import Store
from specimen.evaluation import metrics
from specimen.evaluation.results_files import read_numbers
from specimen.experiments import cross_validation
from specimen.experiments.model_deps import require_deps_of_model
from specimen.experiments.stage_list import listed
from specimen.models.predictions import read_predictions
from specimen.training.setup import make_task
from specimen.versioning.dvc_commands import run_dvc

PREPARED = Path("data/prepared")
FOLDS = Path("folds")
FOLD_STAGES = FOLDS / "dvc.yaml"
FOLD_LIST = FOLDS / "folds.yaml"
METRICS = Path("metrics/cv.json")
PLOT = Path("plots/cv.png")
COMMENT = "# The folds that DVC knows; `make cv` writes as many as split.folds says.\n"


def main() -> None:
    """Run the folds that have changed, print the table of all folds, and write it down."""
    params = load_params()
    count = _count(params)
    require_deps_of_model(FOLD_STAGES, "fold")
    with listed(FOLD_LIST, f"{COMMENT}folds: {list(range(count))}\n"):
        status = run_dvc("repro", *(f"{FOLD_STAGES.as_posix()}:fold@{fold}" for fold in range(count)))
        if status:
            sys.exit(status)  # DVC has said why
    summary = summarise(params, count)
    print(f"\n{cross_validation.as_markdown(summary)}\n")
    write_json(METRICS, summary.to_json())
    cross_validation.draw(PLOT, summary)
    print(f"Written to {METRICS} and {PLOT}; every prediction is in {FOLDS}/fold-*/predictions.csv.")


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


def summarise(params: Params, count: int) -> cross_validation.Summary:
    """Read the results of all folds and put them together."""
    store = Store.load(PREPARED)
    classes = bool(store.meta.class_names)
    folders = [FOLDS / f"fold-{fold}" for fold in range(count)]
    numbers = [read_numbers(folder / "test.json") for folder in folders]
    predictions = [read_predictions(folder / "predictions.csv", classes=classes) for folder in folders]
    task = make_task(store.meta, store.samples["target"], params.train)
    pooled = metrics.score(task, pd.concat(predictions, ignore_index=True))
    return cross_validation.summarise(numbers, predictions, pooled)


if __name__ == "__main__":
    errors.run_cli(main)
