"""The only road from a picture to a prediction: evaluate, predict and serve all take it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from specimen import features
from specimen.files import significant
from specimen.model import Model, load_model
from specimen.task import Task, load_task

BATCH_SIZE = 64

Progress = Callable[[Iterable[int]], Iterable[int]]


@dataclass(frozen=True)
class Predictor:
    """A trained model with what it needs to be used."""

    model: Model
    task: Task
    meta: dict[str, Any]

    @classmethod
    def load(cls, path: Path) -> Predictor:
        """Load a model. Raises `SpecimenError` if the file is not one of ours."""
        model, meta = load_model(path)
        return cls(model, load_task(meta["task"]), meta)

    @torch.inference_mode()
    def logits(
        self, images: npt.NDArray[np.uint8], samples: pd.DataFrame, progress: Progress = iter
    ) -> npt.NDArray[np.float32]:
        """Return logits N x num_outputs, in fp32, so that every machine agrees; see `predict`."""
        columns = torch.from_numpy(features.encode(samples, self.meta["features"]))
        parts = []
        for start in progress(range(0, len(images), BATCH_SIZE)):
            batch = slice(start, start + BATCH_SIZE)
            pictures = torch.from_numpy(np.array(images[batch])).permute(0, 3, 1, 2)
            parts.append(self.model(pictures, columns[batch]).numpy())
        return np.concatenate(parts)

    def predict(self, images: npt.NDArray[np.uint8], samples: pd.DataFrame, progress: Progress = iter) -> pd.DataFrame:
        """Return the columns of the prediction, one row a picture; `prediction` comes first.

        `images` is N x size x size x 3; `samples` has N rows with the columns of the features that the model uses.
        """
        columns = self.task.decode(self.logits(images, samples, progress))
        numbers = columns.select_dtypes("number").columns
        return columns.assign(**{name: significant(columns[name].to_numpy()) for name in numbers})
