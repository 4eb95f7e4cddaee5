"""The one way from a picture to a prediction: evaluate, export, predict and serve all take it.

It knows neither torch nor onnxruntime, so that a server needs no torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from specimen.common.errors import SpecimenError
from specimen.common.files import significant
from specimen.common.prefetch import prefetch_map
from specimen.data.dataset import features
from specimen.models.faults import find_faults
from specimen.models.meta import ModelMeta
from specimen.models.network import Floats, Images, Network, Outputs, Progress
from specimen.models.predictions import DISTANCE, UNLIKE
from specimen.models.task import AnyTask, Task

if TYPE_CHECKING:
    from specimen.data.dataset.store import Store

BATCH_PIXELS = 64 * 224 * 224
"""Of all pictures of a batch together: enough to keep a machine busy, few enough for its memory."""
MAX_BATCH = 256
DISTANCE_DIGITS = 3


@dataclass(frozen=True)
class Predictor:
    """A trained model with what it needs to be used; `inference.load` and `models.torch_network` load one."""

    network: Network
    meta: ModelMeta

    @property
    def task(self) -> AnyTask:
        """What the logits of the network mean."""
        return self.meta.task

    @property
    def batch_size(self) -> int:
        """Number of pictures that are best predicted at a time."""
        return int(np.clip(BATCH_PIXELS // max(1, self.meta.image_size) ** 2, 1, MAX_BATCH))

    def logits(self, images: Images, samples: pd.DataFrame, progress: Progress = iter) -> Floats:
        """Return logits N x num_outputs; see `predict`."""
        return self.outputs(images, samples, progress)[0]

    def outputs(self, images: Images, samples: pd.DataFrame, progress: Progress = iter) -> Outputs:
        """Return logits and distances; see `predict`."""
        columns = features.encode(samples, self.meta.features)
        size = self.batch_size

        def read(start: int) -> tuple[Images, Floats]:
            # Copied, because pictures of the store stay on the disk until they are read.
            return np.array(images[start : start + size]), columns[start : start + size]

        starts = range(0, len(images), size)
        # A server asks for one batch at a time, and need not start a thread for each request.
        batches = prefetch_map(read, progress(starts), workers=1) if len(starts) > 1 else map(read, progress(starts))
        outputs = [self.network(*batch) for batch in batches] or [self._no_outputs()]
        logits = np.concatenate([logits for logits, _ in outputs])
        distances = [distance for _, distance in outputs if distance is not None]
        return logits, np.concatenate(distances) if distances else None

    def predict(self, images: Images, samples: pd.DataFrame, progress: Progress = iter) -> pd.DataFrame:
        """Return the columns of the prediction, one row for each picture; `prediction` comes first.

        `images` is N x size x size x 3; `samples` has N rows with the columns of the features that the model uses.
        """
        return self.columns(*self.outputs(images, samples, progress))

    def empty_table(self) -> pd.DataFrame:
        """Return the columns of the prediction, with no rows."""
        return self.columns(*self._no_outputs())

    def _no_outputs(self) -> Outputs:
        distance = None if self.meta.novelty_photos is None else np.empty(0, np.float32)
        return np.empty((0, self.task.num_outputs), np.float32), distance

    def columns(self, logits: Floats, distance: Floats | None) -> pd.DataFrame:
        """Return the columns of the prediction; `distance` and `unlike` come last, of a model that knows them."""
        columns = decode_rounded(self.task, logits)
        if distance is None:
            return columns
        rounded = distance.astype(np.float64).round(DISTANCE_DIGITS)
        return columns.assign(**{DISTANCE: rounded, UNLIKE: ~(rounded <= 1)})  # NaN is unlike


def decode_rounded(task: Task, logits: Floats) -> pd.DataFrame:
    """Return what the task makes of logits, N x num_outputs, in numbers of 6 significant digits."""
    columns = task.decode(logits)
    numbers = columns.select_dtypes("number").columns
    return columns.assign(**{name: significant(columns[name].to_numpy()) for name in numbers})


def predict_split(predictor: Predictor, store: Store, split: str, progress: Progress = iter) -> pd.DataFrame:
    """Return the samples of a split of the store, with the columns of their predictions.

    Raises `SpecimenError` for the first prediction that is not a finite number.
    """
    rows = store.rows(split)
    samples = store.samples.iloc[rows]
    columns = predictor.predict(store.images[rows], samples, progress)
    for row, fault in find_faults(columns, samples, predictor.meta.features).items():
        raise SpecimenError(f"{samples['image'].iloc[row]}: {fault}.")
    return pd.concat([samples, columns.set_axis(samples.index)], axis=1)
