"""Stage fold: train and evaluate with one fold as the test split -> folds/fold-N; `python src/fold.py N`.

All folds use the pictures of data/prepared, decoded once; which split a sample is in, and what follows from that, is
worked out for each fold. A fold works in a folder of its own, so that after an interruption it goes on from its
checkpoint.
"""

from __future__ import annotations

import specimen.common.interrupts  # isort: skip # noqa: F401

import argparse
import shlex
import shutil
import sys
from pathlib import Path

import pandas as pd

from specimen.common import errors
from specimen.common.files import replace_atomically, write_csv, write_json
from specimen.config.base import PARAMS_FILE, load_section
from specimen.config.data import Data
from specimen.config.prepare import Prepare, Split
from specimen.config.train import Train
from specimen.data.dataset.shards import IMAGES, MANIFEST, MASKS
from specimen.data.dataset.store import Store
from specimen.data.preparation.meta import describe_dataset
from specimen.data.preparation.splits import assign_splits, check_splits
from specimen.experiments.rerun import params_aside, run_stage, write_params
from specimen.integrations.tracking import TRACKERS_IN_ENVIRONMENT

PREPARED = Path("data/prepared")
FOLDS = Path("folds")
WORK = Path(".dvc/tmp/folds")
RESULTS = ("metrics/test.json", "plots/predictions.csv", "plots/history.csv")


def main() -> None:
    """Train and evaluate in a folder aside, and keep the metrics, predictions and history."""
    parser = argparse.ArgumentParser(description="Train and evaluate with one fold as the test split.")
    parser.add_argument("fold", type=int, help="number of the fold, from 0")
    fold: int = parser.parse_args().fold
    work = WORK / f"fold-{fold}"
    params = work / PARAMS_FILE
    _write_params(work, fold)
    _write_store(work / PREPARED, params)
    launcher = shlex.split(load_section("train", Train, params).launcher)
    run_stage(work, *launcher, _script("train"), hide=TRACKERS_IN_ENVIRONMENT)
    run_stage(work, sys.executable, _script("evaluate"), hide=TRACKERS_IN_ENVIRONMENT)
    with replace_atomically(FOLDS / f"fold-{fold}") as results:
        results.mkdir()
        for result in RESULTS:
            shutil.copyfile(work / result, results / Path(result).name)
    shutil.rmtree(work)


def _write_store(folder: Path, params: Path) -> None:
    """Write the store of a fold: the pictures are links, the splits and the statistics of train are its own."""
    data = load_section("data", Data, params)
    prepare = load_section("prepare", Prepare, params)
    split = load_section("split", Split, params)
    folder.mkdir(parents=True, exist_ok=True)
    for name in (IMAGES, MASKS, MANIFEST):
        link = folder / name
        link.unlink(missing_ok=True)
        if (PREPARED / name).exists():
            link.symlink_to((PREPARED / name).absolute())
    store = Store.load(PREPARED)
    samples = store.samples.assign(split=assign_splits(store.samples["group"], split))
    check_splits(samples, classes=bool(store.meta.class_names))
    meta = describe_dataset(samples, store.meta.counts, data, prepare)
    write_json(folder / "meta.json", meta.model_dump(mode="json"))
    # As text, so that each number is written as prepare has written it.
    table = pd.read_csv(PREPARED / "samples.csv", dtype=str, keep_default_na=False)
    write_csv(folder / "samples.csv", table.assign(split=samples["split"]))


def _write_params(folder: Path, fold: int) -> None:
    data = load_section("data", Data).model_dump(mode="json")
    split = load_section("split", Split).model_dump(mode="json")
    data["root"] = str(Path(data["root"]).absolute())
    write_params(folder, params_aside(Path()) | {"data": data, "split": split | {"fold": fold}})


def _script(verb: str) -> str:
    return str(Path(__file__).with_name(f"{verb}.py").absolute())


if __name__ == "__main__":
    errors.run_cli(main)
