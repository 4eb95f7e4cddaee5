"""What a trained model still lacks: how sure its predictions are, and which pictures are unlike all it has seen."""

from __future__ import annotations

from specimen.data.dataset.store import Store
from specimen.models.meta import ModelMeta
from specimen.models.model import Model
from specimen.models.task import AnyTask
from specimen.models.torch_network import TorchPredictor, make_torch_predictor
from specimen.training.calibration import calibrate
from specimen.training.novelty_limits import find_novelty


def finish_model(
    model: Model, meta: ModelMeta, best_epoch: int, store: Store, coverage: float
) -> tuple[Model, ModelMeta]:
    """Calibrate on val and find the limits of novelty; return the model, in fp32, and its facts."""
    training = meta.training.model_copy(update={"best_epoch": best_epoch})
    predictor = make_torch_predictor(model.eval(), meta.model_copy(update={"training": training}))
    task = _calibrated(predictor, store, coverage)
    novelty = find_novelty(predictor.model, predictor.batch_size, store)
    predictor.model.novelty = novelty
    photos = None if novelty is None else len(novelty.embeddings)
    return predictor.model, predictor.meta.model_copy(update={"task": task, "novelty_photos": photos})


def _calibrated(predictor: TorchPredictor, store: Store, coverage: float) -> AnyTask:
    """Return the task that can say how sure a prediction is, calibrated on the val split."""
    rows = store.rows("val")
    samples = store.samples.iloc[rows]
    logits = predictor.logits(store.images[rows], samples)
    return calibrate(predictor.task, logits, samples["target"], samples["group"], coverage)
