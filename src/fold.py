"""Stage fold: train and evaluate with one fold as the test split -> folds/fold-N: `python src/fold.py N`.

The pictures are those of data/prepared, decoded once for all folds; only who is in which split, and what follows from
that, is found anew. All happens in a folder of its own, so that an interrupted fold goes on from its checkpoint.
"""

from __future__ import annotations

import argparse
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from specimen.common import errors
from specimen.common.files import replace_atomically, write_csv, write_json
from specimen.config.base import PARAMS_FILE
from specimen.config.params import Params, load_params
from specimen.data.dataset.store import Store
from specimen.data.preparation.meta import describe_dataset
from specimen.data.preparation.splits import assign_splits, check_splits

PREPARED, FOLDS, WORK = Path("data/prepared"), Path("folds"), Path(".dvc/tmp/folds")
RESULTS = ("metrics/test.json", "plots/predictions.csv", "plots/history.csv")
AS_TEXT: dict[str, Any] = {"dtype": str, "keep_default_na": False}


def main() -> None:
    """Train and evaluate in a folder aside, and keep the metrics, predictions and history."""
    parser = argparse.ArgumentParser(description="Train and evaluate with one fold as the test split.")
    parser.add_argument("fold", type=int, help="number of the fold, from 0")
    fold = parser.parse_args().fold
    params = _of_fold(load_params(), fold)
    work = WORK / f"fold-{fold}"
    _write_store(work / PREPARED, params)
    _write_params(work / PARAMS_FILE, params)
    for command in ([*shlex.split(params.train.launcher), _script("train")], [sys.executable, _script("evaluate")]):
        done = subprocess.run(command, cwd=work, check=False)
        if done.returncode:
            sys.exit(done.returncode)  # the verb has said why
    with replace_atomically(FOLDS / f"fold-{fold}") as results:
        results.mkdir()
        for result in RESULTS:
            shutil.copyfile(work / result, results / Path(result).name)
    shutil.rmtree(work)


def _script(verb: str) -> str:
    return str(Path(__file__).with_name(f"{verb}.py").absolute())


def _of_fold(params: Params, fold: int) -> Params:
    """Return the params of one fold. Files that they name are found from everywhere, and no tracker hears of a fold."""
    changed = params.model_dump(mode="json")
    changed["split"]["fold"] = fold
    changed["data"]["root"] = str(Path(params.data.root).absolute())
    changed["train"]["track"] = []
    if Path(params.train.weights).is_file():
        changed["train"]["weights"] = str(Path(params.train.weights).absolute())
    return Params.model_validate(changed)


def _write_params(path: Path, params: Params) -> None:
    with replace_atomically(path) as aside:
        aside.write_text(yaml.safe_dump(params.model_dump(mode="json")), encoding="utf-8")


def _write_store(folder: Path, params: Params) -> None:
    """Write the store of a fold: the packed files are links, the splits and the statistics of train are its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in PREPARED.glob("*.npy"):
        link = folder / file.name
        link.unlink(missing_ok=True)
        link.symlink_to(file.absolute())
    store = Store.load(PREPARED)
    splits = assign_splits(store.samples["group"], params.split)
    check_splits(store.samples.assign(split=splits), classes=bool(store.meta.class_names))
    # As text, so that no number is written otherwise than prepare has written it.
    table = pd.read_csv(PREPARED / "samples.csv", **AS_TEXT)
    write_csv(folder / "samples.csv", table.assign(split=splits))
    meta = describe_dataset(store.samples.assign(split=splits), store.meta.counts, params.data, params.prepare)
    write_json(folder / "meta.json", meta.model_dump(mode="json"))


if __name__ == "__main__":
    errors.run_cli(main)
