"""Stage evaluate: the model on the test split -> metrics, predictions and plots."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from specimen.common import errors
from specimen.common.files import replace_atomically, write_csv, write_json
from specimen.config.base import load_section
from specimen.config.evaluate import Evaluate
from specimen.data.dataset.store import Store
from specimen.evaluation import grad_cam, metrics
from specimen.evaluation.baselines import compare
from specimen.evaluation.plots.draw import draw_plots
from specimen.evaluation.plots.history import draw_history
from specimen.evaluation.plots.importances import draw_importances
from specimen.evaluation.random_forest import grow_forest
from specimen.evaluation.summary import gain_over_features
from specimen.integrations.tracking import run_name, track_evaluation
from specimen.models.predictions import UNLIKE
from specimen.models.predictor import predict_split
from specimen.models.torch_network import load_torch

PREPARED, MODEL, HISTORY = Path("data/prepared"), Path("models/model.pt"), Path("plots/history.csv")
TEST_METRICS, DATA_METRICS = Path("metrics/test.json"), Path("metrics/data.json")
DETAILS = Path("metrics/details.json")
"""What has parts (intervals, groups, classes, baselines), apart: `dvc metrics diff` shows the metrics themselves."""
PREDICTIONS, PLOTS, TABLES = Path("plots/predictions.csv"), Path("plots/test"), Path("plots/tables")


def main() -> None:
    """Predict the test split, and write down how well that went."""
    params = load_section("evaluate", Evaluate)
    store, predictor = Store.load(PREPARED), load_torch(MODEL, params.precision)
    rows = store.rows("test")
    samples, train = store.samples.iloc[rows], store.samples.iloc[store.rows("train")]
    predictions = predict_split(predictor, store, "test", _bar)
    task, resamples = predictor.task, params.resamples
    results = metrics.score(task, predictions, by=params.by, resamples=resamples)
    if UNLIKE in predictions:
        results["unlike"] = float(predictions[UNLIKE].mean())
    if store.masks is not None and params.explain:
        results |= grad_cam.attention(predictor, store.images[rows], store.masks[rows], samples, _bar)
    forest = grow_forest(task, train, samples, store.meta.features)
    results["baseline"] = compare(task, predictions, train["target"], forest, resamples)
    with replace_atomically(PLOTS) as pictures, replace_atomically(TABLES) as tables:
        draw_plots((pictures, tables), predictions, store, predictor, params, results)
        draw_history(pictures / "history.png", pd.read_csv(HISTORY))
        if forest is not None:
            write_csv(tables / "importances.csv", forest.importances)
            draw_importances(pictures / "importances.png", forest.importances, task.monitor)
    write_csv(PREDICTIONS, predictions)
    write_json(DATA_METRICS, store.meta.counts.model_dump())
    details = {name: value for name, value in results.items() if isinstance(value, dict)}
    plain = {name: value for name, value in results.items() if name not in details}
    write_json(DETAILS, details)
    write_json(TEST_METRICS, plain)
    name = run_name(predictor.meta.backbone, predictor.meta.image_size, predictor.meta.training.params["lr"])
    with track_evaluation(name, MODEL) as tracking:
        tracking.log_results(plain, PLOTS, MODEL, PREPARED)
    print(", ".join(f"{name} {value:.4g}" for name, value in results.items() if isinstance(value, float)))
    sees_pictures = predictor.meta.backbone != "none"
    if (sentence := gain_over_features(results, store.meta.unit, sees_pictures=sees_pictures)) is not None:
        print(sentence)


def _bar(starts: Iterable[int]) -> Iterable[int]:
    return tqdm(starts, unit=" batches", disable=None)


if __name__ == "__main__":
    errors.run_cli(main)
