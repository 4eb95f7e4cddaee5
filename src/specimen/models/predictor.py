"""The only road from a picture to a prediction: evaluate, export, predict and serve all take it.

Neither torch nor onnxruntime is imported before a model of its kind is loaded, so that a server needs no torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from specimen.common.errors import SpecimenError, accepted_hint
from specimen.common.files import significant
from specimen.common.prefetch import prefetch_map
from specimen.data.dataset import features
from specimen.models.network import Floats, Images, Network, Outputs, Precision, Progress
from specimen.models.task import Task, load_task

if TYPE_CHECKING:
    from specimen.models.model import Model

BATCH_PIXELS = 64 * 224 * 224
"""In one batch, over all pictures: as many as keep a machine busy, few enough for its memory."""
MAX_BATCH = 256
DISTANCE_DIGITS = 3


@dataclass(frozen=True)
class Predictor:
    """A trained model with what it needs to be used."""

    network: Network
    task: Task
    meta: dict[str, Any]
    """What was found by prepare and train: image_size, resize, features, target, unit, class_names, ..."""

    @classmethod
    def load(cls, path: Path, precision: Precision = "fp32") -> Predictor:
        """Load `model.pt` or `model.onnx`. Raises `SpecimenError` if the file is not one of ours.

        In fp32, every machine and both files agree within 1e-4.
        """
        network, meta = _load_network(path, precision)
        return cls(network, load_task(meta["task"]), meta)

    @property
    def model(self) -> Model:
        """The model of torch behind the predictions, on the device where it computes; only `model.pt` holds one."""
        from specimen.models.torch_network import TorchNetwork  # noqa: PLC0415 - see above

        if not isinstance(self.network, TorchNetwork):
            raise SpecimenError("this needs the model as torch knows it: models/model.pt.")
        return self.network.model

    @property
    def batch_size(self) -> int:
        """Number of pictures that are best predicted at a time."""
        return int(np.clip(BATCH_PIXELS // max(1, self.meta["image_size"]) ** 2, 1, MAX_BATCH))

    def logits(self, images: Images, samples: pd.DataFrame, progress: Progress = iter) -> Floats:
        """Return logits N x num_outputs; see `predict`."""
        return self.outputs(images, samples, progress)[0]

    def outputs(self, images: Images, samples: pd.DataFrame, progress: Progress = iter) -> Outputs:
        """Return logits and distances; see `predict`."""
        columns = features.encode(samples, self.meta["features"])
        size = self.batch_size

        def read(start: int) -> tuple[Images, Floats]:
            # Copied, for pictures of the store lie on the disk until they are read.
            return np.array(images[start : start + size]), columns[start : start + size]

        starts = range(0, len(images), size)
        # A server asks for one batch at a time: a thread for it would be one more for each request.
        batches = prefetch_map(read, progress(starts), workers=1) if len(starts) > 1 else map(read, progress(starts))
        parts = [self.network(*batch) for batch in batches]
        parts = parts or [self.nothing(0)]
        distances = [distance for _, distance in parts if distance is not None]
        return np.concatenate([logits for logits, _ in parts]), np.concatenate(distances) if distances else None

    def nothing(self, count: int) -> Outputs:
        """Return outputs of `count` pictures that are all zero, for their shapes and types."""
        distance = np.zeros(count, np.float32) if "novelty" in self.meta else None
        return np.zeros((count, self.task.num_outputs), np.float32), distance

    def predict(self, images: Images, samples: pd.DataFrame, progress: Progress = iter) -> pd.DataFrame:
        """Return the columns of the prediction, one row a picture; `prediction` comes first.

        `images` is N x size x size x 3; `samples` has N rows with the columns of the features that the model uses.
        """
        return self.columns(*self.outputs(images, samples, progress))

    def columns(self, logits: Floats, distance: Floats | None) -> pd.DataFrame:
        """Return the columns of the prediction; `distance` and `unlike` come last, of a model that knows them."""
        columns = self.task.decode(logits)
        numbers = columns.select_dtypes("number").columns
        columns = columns.assign(**{name: significant(columns[name].to_numpy()) for name in numbers})
        if distance is None:
            return columns
        rounded = distance.astype(np.float64).round(DISTANCE_DIGITS)
        return columns.assign(distance=rounded, unlike=~(rounded <= 1))  # what is no number is unlike


def _load_network(path: Path, precision: Precision) -> tuple[Network, dict[str, Any]]:
    if path.suffix == ".onnx":
        from specimen.onnx.network import load_onnx  # noqa: PLC0415 - see above

        return load_onnx(path, precision)
    if path.suffix == ".pt":
        from specimen.models.torch_network import load_torch  # noqa: PLC0415 - see above

        return load_torch(path, precision)
    raise SpecimenError(f"{path}: unknown kind of model. {accepted_hint(path.suffix, ['.pt', '.onnx'])}")
