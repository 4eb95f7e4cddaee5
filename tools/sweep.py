"""Search params with Optuna, each trial a DVC experiment: `python tools/sweep.py -S train.lr=1e-4..1e-2:log`."""

from __future__ import annotations

import argparse
import signal
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from specimen.common import errors
from specimen.common.errors import SpecimenError
from specimen.config.params import load_params
from specimen.experiments.study import Goal, open_study, search, set_space, short
from specimen.experiments.sweep_plots import draw_importance, draw_trials
from specimen.models.task import TASKS
from specimen.versioning.dvc_commands import run_dvc

if TYPE_CHECKING:
    import optuna

FOLDER = Path("sweep")


def main() -> None:
    """Search, or apply the best trial."""
    parser = argparse.ArgumentParser(description="Search params with Optuna; each trial is a DVC experiment.")
    what = "what to search: KEY=LOW..HIGH, KEY=LOW..HIGH:log or KEY=A,B,C; once for each param"
    parser.add_argument("-S", dest="space", action="append", default=[], metavar="SPACE", help=what)
    parser.add_argument("--trials", type=int, default=20, help="how many trials the study should have; default 20")
    parser.add_argument("--spare", type=int, default=3, help="epochs in which no trial is stopped; default 3")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--study", default="sweep", help="name of the study; the same name goes on with it")
    where = "address of a database, or file on a shared disk, for a search by several machines; default: in sweep/"
    parser.add_argument("--storage", default=f"sqlite:///{FOLDER}/study.db", help=where)
    parser.add_argument("--apply", action="store_true", help="put the best trial so far into the workspace, and end")
    arguments = parser.parse_args()
    goal = Goal.of_task(TASKS[load_params().data.task])
    FOLDER.mkdir(exist_ok=True)
    study = open_study(arguments.storage, arguments.study, goal, spare=arguments.spare)
    set_space(study, arguments.space)
    if arguments.apply:
        apply_best(study)
        return
    for number in (signal.SIGINT, signal.SIGTERM):  # both stop the trial in good order, also in the background
        signal.signal(number, signal.default_int_handler)
    try:
        search(study, goal, arguments.trials, FOLDER, seed=arguments.seed)
    finally:
        show(study, goal)


def show(study: optuna.Study, goal: Goal) -> None:
    """Draw the trials, and say which is best; nothing where none has finished."""
    import optuna  # noqa: PLC0415 - an extra

    states = optuna.trial.TrialState
    finished = study.get_trials(states=(states.COMPLETE,))
    if not finished:
        return
    # A trial that DVC knew already ran no epochs.
    rows = [
        (trial.number, goal.best(trial.intermediate_values.values() or [trial.value]), trial.state == states.PRUNED)
        for trial in study.get_trials(states=(states.COMPLETE, states.PRUNED))
    ]
    table = pd.DataFrame(rows, columns=["number", "value", "pruned"])
    draw_trials(FOLDER / "trials.png", table, goal.metric, higher_is_better=goal.higher_is_better)
    if len({trial.value for trial in finished}) > 1:
        with warnings.catch_warnings(action="ignore"):  # that some evaluators are experimental
            draw_importance(FOLDER / "importance.png", optuna.importance.get_param_importances(study))
    best = study.best_trial
    changes = " ".join(f"{key}={short(value)}" for key, value in best.params.items())
    print(f"\nbest of {len(table)}: {best.user_attrs['experiment']}, {goal.metric} {best.value:.4g}, {changes}")
    print(f"plots in {FOLDER}/; `python tools/sweep.py --apply --study {study.study_name}` applies it")


def apply_best(study: optuna.Study) -> None:
    """Put params and model of the best trial into the workspace."""
    try:
        name = study.best_trial.user_attrs["experiment"]
    except ValueError:
        raise SpecimenError(f"sweep: no trial of study '{study.study_name}' has finished yet.") from None
    if status := run_dvc("exp", "apply", name):
        sys.exit(status)  # DVC has said why
    print("Its params and model are in the workspace; `dvc repro` measures it on the test split.")


if __name__ == "__main__":
    errors.run_cli(main)
