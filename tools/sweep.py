"""Search params with Optuna, each trial a DVC experiment: `python src/sweep.py -S train.lr=1e-4..1e-2:log`.

Trials are chosen by a tree of Parzen estimators (J. Bergstra et al., "Algorithms for hyper-parameter optimization",
NIPS 2011) and stopped when their val metric is worse than the median of the others at the same epoch.
"""

from __future__ import annotations

import argparse
import signal
import sys
import uuid
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from specimen.common import errors
from specimen.common.errors import SpecimenError, missing_extra
from specimen.config.params import load_params
from specimen.experiments.search_space import check_space, read_space
from specimen.experiments.sweep_plots import draw_importance, draw_trials
from specimen.experiments.trial import Trial
from specimen.models.task import TASKS, Task
from specimen.versioning.dvc_commands import run_dvc

if TYPE_CHECKING:
    import optuna

FOLDER = Path("sweep")
FAILURES = 3
"""So many failed trials in a row end a sweep: the fault is not in the params tried."""


def main() -> None:
    """Search, or apply what was found."""
    parser = argparse.ArgumentParser(description="Search params with Optuna; each trial is a DVC experiment.")
    what = "what to search: KEY=LOW..HIGH, KEY=LOW..HIGH:log or KEY=A,B,C; once for each param"
    parser.add_argument("-S", dest="space", action="append", default=[], metavar="SPACE", help=what)
    parser.add_argument("--trials", type=int, default=20, help="how many trials the study shall have; default 20")
    parser.add_argument("--spare", type=int, default=3, help="epochs in which no trial is stopped; default 3")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--study", default="sweep", help="name of the study; the same name goes on with it")
    parser.add_argument("--apply", action="store_true", help="put the best trial so far into the workspace, and end")
    arguments = parser.parse_args()
    task = TASKS[load_params().data.task]
    study = open_study(arguments, task)
    if arguments.apply:
        apply_best(study)
        return
    for number in (signal.SIGINT, signal.SIGTERM):  # both stop the trial in good order, also in the background
        signal.signal(number, signal.default_int_handler)
    try:
        search(study, task, arguments.trials)
    finally:
        show(study, task)


def open_study(arguments: argparse.Namespace, task: type[Task]) -> optuna.Study:
    """Begin a study or go on with it. Raises `SpecimenError` where the two do not search the same."""
    try:
        import optuna  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        raise SpecimenError(missing_extra("sweep", "tune")) from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # failures are told below
    FOLDER.mkdir(exist_ok=True)
    with warnings.catch_warnings(action="ignore"):  # that the sign of life is experimental
        # A trial that no longer gives one, because the sweep was killed, counts as failed.
        storage = optuna.storages.RDBStorage(f"sqlite:///{FOLDER / 'study.db'}", heartbeat_interval=60)
    study = optuna.create_study(
        storage=storage,
        pruner=optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=arguments.spare),
        study_name=arguments.study,
        direction="maximize" if task.higher_is_better else "minimize",
        load_if_exists=True,
    )
    # Not the seed alone: a study that goes on would begin with the trials that it has.
    study.sampler = optuna.samplers.TPESampler(seed=arguments.seed + len(study.get_trials(deepcopy=False)))
    known: list[str] = study.user_attrs.get("space", [])
    space = sorted(arguments.space) or known
    if known and space != known:
        raise SpecimenError(
            f"sweep: study '{arguments.study}' searches {' '.join(known)}, not {' '.join(space)}. Leave -S out to go "
            "on with it, or name another one with --study."
        )
    if not space:
        raise SpecimenError("sweep: nothing to search. Name it with -S, such as -S train.lr=1e-4..1e-2:log.")
    check_space(read_space(space))
    study.set_user_attr("space", space)
    return study


def search(study: optuna.Study, task: type[Task], trials: int) -> None:
    """Run trials until the study has so many. Raises `SpecimenError` when one after another fails."""
    from optuna.trial import TrialState  # noqa: PLC0415 - an extra

    space = read_space(study.user_attrs["space"])
    failed: list[SpecimenError] = []

    def objective(trial: optuna.Trial) -> float:
        changes = {key: dimension.suggest(trial, key) for key, dimension in space.items()}
        try:
            value = run_trial(trial, changes, task)
        except SpecimenError as error:
            failed.append(error)
            print(f"warning: {error}", file=sys.stderr)
            raise
        failed.clear()
        return value

    while len(study.get_trials(states=(TrialState.COMPLETE, TrialState.PRUNED), deepcopy=False)) < trials:
        study.optimize(objective, n_trials=1, catch=(SpecimenError,))
        if len(failed) == FAILURES:
            raise SpecimenError(f"sweep: {FAILURES} trials in a row have failed, the last: {failed[-1]}")


def run_trial(trial: optuna.Trial, changes: dict[str, Any], task: type[Task]) -> float:
    """Run one experiment; return the val metric of its best epoch."""
    import optuna  # noqa: PLC0415 - an extra

    metric, best = f"val_{task.monitor}", max if task.higher_is_better else min
    name = f"{trial.study.study_name}-{trial.number:03}-{uuid.uuid4().hex[:4]}"
    trial.set_user_attr("experiment", name)
    print(f"{name}: {', '.join(f'{key} {_short(value)}' for key, value in changes.items())}", flush=True)
    with Trial(name, changes, FOLDER) as running:
        for record in running.epochs():
            trial.report(record[metric], int(record["epoch"]))
            if trial.should_prune():
                print(f"  stopped after epoch {record['epoch']:g}: {metric} {record[metric]:.4g}", flush=True)
                raise optuna.TrialPruned
        value = float(best(running.history()[metric]))
    print(f"  {metric} {value:.4g}", flush=True)
    return value


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def show(study: optuna.Study, task: type[Task]) -> None:
    """Draw what was found, and say which trial is best."""
    import optuna  # noqa: PLC0415 - an extra

    best = max if task.higher_is_better else min
    states = optuna.trial.TrialState
    rows = [
        (trial.number, best(trial.intermediate_values.values(), default=trial.value), trial.state == states.PRUNED)
        for trial in study.get_trials(states=(states.COMPLETE, states.PRUNED))
    ]
    done = study.get_trials(states=(states.COMPLETE,))
    if not done:
        return
    table = pd.DataFrame(rows, columns=["number", "value", "pruned"])
    draw_trials(FOLDER / "trials.png", table, f"val_{task.monitor}", higher_is_better=task.higher_is_better)
    if len({trial.value for trial in done}) > 1:
        with warnings.catch_warnings(action="ignore"):  # that some evaluators are experimental
            draw_importance(FOLDER / "importance.png", optuna.importance.get_param_importances(study))
    found = study.best_trial
    changes = " ".join(f"{key}={_short(value)}" for key, value in found.params.items())
    print(f"\nbest of {len(table)}: {found.user_attrs['experiment']}, val_{task.monitor} {found.value:.4g}, {changes}")
    print(f"plots in {FOLDER}/; `python src/sweep.py --apply --study {study.study_name}` takes it over")


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
