"""Facts of data sets and models as tests need them: complete, small, and changed where a test says so."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from specimen.common.cells import to_number
from specimen.common.files import write_csv
from specimen.common.hashing import content_md5, short_hash
from specimen.data import readers
from specimen.data.dataset.features import CategoryFeature, NumberFeature
from specimen.data.dataset.meta import Counts, DatasetMeta
from specimen.data.dataset.shards import IMAGES, MANIFEST, MASKS
from specimen.data.preparation import last_store
from specimen.data.preparation.last_store import PREPARED
from specimen.data.preparation.packing import write_shard
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


def write_pictures(
    folder: Path,
    pictures: npt.NDArray[np.uint8],
    names: Iterable[object] | None = None,
    masks: npt.NDArray[np.uint8] | None = None,
    step: int = 16,
) -> None:
    """Write the pictures of photos with these names, by default 0, 1, ..., into the shards of a store."""
    names = range(len(pictures)) if names is None else names
    manifest = pd.DataFrame({"image": list(names), "image_md5": "", "image_width": 8, "image_height": 8})
    manifest = manifest.assign(position=np.arange(len(manifest)) % step)
    for kind, rows in {"": pictures, "mask_": masks}.items():
        if rows is not None:
            shards = folder / (MASKS if kind else IMAGES)
            shards.mkdir(exist_ok=True)
            pixels = [short_hash(row.tobytes()) for row in rows]
            starts = range(0, len(rows), step)
            parts = [(rows[start : start + step], pixels[start : start + step]) for start in starts]
            written = [write_shard(shards, rows.shape[1:], [row.tobytes() for row in part], of) for part, of in parts]
            shard = np.repeat(written, [len(part) for part, _ in parts])
            manifest = manifest.assign(**{f"{kind}pixels": pixels, f"{kind}shard": shard})
    write_csv(folder / MANIFEST, manifest)


def commit_store(root: Path) -> None:
    """Do what `dvc commit` does: put the store of the repository into DVC's cache, and its hash into `dvc.lock`."""
    cache = root / ".dvc/cache/files/md5"

    def keep(content: bytes, suffix: str = "") -> str:
        md5 = content_md5(content) + suffix
        (cache / md5[:2]).mkdir(parents=True, exist_ok=True)
        (cache / md5[:2] / md5[2:]).write_bytes(content)
        return md5

    store = root / PREPARED
    files = sorted(path for path in store.rglob("*") if path.is_file())
    listed = [{"md5": keep(path.read_bytes()), "relpath": path.relative_to(store).as_posix()} for path in files]
    out = {"path": PREPARED, "md5": keep(json.dumps(listed).encode(), ".dir")}
    dep = {"path": last_store.CODE, "md5": last_store.folder_md5(Path(readers.__file__).parent)}
    (root / "dvc.lock").write_text(json.dumps({"stages": {"prepare": {"deps": [dep], "outs": [out]}}}))


def with_targets(labels: pd.DataFrame, task: str) -> pd.DataFrame:
    """Return a label table with its target read from `target_text`: a number, or the name of a class."""
    text = labels["target_text"]
    return labels.assign(target=to_number(text) if task == "regression" else text)
