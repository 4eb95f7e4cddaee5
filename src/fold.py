"""Stage fold: train and evaluate with one fold as the test split -> folds/fold-N; `python src/fold.py N`.

All folds use the pictures of data/prepared, decoded once; which split a sample is in, and what follows from that, is
worked out for each fold. A fold works in a folder of its own, so that after an interruption it goes on from its
checkpoint.
"""

from __future__ import annotations

import specimen.common.interrupts  # isort: skip # noqa: F401

import argparse
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import yaml

from specimen.common import errors
from specimen.common.files import replace_atomically, write_csv, write_json
from specimen.config.base import PARAMS_FILE, load_section, read_yaml
from specimen.config.data import Data
from specimen.config.prepare import Prepare, Split
from specimen.config.train import Train
from specimen.data.dataset.store import Store
from specimen.data.preparation.meta import describe_dataset
from specimen.data.preparation.splits import assign_splits, check_splits
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
    _write_params(params, fold)
    _write_store(work / PREPARED, params)
    _run(work, *shlex.split(load_section("train", Train, params).launcher), _script("train"))
    _run(work, sys.executable, _script("evaluate"))
    with replace_atomically(FOLDS / f"fold-{fold}") as results:
        results.mkdir()
        for result in RESULTS:
            shutil.copyfile(work / result, results / Path(result).name)
    shutil.rmtree(work)


def _write_store(folder: Path, params: Path) -> None:
    """Write the store of a fold: the packed files are links, the splits and the statistics of train are its own."""
    data = load_section("data", Data, params)
    prepare = load_section("prepare", Prepare, params)
    split = load_section("split", Split, params)
    folder.mkdir(parents=True, exist_ok=True)
    for file in PREPARED.glob("*.npy"):
        link = folder / file.name
        link.unlink(missing_ok=True)
        link.symlink_to(file.absolute())
    store = Store.load(PREPARED)
    samples = store.samples.assign(split=assign_splits(store.samples["group"], split))
    check_splits(samples, classes=bool(store.meta.class_names))
    meta = describe_dataset(samples, store.meta.counts, data, prepare)
    write_json(folder / "meta.json", meta.model_dump(mode="json"))
    # As text, so that each number is written as prepare has written it.
    table = pd.read_csv(PREPARED / "samples.csv", dtype=str, keep_default_na=False)
    write_csv(folder / "samples.csv", table.assign(split=samples["split"]))


def _write_params(path: Path, fold: int) -> None:
    """Write the params of a fold: files that they name are found from its folder too, and it has no trackers."""
    data = load_section("data", Data).model_dump(mode="json")
    split = load_section("split", Split).model_dump(mode="json")
    train = load_section("train", Train).model_dump(mode="json")
    data["root"] = str(Path(data["root"]).absolute())
    split["fold"] = fold
    train["track"] = []
    if Path(train["weights"]).is_file():
        train["weights"] = str(Path(train["weights"]).absolute())
    params = read_yaml() | {"data": data, "split": split, "train": train}
    with replace_atomically(path) as aside:
        aside.write_text(yaml.safe_dump(params), encoding="utf-8")


def _run(work: Path, *command: str) -> None:
    """Run a stage in the folder of the fold, and end with its status if it fails; it has said why."""
    # Trackers can also be asked for in the environment: for a run of the pipeline, not for each of its folds.
    env = {name: value for name, value in os.environ.items() if name not in TRACKERS_IN_ENVIRONMENT}
    done = subprocess.run(command, cwd=work, env=env, check=False)
    if done.returncode:
        sys.exit(done.returncode)


def _script(verb: str) -> str:
    return str(Path(__file__).with_name(f"{verb}.py").absolute())


if __name__ == "__main__":
    errors.run_cli(main)
