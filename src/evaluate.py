"""Stage evaluate: the model on the test split -> metrics, predictions and plots."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from specimen.common import errors
from specimen.common.files import write_csv, write_json, written_aside
from specimen.config.evaluate import Evaluate
from specimen.config.params import load_params
from specimen.data.dataset.store import Store
from specimen.evaluation import grad_cam, metrics
from specimen.evaluation.baselines import compare
from specimen.evaluation.plots import by_group, draw, galleries, history
from specimen.evaluation.plots.importances import draw_importances
from specimen.evaluation.random_forest import grow_forest
from specimen.evaluation.summary import added_by_the_model
from specimen.integrations.tracking import track_evaluation
from specimen.models.predictor import Predictor

PREPARED, MODEL, HISTORY = Path("data/prepared"), Path("models/model.pt"), Path("plots/history.csv")
TEST_METRICS, DATA_METRICS = Path("metrics/test.json"), Path("metrics/data.json")
DETAILS = Path("metrics/details.json")
"""What has parts (intervals, groups, classes, baselines), apart: `dvc metrics diff` shows the metrics themselves."""
PREDICTIONS, PLOTS, TABLES = Path("plots/predictions.csv"), Path("plots/test"), Path("plots/tables")


def main() -> None:
    """Predict the test split, and write down how well that went."""
    params = load_params()
    store, predictor = Store.load(PREPARED), Predictor.load(MODEL, params.evaluate.precision)
    rows = store.rows("test")
    samples, train = store.samples.iloc[rows], store.samples.iloc[store.rows("train")]
    columns = predictor.predict(store.images[rows], samples, _bar)
    predictions = pd.concat([samples, columns.set_axis(rows)], axis=1)
    task, resamples = predictor.task, params.evaluate.resamples
    results = metrics.score(task, predictions, by=params.evaluate.by, resamples=resamples)
    if "unlike" in predictions:
        results["unlike"] = float(predictions["unlike"].mean())
    if store.masks is not None and params.evaluate.explain:
        results |= grad_cam.attention(predictor, store.images[rows], store.masks[rows], samples, _bar)
    forest = grow_forest(task, train, samples, store.meta["features"])
    results["baseline"] = compare(task, predictions, train["target"], forest, resamples)
    with written_aside(PLOTS) as pictures, written_aside(TABLES) as tables:
        draw_plots((pictures, tables), predictions, store, predictor, params.evaluate, results)
        if forest is not None:
            write_csv(tables / "importances.csv", forest.importances)
            draw_importances(pictures / "importances.png", forest.importances, task.monitor)
    write_csv(PREDICTIONS, predictions)
    write_json(DATA_METRICS, store.meta["counts"])
    details = {name: value for name, value in results.items() if isinstance(value, dict)}
    plain = {name: value for name, value in results.items() if name not in details}
    write_json(DETAILS, details)
    write_json(TEST_METRICS, plain)
    with track_evaluation(params, MODEL) as tracking:
        tracking.log_results(plain, PLOTS, MODEL, PREPARED)
    print(", ".join(f"{name} {value:.4g}" for name, value in results.items() if isinstance(value, float)))
    sees_pictures = predictor.meta["model"]["backbone"] != "none"
    if (sentence := added_by_the_model(results, store.meta["unit"], sees_pictures=sees_pictures)) is not None:
        print(sentence)


def _bar(starts: Iterable[int]) -> Iterable[int]:
    return tqdm(starts, unit=" batches", disable=None)


def draw_plots(
    folders: tuple[Path, Path],
    predictions: pd.DataFrame,
    store: Store,
    predictor: Predictor,
    evaluate: Evaluate,
    results: dict[str, Any],
) -> None:
    """Draw all plots of the test split into two new folders: pictures for people, tables for `dvc plots`."""
    pictures, tables = folders
    pictures.mkdir()
    tables.mkdir()
    task = predictor.task
    draw.draw(task, predictions, store.meta, pictures, tables)
    by_group.draw_by(task.monitor, results, pictures, tables)
    history.draw_history(pictures / "history.png", pd.read_csv(HISTORY))
    write_csv(tables / "errors.csv", galleries.error_curve(task, predictions))
    if not store.images.shape[1]:
        return  # a table without pictures
    chosen = {
        "worst": ("Largest errors, test split", galleries.worst(task, predictions, evaluate.gallery)),
        "random": ("Drawn by lot from the test split", galleries.by_lot(predictions, evaluate.gallery)),
    }
    for name, (title, samples) in chosen.items():
        images = store.images[samples.index]
        heat = grad_cam.heat(predictor, images, samples) if evaluate.explain else None
        galleries.write_samples(tables / f"{name}.csv", task, samples)
        captions = galleries.captions(task, samples, store.meta["unit"])
        galleries.draw_samples(pictures / f"{name}.png", list(images), captions, heat, title)
    if evaluate.explain and heat is None:
        print("evaluate.explain: the model has no map of features to look at, so the galleries show no heat")


if __name__ == "__main__":
    errors.run(main)
