"""Stage evaluate: the model on the test split -> metrics, predictions and plots."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from specimen import errors, metrics, plots
from specimen.files import write_csv, write_json, written_aside
from specimen.params import Evaluate, load_params
from specimen.predictor import Predictor
from specimen.store import Store
from specimen.style import draw_gallery

PREPARED, MODEL, HISTORY = Path("data/prepared"), Path("models/model.pt"), Path("plots/history.csv")
TEST_METRICS, DATA_METRICS = Path("metrics/test.json"), Path("metrics/data.json")
PREDICTIONS, PLOTS = Path("plots/predictions.csv"), Path("plots/test")


def main() -> None:
    """Predict the test split, and write down how well that went."""
    params = load_params()
    store, predictor = Store.load(PREPARED), Predictor.load(MODEL, params.evaluate.precision)
    rows = store.rows("test")
    samples = store.samples.iloc[rows]
    columns = predictor.predict(store.images[rows], samples, _bar)
    predictions = pd.concat([samples, columns.set_axis(rows)], axis=1)
    results = metrics.score(predictor.task, predictions, store.samples["target"][store.rows("train")])
    with written_aside(PLOTS) as folder:
        draw_plots(folder, predictions, store, predictor, params.evaluate)
    write_csv(PREDICTIONS, predictions)
    write_json(DATA_METRICS, store.meta["counts"])
    write_json(TEST_METRICS, results)
    print(", ".join(f"{name} {value:.4g}" for name, value in results.items() if isinstance(value, float)))


def _bar(starts: Iterable[int]) -> Iterable[int]:
    return tqdm(starts, unit=" batches", disable=None)


def draw_plots(folder: Path, predictions: pd.DataFrame, store: Store, predictor: Predictor, evaluate: Evaluate) -> None:
    """Draw all plots of the test split into a new folder."""
    plots.draw(predictor.task, predictions, store.meta, folder)
    plots.draw_history(folder / "history.png", pd.read_csv(HISTORY))
    order, caption = plots.worst(predictor.task, predictions, store.meta["unit"])
    worst = predictions.loc[order[: evaluate.gallery]]
    images = [store.images[row] for row in worst.index]
    captions = [caption(sample) for _, sample in worst.iterrows()]
    draw_gallery(folder / "worst.png", images, captions, "Largest errors, test split")


if __name__ == "__main__":
    errors.run(main)
