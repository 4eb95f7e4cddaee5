"""A study of Optuna whose trials are DVC experiments.

Trials are chosen by a tree of Parzen estimators (J. Bergstra et al., "Algorithms for hyper-parameter optimization",
NIPS 2011) and stopped when their val metric is worse than the median of the others at the same epoch.
"""

from __future__ import annotations

import sys
import uuid
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specimen.common.errors import SpecimenError, missing_extra
from specimen.experiments.search_space import check_space, read_space
from specimen.experiments.trial import Trial
from specimen.models.task import Task

if TYPE_CHECKING:
    import optuna

FAILURES = 3
"""So many failed trials in a row end a sweep: the fault is not in the params tried."""


@dataclass(frozen=True)
class Goal:
    """What a sweep wants: the val metric that training watches, as good as it gets."""

    metric: str
    """Its name in the records of epochs, such as `val_rmse`."""
    higher_is_better: bool

    @classmethod
    def of_task(cls, task: type[Task]) -> Goal:
        """Return the goal of a task."""
        return cls(f"val_{task.monitor}", task.higher_is_better)

    def best(self, values: Iterable[float]) -> float:
        """Return the best of some values, of which there must be one."""
        return float(max(values) if self.higher_is_better else min(values))


def open_study(storage: str, name: str, goal: Goal, *, spare: int) -> optuna.Study:
    """Begin a study, or go on with it; no trial is stopped in its first `spare` epochs.

    `storage` is the address of a database, or the path of a file on a disk that several machines share, to which Optuna
    appends what each of them does. Raises `SpecimenError` where it cannot be opened.
    """
    try:
        import optuna  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        raise SpecimenError(missing_extra("sweep", "tune")) from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # failures are printed by `search`
    try:
        return optuna.create_study(
            storage=_open_storage(storage),
            pruner=optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=spare),
            study_name=name,
            direction="maximize" if goal.higher_is_better else "minimize",
            load_if_exists=True,
        )
    # Of SQLAlchemy and of the driver of each database.
    except Exception as error:
        raise SpecimenError(f"sweep: cannot open --storage '{storage}': {error}") from error


def _open_storage(storage: str) -> optuna.storages.BaseStorage:
    from optuna import storages  # noqa: PLC0415 - an extra

    if "://" not in storage:
        return storages.JournalStorage(storages.journal.JournalFileBackend(storage))
    with warnings.catch_warnings(action="ignore"):  # that the sign of life is experimental
        # A trial that no longer gives one, because the sweep was killed, counts as failed.
        return storages.RDBStorage(storage, heartbeat_interval=60)


def _use_sampler(trial: optuna.Trial, seed: int) -> None:
    """Choose the values of a trial by its number, which no other trial has, whichever process or machine runs it."""
    from optuna.samplers import TPESampler  # noqa: PLC0415 - an extra

    with warnings.catch_warnings(action="ignore"):  # that it is experimental to reckon with trials that still run
        trial.study.sampler = TPESampler(seed=seed + trial.number, constant_liar=True)


def set_space(study: optuna.Study, space: Sequence[str]) -> None:
    """Give a new study what to search; without any, a study goes on with its own.

    Raises `SpecimenError` where the two differ, where there is nothing to search, and for values that params refuse.
    """
    known: list[str] = study.user_attrs.get("space", [])
    wanted = sorted(space) or known
    if known and wanted != known:
        raise SpecimenError(
            f"sweep: study '{study.study_name}' searches {' '.join(known)}, not {' '.join(wanted)}. Leave -S out to go "
            "on with it, or name another one with --study."
        )
    if not wanted:
        raise SpecimenError("sweep: nothing to search. Name it with -S, such as -S train.lr=1e-4..1e-2:log.")
    check_space(read_space(wanted))
    study.set_user_attr("space", wanted)


def search(study: optuna.Study, goal: Goal, trials: int, folder: Path, *, seed: int) -> None:
    """Run trials until the study has so many. Raises `SpecimenError` when one after another fails."""
    from optuna.trial import TrialState  # noqa: PLC0415 - an extra

    space = read_space(study.user_attrs["space"])
    failed: list[SpecimenError] = []

    def objective(trial: optuna.Trial) -> float:
        _use_sampler(trial, seed)
        changes = {key: dimension.suggest(trial, key) for key, dimension in space.items()}
        try:
            value = run_trial(trial, changes, goal, folder)
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


def run_trial(trial: optuna.Trial, changes: Mapping[str, Any], goal: Goal, folder: Path) -> float:
    """Run one experiment; return the val metric of its best epoch."""
    import optuna  # noqa: PLC0415 - an extra

    name = f"{trial.study.study_name}-{trial.number:03}-{uuid.uuid4().hex[:4]}"
    trial.set_user_attr("experiment", name)
    print(f"{name}: {', '.join(f'{key} {short(value)}' for key, value in changes.items())}", flush=True)
    with Trial(name, changes, folder) as running:
        for record in running.epochs():
            value = record[goal.metric]
            trial.report(value, int(record["epoch"]))
            if trial.should_prune():
                print(f"  stopped after epoch {record['epoch']:g}: {goal.metric} {value:.4g}", flush=True)
                raise optuna.TrialPruned
        best = goal.best(running.history()[goal.metric])
    print(f"  {goal.metric} {best:.4g}", flush=True)
    return best


def short(value: object) -> str:
    """Return a param as it fits into a line: numbers with three digits."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)
