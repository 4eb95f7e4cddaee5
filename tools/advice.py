"""What to do next, `make advice`: labels to check, where the model fails, what more objects would bring.

It reads the predictions of all folds (`make cv`): each sample was predicted by a model that has not seen its group.
The results are metrics/advice.json for Git, which says which data and folds it belongs to, and plots/advice/.
docs/advice.md says what they mean.
"""

from __future__ import annotations

from pathlib import Path

from specimen.advice.curve_facts import LearningCurve
from specimen.advice.embeddings import embed_samples
from specimen.advice.fold_predictions import read_fold_predictions
from specimen.advice.origin import origin_of
from specimen.advice.sample_properties import sample_properties
from specimen.advice.slice_facts import Slices
from specimen.advice.suspect_files import Suspects
from specimen.common import errors
from specimen.common.errors import SpecimenError
from specimen.common.files import replace_atomically, write_json
from specimen.config.base import PARAMS_FILE
from specimen.config.params import Params, load_params
from specimen.data.dataset.store import Store
from specimen.data.preparation.raw_dataset import read_raw_dataset
from specimen.training.setup import make_task
from specimen.versioning import revisions

PREPARED, FOLDS = Path("data/prepared"), Path("folds")
ADVICE, PLOTS = Path("metrics/advice.json"), Path("plots/advice")

ROUNDS = "Collect in rounds, and ask again after each: from few objects, such curves err."
TOO_FEW = "There are too few objects for a learning curve, or nothing to learn from but the label.\n"


def main() -> None:
    """Find out, print the tables, and write them down."""
    params = load_params()
    count = _count(params)
    store = Store.load(PREPARED)
    predictions = read_fold_predictions([FOLDS / f"fold-{fold}" for fold in range(count)], store)
    origin = origin_of(revisions.workspace(Path.cwd()), count)
    task = make_task(store.meta, store.samples["target"], params.train)
    raw = read_raw_dataset(params.data, params.prepare.rules)
    suspects = Suspects.find(task, predictions, params.train.coverage)
    slices = Slices.find(task, predictions, sample_properties(store, raw, params.data))
    curve = LearningCurve.find(task, predictions, embed_samples(store, params.train), params.evaluate.by)
    with replace_atomically(PLOTS) as folder:
        folder.mkdir()
        suspects.write(folder, store, raw, params.data, _raw_target(params))
        if slices.found:
            slices.draw(folder / "slices.png")
        if curve is not None:
            curve.draw(folder / "curve.png")
    written = {"of": origin, "metric": task.monitor, "suspects": suspects.to_json(), "slices": slices.to_json()}
    write_json(ADVICE, written if curve is None else {**written, "curve": curve.to_json()})
    print(f"{suspects.summary()}\n\n{suspects.as_markdown(store.meta.unit)}\n")
    print(slices.summary() + (f"\n\n{slices.as_markdown()}\n" if slices.found else "\n"))
    print(TOO_FEW if curve is None else f"{curve.summary(store.meta.unit)} {ROUNDS}\n\n{curve.as_markdown()}\n")
    print(f"Correct the labels in {PLOTS}/suspects.xlsx. Written to {ADVICE} and {PLOTS}/.")


def _raw_target(params: Params) -> str:
    """Return the column of the raw sheet that holds the label; class folders have one for people to read."""
    return params.data.target if params.data.table is not None else "target"


def _count(params: Params) -> int:
    if params.split.folds is None:
        raise SpecimenError(
            f"split.folds: null, so there are no folds to learn from. Set split.folds: 5 in {PARAMS_FILE} and run "
            "`make cv` first."
        )
    return params.split.folds


if __name__ == "__main__":
    errors.run_cli(main)
