"""How long evaluate takes apart from the model's own work, and how near inference comes to the bare forward pass.

    python bench/evaluate.py            # both, a few minutes on two cores
    python bench/evaluate.py files      # or one of: intervals, files, inference

intervals: the intervals of all metrics of 8,000 samples; 2 s are the limit.
files: 8,000 samples from the table of predictions to all metrics and plots; 20 s are the limit.
inference: pictures a second of `Predictor.logits` in bf16 over a bare forward pass on one batch that stays in memory,
in turn, for several rounds; 0.9 is the limit.
"""

from __future__ import annotations

import os
import runpy
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
import torch
import yaml

from specimen.data.dataset import features
from specimen.evaluation import metrics
from specimen.models.meta import ModelMeta
from specimen.models.model import make_model, save_model
from specimen.models.predictor import Predictor
from specimen.models.task import Classification, Regression
from specimen.models.torch_network import TorchPredictor, make_torch_predictor

sys.path.append(str(Path(__file__).parents[1] / "tests"))
import builders

STAGE = Path(__file__).parents[1] / "src/evaluate.py"
TEST, TRAIN, SIZE = 8000, 32_000, 32
CLASSES = tuple(f"class {number:02}" for number in range(38))
TASKS: dict[str, Any] = {
    "regression": Regression(1.0, 0.5, "log1p", "mse", coverage=0.9, half_width=0.8),
    "classification": Classification(CLASSES, 0.0, coverage=0.9, threshold=0.1),
}
BACKBONE = os.environ.get("BACKBONE", "resnet18")
PICTURES, SIDE, ROUNDS = (8192, 224, 5) if torch.cuda.is_available() else (256, 224, 5)


def make_samples(task: Any, rng: np.random.Generator) -> tuple[pd.DataFrame, Any]:
    """Return samples, two of each group, with two features, and logits that are often right."""
    count = TEST + TRAIN
    group = np.repeat(np.arange(count // 2), 2)
    samples = pd.DataFrame({"row": range(count), "image": [f"{row}.jpg" for row in range(count)], "group": group})
    samples = samples.assign(split=np.where(group < TEST // 2, "test", "train"), age_days=rng.integers(1, 60, count))
    samples["condition"] = rng.choice(["control", "drought", "salinity"], count)
    if isinstance(task, Regression):
        scores = samples["age_days"].to_numpy() / 20 - 1.5 + rng.normal(0, 0.5, count)
        target = task.decode(scores[:, None])["prediction"].round(4)
        return samples.assign(target=target), (scores + rng.normal(0, 0.3, count))[:, None]
    index = rng.integers(len(CLASSES), size=count)
    logits = rng.normal(size=(count, len(CLASSES))) + 4 * np.eye(len(CLASSES))[index]
    return samples.assign(target=np.array(CLASSES)[index]), logits


def model_meta(task: Any, image_size: int, described: Any = None) -> ModelMeta:
    """Return the facts of a model of the backbone that sees pictures alone."""
    names = task.class_names if isinstance(task, Classification) else ()
    dataset = builders.dataset_meta(task=task.name, image_size=image_size, class_names=names, features=described or {})
    return builders.model_meta(task, dataset=dataset, backbone=BACKBONE, used_features=())


def write_project(task: Any) -> Any:
    """Write params, store, model and history into the working directory; return the logits of the test split."""
    rng = np.random.default_rng(1)
    samples, logits = make_samples(task, rng)
    described = features.describe(samples[samples["split"] == "train"], ["age_days", "condition"])
    meta = model_meta(task, SIZE, described)
    for folder in ("data/prepared", "models", "plots"):
        Path(folder).mkdir(parents=True)
    pictures = rng.integers(0, 256, (len(samples), SIZE, SIZE, 3), dtype=np.uint8)
    builders.write_pictures(Path("data/prepared"), pictures, samples["image"])
    samples.to_csv("data/prepared/samples.csv", index=False)
    Path("data/prepared/meta.json").write_text(meta.dataset.model_dump_json())
    pd.DataFrame({"epoch": [1, 2], "train_loss": [1.0, 0.5], "val_loss": [1.1, 0.7], "val_metric": [0.5, 0.6]}).to_csv(
        "plots/history.csv", index=False
    )
    save_model(Path("models/model.pt"), make_model(BACKBONE, task.num_outputs, SIZE), meta)
    Path("params.yaml").write_text(yaml.safe_dump({"evaluate": {"by": ["age_days", "condition"]}}))
    return logits[:TEST]


def intervals() -> None:
    """Print the seconds of the intervals of all metrics."""
    for name, task in TASKS.items():
        samples, logits = make_samples(task, np.random.default_rng(1))
        predictions = samples[:TEST].join(task.decode(logits[:TEST]))
        start = time.perf_counter()
        metrics.score(task, predictions)
        print(f"intervals, {name:<15} {TEST} samples: {time.perf_counter() - start:5.2f} s  (at most 2)")


def files() -> None:
    """Run the stage evaluate with logits at hand, and print its seconds."""
    outputs = Predictor.outputs
    stage = runpy.run_path(str(STAGE))  # an import would find this file, which has the same name
    for name, task in TASKS.items():
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            ready = write_project(task)
            Predictor.outputs = lambda *_, ready=ready: (ready, None)  # type: ignore[method-assign]
            start = time.perf_counter()
            stage["main"]()
            seconds = time.perf_counter() - start
            os.chdir("/")
        print(f"files, {name:<15} {TEST} samples: {seconds:5.1f} s  (at most 20)")
    Predictor.outputs = outputs  # type: ignore[method-assign]


def inference() -> None:
    """Print how much of the speed of the bare forward pass is left in `Predictor.logits`."""
    images = np.random.default_rng(1).integers(0, 256, (PICTURES, SIDE, SIDE, 3), dtype=np.uint8)
    samples = pd.DataFrame(index=range(PICTURES))
    meta = model_meta(TASKS["regression"], SIDE)
    predictor = make_torch_predictor(make_model(BACKBONE, 1, SIDE).eval(), meta, "bf16")
    ours: list[float] = []
    limit: list[float] = []
    for _ in range(ROUNDS + 1):  # the first warms up
        ours.append(rate(lambda: predictor.logits(images, samples)))
        limit.append(rate(lambda: bare_forward(predictor)))
    share = median(one / other for one, other in zip(ours[1:], limit[1:], strict=True))
    print(
        f"inference, {BACKBONE} at {SIDE} px in bf16: {median(ours[1:]):.0f} pictures/s, bare {median(limit[1:]):.0f}"
    )
    print(f"inference, share of the bare forward pass: {share:.2f}  (at least 0.9)")


@torch.inference_mode()
def bare_forward(predictor: TorchPredictor) -> None:
    """Run the model on one batch that stays where it is, as often as there are batches."""
    model = predictor.model
    size = predictor.batch_size
    device = next(model.parameters()).device
    batch = torch.randint(256, (size, SIDE, SIDE, 3), dtype=torch.uint8).to(device).permute(0, 3, 1, 2)
    with torch.autocast(device.type, torch.bfloat16):
        for _ in range(PICTURES // size):
            model(batch)
    if device.type == "cuda":
        torch.cuda.synchronize()


def rate(work: Any) -> float:
    """Return pictures a second."""
    start = time.perf_counter()
    work()
    return PICTURES / (time.perf_counter() - start)


if __name__ == "__main__":
    measurements = {"intervals": intervals, "files": files, "inference": inference}
    for name in sys.argv[1:] or measurements:
        measurements[name]()
