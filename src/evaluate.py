"""Stage evaluate: the model on the test split -> metrics, predictions and plots."""

import specimen.common.interrupts  # isort: skip # noqa: F401

from collections.abc import Iterable
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from specimen.common import errors
from specimen.common.files import replace_atomically, write_csv, write_json
from specimen.config.base import load_section
from specimen.config.evaluate import Evaluate
from specimen.data.dataset.store import Store
from specimen.evaluation import metrics
from specimen.evaluation.attention import measure_attention
from specimen.evaluation.baselines import compare
from specimen.evaluation.importances import permutation_importances
from specimen.evaluation.plots.by_group import draw_by
from specimen.evaluation.plots.draw import draw_galleries, draw_predictions
from specimen.evaluation.plots.galleries import error_curve
from specimen.evaluation.plots.history import draw_history
from specimen.evaluation.plots.importances import draw_importances
from specimen.evaluation.random_forest import Forest, grow_forest
from specimen.evaluation.results import Results
from specimen.evaluation.results_files import details_json, metrics_json
from specimen.evaluation.summary import gain_over_features
from specimen.integrations.tracking import ResultFiles, run_name, track_model
from specimen.models.meta import ModelMeta
from specimen.models.network import no_pictures
from specimen.models.predictions import UNLIKE
from specimen.models.predictor import predict_split
from specimen.models.torch_network import TorchPredictor, load_torch

PREPARED, MODEL, HISTORY = Path("data/prepared"), Path("models/model.pt"), Path("plots/history.csv")
TEST_METRICS, DETAILS = Path("metrics/test.json"), Path("metrics/details.json")
DATA_METRICS = Path("metrics/data.json")
PREDICTIONS, PLOTS, TABLES = Path("plots/predictions.csv"), Path("plots/test"), Path("plots/tables")


def main() -> None:
    """Predict the test split, and write down how well that went."""
    params = load_section("evaluate", Evaluate)
    store = Store.load(PREPARED)
    predictor = load_torch(MODEL, params.precision)
    predictions = predict_split(predictor, store, "test", _bar)
    forest = grow_forest(
        predictor.task,
        store.samples.iloc[store.rows("train")],
        store.samples.iloc[store.rows("test")],
        store.meta.features,
    )
    results = _measure(predictor, store, predictions, forest, params)
    with replace_atomically(PLOTS) as pictures, replace_atomically(TABLES) as tables:
        pictures.mkdir()
        tables.mkdir()
        draw_predictions(predictor.task, predictions, store.meta, pictures, tables)
        draw_by(predictor.task.monitor, results, pictures, tables)
        draw_galleries(predictor, predictions, store, params, pictures, tables)
        draw_history(pictures / "history.png", pd.read_csv(HISTORY))
        write_csv(tables / "errors.csv", error_curve(predictor.task, predictions))
        if forest is not None:
            whose, importances = _importances(predictor, store, forest)
            write_csv(tables / "importances.csv", importances)
            draw_importances(pictures / "importances.png", importances, predictor.task.monitor, whose)
    write_csv(PREDICTIONS, predictions)
    write_json(DATA_METRICS, store.meta.counts.model_dump())
    write_json(DETAILS, details_json(results))
    write_json(TEST_METRICS, metrics_json(results))
    _track(predictor.meta, results)
    print(", ".join(f"{name} {value:.4g}" for name, value in results.numbers().items()))
    sentence = gain_over_features(results, store.meta.unit, sees_pictures=predictor.meta.sees_pictures)
    if sentence is not None:
        print(sentence)


def _measure(
    predictor: TorchPredictor, store: Store, predictions: pd.DataFrame, forest: Forest | None, params: Evaluate
) -> Results:
    """Measure the predictions of the test split, and what they have to beat."""
    task = predictor.task
    scores = metrics.score(task, predictions)
    by = metrics.score_by(task, predictions, params.by)
    train_targets = store.samples["target"].iloc[store.rows("train")]
    return Results(
        scores=scores,
        by=by,
        per_class=metrics.per_class(task, predictions),
        unlike=float(predictions[UNLIKE].mean()) if UNLIKE in predictions else None,
        attention=measure_attention(predictor, store, predictions, _bar) if params.explain else None,
        baselines=compare(task, predictions, train_targets, forest, params.resamples),
    )


def _importances(predictor: TorchPredictor, store: Store, forest: Forest) -> tuple[str, pd.DataFrame]:
    """Return whose importances they are: the model's if it learns from features alone, else those of the forest."""
    if predictor.meta.sees_pictures:
        return "a random forest on the features alone", forest.importances
    test = store.samples.iloc[store.rows("test")]

    def predict(samples: pd.DataFrame) -> pd.DataFrame:
        return predictor.predict(no_pictures(len(samples)), samples)

    used = list(predictor.meta.used_features)
    return "the model", permutation_importances(predictor.task, predict, test, used)


def _track(meta: ModelMeta, results: Results) -> None:
    with track_model(run_name(meta.training.params), MODEL) as tracking:
        tracking.log_results(metrics_json(results), ResultFiles(MODEL, PREPARED, PREDICTIONS, PLOTS))
        tracking.remember_model(MODEL)


def _bar(starts: Iterable[int]) -> Iterable[int]:
    return tqdm(starts, unit=" batches", disable=None)


if __name__ == "__main__":
    errors.run_cli(main)
