"""Stage seed: train with another seed, and predict the test split -> seeds/seed-N.csv; `python src/seed.py N`.

With `--base KEY` the base is trained, by its own code and with its own params, from a copy of it that `make seeds` has
made -> seeds/base-N.csv. A run works in a folder of its own, so that after an interruption it goes on from its
checkpoint.
"""

from __future__ import annotations

import specimen.common.interrupts  # isort: skip # noqa: F401

import argparse
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

from specimen.common import errors
from specimen.common.errors import SpecimenError
from specimen.common.files import replace_atomically
from specimen.experiments.rerun import params_aside, run_stage, write_params
from specimen.integrations.tracking import TRACKERS_IN_ENVIRONMENT

PREPARED = Path("data/prepared")
SEEDS = Path("seeds")
WORK = Path(".dvc/tmp/seeds")
PREDICTIONS = Path("plots/predictions.csv")
EVALUATE = {"explain": False}


def main() -> None:
    """Train and evaluate in a folder aside, and keep the predictions."""
    parser = argparse.ArgumentParser(description="Train with another seed, and predict the test split.")
    parser.add_argument("seed", type=int, help="takes the place of train.seed, or of that of a forest")
    parser.add_argument("--base", metavar="KEY", help="train the base that has this key, instead of the workspace")
    arguments = parser.parse_args()
    project, name = Path.cwd(), f"seed-{arguments.seed}"
    if arguments.base is not None:
        project, name = (WORK / f"base-{arguments.base}").absolute(), f"base-{arguments.seed}"
        if not project.is_dir():
            raise SpecimenError(f"{project} is not there: `make seeds BASE=main` makes this copy of the base.")
    work = WORK / name
    launcher = _set_up(work, project, arguments.seed)
    run_stage(work, *shlex.split(launcher), _script("train", project), hide=TRACKERS_IN_ENVIRONMENT)
    run_stage(work, sys.executable, _script("evaluate", project), hide=TRACKERS_IN_ENVIRONMENT)
    with replace_atomically(SEEDS / f"{name}.csv") as result:
        shutil.copyfile(work / PREDICTIONS, result)
    shutil.rmtree(work)


def _set_up(work: Path, project: Path, seed: int) -> str:
    """Write the params of a run, and link the data that are prepared; return the launcher of its training.

    Evaluate has its defaults, whatever the params ask for, and explains nothing: only the predictions are kept.
    """
    params = params_aside(project)
    train = params["train"]
    changed: dict[str, Any] = {"seed": seed}
    if train.get("backbone") == "forest":  # which has a seed of its own
        changed["forest"] = (train.get("forest") or {}) | {"random_state": seed}
    write_params(work, params | {"train": train | changed, "evaluate": EVALUATE})
    link = work / PREPARED
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to((project / PREPARED).absolute())
    return str(train.get("launcher", "python"))


def _script(verb: str, project: Path) -> str:
    return str(project / f"src/{verb}.py")


if __name__ == "__main__":
    errors.run_cli(main)
