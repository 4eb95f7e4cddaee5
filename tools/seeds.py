"""The change or the dice, `make seeds K=3`: train this revision and its base with other seeds, through DVC.

    python tools/seeds.py --count 3 --base main   # the base is where this branch left main
    python tools/seeds.py --count 3 --base ""     # this revision alone

DVC runs only the trainings that have changed, and none for a base that has committed its own. The report on a pull
request then says whether the change is more than another seed does. The results are seeds/*.csv, and for Git
seeds/dvc.lock and metrics/seeds.json, the metrics of this revision's trainings.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from specimen.common import errors
from specimen.common.errors import SpecimenError
from specimen.common.files import write_json
from specimen.config.params import load_params
from specimen.experiments.base_copy import copy_base
from specimen.experiments.model_deps import require_deps_of_model
from specimen.experiments.seed_list import PATH, SeedList, only_own, other_seeds, read_list
from specimen.experiments.seed_metrics import SeedMetrics
from specimen.experiments.stage_list import listed, write_list
from specimen.reporting.recipe_test import FEWEST_TRAININGS
from specimen.versioning import revisions
from specimen.versioning.dvc_commands import read_dvc_json, run_dvc
from specimen.versioning.errors import NotAvailableError
from specimen.versioning.lock import StageLock
from specimen.versioning.revisions import Revision
from specimen.versioning.seed_lock import model_training, read_seed_lock, seed_in, seed_of, training_key

STAGES = Path("seeds/dvc.yaml")
METRICS = Path("metrics/seeds.json")
WORK = Path(".dvc/tmp/seeds")


@dataclass(frozen=True)
class Base:
    """The revision that this one is compared with, and how its model was trained."""

    revision: Revision
    train: StageLock


def main() -> None:
    """Train what has changed, print the metrics of this revision's trainings, and write them down."""
    parser = argparse.ArgumentParser(description="Train this revision and its base with other seeds.")
    parser.add_argument("--count", type=int, default=3, metavar="K", help="trainings of each; default 3")
    parser.add_argument("--base", default="main", metavar="REV", help="default main; empty: this revision alone")
    arguments = parser.parse_args()
    count: int = arguments.count
    if count < FEWEST_TRAININGS:
        raise SpecimenError(f"K={count}: it takes {FEWEST_TRAININGS} trainings at least to see what a seed does.")
    params = load_params()
    require_deps_of_model(STAGES, "seed")
    base = find_base(Path.cwd(), arguments.base) if arguments.base else None
    own = other_seeds(seed_in(params.train.model_dump()), count)
    _train("This revision", "seed", replace(read_list(), seeds=own))
    if base is not None and _needs_training(base, count):
        _train_base(base, own, count)
    else:
        write_list(PATH, only_own(own).text())
    of_this = SeedMetrics.read({seed: Path(f"seeds/seed-{seed}.csv") for seed in own}, params.data.task)
    write_json(METRICS, of_this.to_json())
    print(f"\nThis revision with other seeds:\n\n{of_this.as_markdown()}\n")
    print(f"Commit seeds/ and {METRICS}; `dvc push` sends the predictions. `make report` says what they mean.")
    if not _are_of_the_model(count):
        print("The model in dvc.lock was trained with other data, code or params: run `dvc repro` before the report.")


def find_base(root: Path, name: str) -> Base:
    """Return the base, where this branch left it. Raises `SpecimenError` where it is not known or has no model."""
    way_out = "Name another one (BASE=...), or none (BASE=) to train this revision alone."
    try:
        revision = revisions.branch_point(revisions.resolve(root, name), revisions.workspace(root))
        train = model_training(revision)
    except NotAvailableError as error:
        raise SpecimenError(f"BASE={name}: {error}. {way_out}") from error
    if train is None:
        raise SpecimenError(f"BASE={name}: no model was trained there. {way_out}")
    return Base(revision, train)


def _are_of_the_model(count: int) -> bool:
    """Return whether the trainings of the workspace are of what `dvc.lock` says."""
    workspace = revisions.workspace(Path.cwd())
    train = model_training(workspace)
    return train is not None and len(read_seed_lock(workspace).own_of(train)) >= count


def _needs_training(base: Base, count: int) -> bool:
    """Return whether a base has to be trained here; print why it need not."""
    of_this = read_seed_lock(revisions.workspace(base.revision.root)).own_of(base.train)
    if len(of_this) >= count:
        print(f"\nBase {base.revision.label}: has the same data, code and params; there is nothing to compare.")
        return False
    try:
        its_own = read_seed_lock(base.revision).own_of(base.train)
        for path in its_own:
            base.revision.read(path)
    except NotAvailableError:
        return True
    if len(its_own) >= count:
        print(f"\nBase {base.revision.label}: has trainings with other seeds of its own.")
    return len(its_own) < count


def _train_base(base: Base, own: list[int], count: int) -> None:
    key = training_key(base.train)
    copy = WORK / f"base-{key}"
    trainings = SeedList(own, key, other_seeds(seed_of(base.train), count))
    _train(f"Base {base.revision.label}", "base", trainings, lambda: copy_base(base.revision, copy, base.train))
    shutil.rmtree(copy, ignore_errors=True)


def _train(title: str, stage: str, trainings: SeedList, prepare: Callable[[], None] | None = None) -> None:
    """Let DVC run the trainings of one side, after `prepare` if there are any to run."""
    seeds = trainings.seeds if stage == "seed" else trainings.base_seeds
    targets = [f"{STAGES.as_posix()}:{stage}@{seed}" for seed in seeds]
    print(f"\n{title}: seeds {', '.join(map(str, seeds))}.", flush=True)
    with listed(PATH, trainings.text()):
        if prepare and _changed(targets):
            prepare()
        status = run_dvc("repro", *targets)
        if status:
            sys.exit(status)  # DVC has said why


def _changed(targets: list[str]) -> bool:
    try:
        return bool(read_dvc_json(Path.cwd(), "status", *targets))
    except NotAvailableError:
        return True


if __name__ == "__main__":
    errors.run_cli(main)
