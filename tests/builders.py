"""Facts of data sets and models as tests need them: complete, small, and changed where a test says so."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pandas as pd
from PIL import Image

from specimen.common.cells import to_number
from specimen.data.dataset.features import CategoryFeature, NumberFeature
from specimen.data.dataset.meta import Counts, DatasetMeta
from specimen.evaluation.results import Baselines, Results, Scores
from specimen.models.meta import ModelMeta, TrainingFacts
from specimen.models.task import AnyTask, Classification, Regression

AGE = NumberFeature(median=4.0, mean=4.0, std=2.0)
SOIL = CategoryFeature(categories=("clay", "sand"))
NUMBERS = Regression(0.0, 1.0, "none", "mse")


def dataset_meta(**changes: Any) -> DatasetMeta:
    """Return the facts of a data set of 32 px pictures whose target is a weight in grams."""
    counts = Counts(rows=0, kept=0, without_group=0, rejected={}, warned={}, split={}, groups=0)
    facts: dict[str, Any] = {
        "task": "regression",
        "target": "fresh_weight",
        "unit": "g",
        "image_size": 32,
        "resize": "pad",
        "white_level": None,
        "class_names": (),
        "train_target": None,
        "features": {},
        "counts": counts,
    }
    return DatasetMeta(**facts | changes)


def model_meta(task: AnyTask = NUMBERS, *, dataset: DatasetMeta | None = None, **changes: Any) -> ModelMeta:
    """Return the facts of a model of a data set, which by default is that of `dataset_meta` with the task's classes."""
    if dataset is None:
        classes = task.class_names if isinstance(task, Classification) else ()
        dataset = dataset_meta(task=task.name, class_names=classes)
    training = TrainingFacts(params={"lr": 1e-3}, precision="fp32", threads=1, best_epoch=1)
    facts: dict[str, Any] = {"backbone": "none", "training": training, "used_features": tuple(dataset.features)}
    return ModelMeta(dataset=dataset, task=task, **facts | changes)


def results(scores: Scores, **changes: Any) -> Results:
    """Return what was measured on the test split: these scores, and nothing besides but a guess of the mean."""
    facts: dict[str, Any] = {
        "by": {},
        "per_class": {},
        "unlike": None,
        "attention": None,
        "baselines": Baselines("mean", {}, None),
    }
    return Results(scores, **facts | changes)


def jpeg_of_scans(count: int) -> bytes:
    """Return a progressive JPEG of 16 x 16 pixels with so many scans, at least 10: the last one, again and again."""
    file = io.BytesIO()
    Image.new("RGB", (16, 16), (200, 40, 30)).save(file, "JPEG", progressive=True)
    content = file.getvalue()
    last = content[content.rindex(b"\xff\xda") : -2]
    return content[:-2] + last * (count - content.count(b"\xff\xda")) + content[-2:]


def tiff(tags: dict[int, int]) -> bytes:
    """Return the start of a TIFF with these tags; its data follow."""
    entries = [struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items()]
    return struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + b"".join(entries) + bytes(4)


@contextmanager
def tiny_backbone() -> Iterator[str]:
    """Let `make_model` know the backbone `tiny`: one convolution, with the batch norm and dropout of the large ones."""
    import torch
    from torch import nn

    from specimen.models import model
    from specimen.models.normalize import IMAGENET_MEAN, IMAGENET_STD, Normalize

    class Tiny(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.norm, self.dropout = nn.Conv2d(3, 8, 3, stride=2), nn.BatchNorm2d(8), nn.Dropout(0.2)

        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            values = self.norm(self.conv(pictures)).relu().mean(dim=(2, 3))
            return self.dropout(values)  # type: ignore[no-any-return]

    make_backbone = model.make_backbone

    def make(name: str, image_size: int, weights: str) -> tuple[nn.Module, int, Normalize]:
        if name == "tiny":
            return Tiny(), 8, Normalize(IMAGENET_MEAN, IMAGENET_STD)
        return make_backbone(name, image_size, weights)

    with patch.object(model, "make_backbone", make):
        yield "tiny"


def with_targets(labels: pd.DataFrame, task: str) -> pd.DataFrame:
    """Return a label table with its target read from `target_text`: a number, or the name of a class."""
    text = labels["target_text"]
    return labels.assign(target=to_number(text) if task == "regression" else text)
