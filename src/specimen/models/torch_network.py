"""The network of `model.pt`, run by torch on the fastest device there is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from specimen.models.device import pick_device, pick_precision
from specimen.models.meta import ModelMeta
from specimen.models.model import Model, load_model
from specimen.models.network import Outputs
from specimen.models.predictor import Predictor


class TorchNetwork:
    """A model of torch as a function of arrays; see `network.Network`."""

    def __init__(self, model: Model, precision: torch.dtype, device: torch.device) -> None:
        self.model = model.to(device)
        self._device = device
        self._precision = precision
        if precision == torch.float32:
            # Otherwise a GPU rounds to the 10 bits of TF32 in convolutions, and differs from a CPU by 1e-3.
            torch.backends.cudnn.allow_tf32 = False

    @torch.inference_mode()
    def __call__(self, images: npt.NDArray[np.uint8], features: npt.NDArray[np.float32]) -> Outputs:
        """Return logits N x num_outputs, and distances N where the model knows them, in fp32."""
        pictures = torch.from_numpy(images).to(self._device).permute(0, 3, 1, 2)
        columns = torch.from_numpy(features).to(self._device)
        low = self._precision != torch.float32
        with torch.autocast(self._device.type, dtype=self._precision if low else None, enabled=low):
            embedding = self.model.embed(pictures)
            logits = self.model.classify(embedding, columns)
        novelty = self.model.novelty
        return _array(logits), None if novelty is None else _array(novelty(pictures, embedding))


def _array(values: Tensor) -> npt.NDArray[np.float32]:
    return np.asarray(values.float().cpu().numpy(), dtype=np.float32)


@dataclass(frozen=True)
class TorchPredictor(Predictor):
    """A predictor with access to the model of torch, for gradients and embeddings."""

    network: TorchNetwork

    @property
    def model(self) -> Model:
        """The model of torch, on the device where it computes."""
        return self.network.model


def make_torch_predictor(model: Model, meta: ModelMeta, precision: str = "fp32") -> TorchPredictor:
    """Return the predictor of a model in memory, on the fastest device there is."""
    device = pick_device("auto")
    return TorchPredictor(TorchNetwork(model, pick_precision(precision, device), device), meta)


def load_torch(path: Path, precision: str = "fp32") -> TorchPredictor:
    """Load `model.pt`. Raises `SpecimenError` if the file is not one of ours."""
    return make_torch_predictor(*load_model(path), precision)
