"""The model: a backbone and a head of our own, saved with all that is needed to use it."""

import io
import json
from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import Tensor, nn

from specimen.common.errors import SpecimenError
from specimen.common.files import replace_atomically
from specimen.models.backbones import make_backbone
from specimen.models.forest import Trees
from specimen.models.meta import WAY_OUT, ModelMeta, damaged_model, missing_model
from specimen.models.normalize import IMAGENET_MEAN, IMAGENET_STD, Normalize
from specimen.models.novelty import Novelty
from specimen.models.torch_files import DamagedFileError, not_finite, read_torch, with_versions

TABULAR_WIDTH = 32
"""Width of the branch for tabular features: a few columns need no more."""


class Model(nn.Module):
    """Pictures and tabular features -> logits: backbone for the pictures, a branch for the features, one head.

    Of a forest, the branch is its trees and the head has nothing to learn.
    """

    def __init__(self, backbone: nn.Module | None, embedding_width: int, tabular: nn.Module | None, head: nn.Module):
        super().__init__()
        self.embedding_width = embedding_width
        self.normalize = Normalize(IMAGENET_MEAN, IMAGENET_STD)
        self.backbone = backbone
        self.tabular = tabular
        self.head = head
        self.novelty: Novelty | None = None  # known only when the training is over

    def forward(self, images: Tensor, features: Tensor | None = None) -> Tensor:
        """Return logits N x num_outputs for uint8 pictures N x 3 x H x W and features N x features_width."""
        return self.classify(self.embed(images), features)

    def embed(self, images: Tensor) -> Tensor:
        """Return what the backbone makes of pictures: N x embedding_width."""
        if self.backbone is None:
            return images.new_zeros((len(images), 0), dtype=self.normalize.mean.dtype)
        embedding: Tensor = self.backbone(self.normalize(images))
        return embedding

    def classify(self, embedding: Tensor, features: Tensor | None = None) -> Tensor:
        """Return logits N x num_outputs for embeddings and features."""
        if self.tabular is not None:
            embedding = torch.cat([embedding, self.tabular(features)], dim=1)
        logits: Tensor = self.head(embedding)
        return logits


class Head(nn.Module):
    """The part of a model behind the backbone, for embeddings that were computed before."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model

    def forward(self, embedding: Tensor, features: Tensor | None = None) -> Tensor:
        """Return logits N x num_outputs for embeddings N x embedding_width and features N x features_width."""
        return self.model.classify(embedding, features)


def _tabular_branch(width: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, TABULAR_WIDTH), nn.ReLU(), nn.Linear(TABULAR_WIDTH, TABULAR_WIDTH), nn.ReLU())


def make_model(
    backbone: str, num_outputs: int, image_size: int, weights: str = "none", features_width: int = 0
) -> Model:
    """Build a model with a new head for square pictures; the backbone starts from `weights` (see `Train.weights`).

    With the backbone `none` the model does not look at the pictures, and neither with `forest`, which is made without
    trees. Raises `SpecimenError` where the backbone cannot be made.
    """
    if backbone == "forest":
        return Model(None, 0, Trees(num_outputs), nn.Identity())
    if backbone == "none":
        return Model(None, 0, *_trainable(0, features_width, num_outputs))
    body, width, normalize = make_backbone(backbone, image_size, weights)
    model = Model(body, width, *_trainable(width, features_width, num_outputs))
    model.normalize = normalize
    return model.to(memory_format=torch.channels_last)


def _trainable(embedding_width: int, features_width: int, num_outputs: int) -> tuple[nn.Module | None, nn.Module]:
    """Return the branch for the features, if there are any, and the head of a network."""
    tabular = _tabular_branch(features_width) if features_width else None
    return tabular, nn.Linear(embedding_width + (TABULAR_WIDTH if features_width else 0), num_outputs)


def save_model(path: Path, model: Model, meta: ModelMeta) -> None:
    """Write weights and meta, as plain values; the same content gives the same bytes."""
    # Through JSON, because pickle also stores which strings are the same object, and that differs between runs.
    plain = json.loads(meta.model_dump_json())
    state = {str(key): value.detach().cpu().contiguous() for key, value in model.state_dict().items()}
    buffer = io.BytesIO()
    torch.save({"weights": state, "meta": plain}, buffer)  # to a buffer: the file's name would go into the bytes
    with replace_atomically(path) as aside:
        aside.write_bytes(buffer.getvalue())


def load_model(path: Path) -> tuple[Model, ModelMeta]:
    """Read a model and its meta.

    Raises `SpecimenError` if there is none, if it is damaged, not one of ours, or of another version.
    """
    try:
        content = dict(read_torch(path))
        weights = content["weights"]
        facts = content["meta"]
    except FileNotFoundError:
        raise missing_model(path) from None
    except DamagedFileError as error:
        raise damaged_model(path, str(error)) from error
    except MemoryError:
        raise
    except UnpicklingError as error:  # whose text advises to run what is in the file
        raise _not_a_model(path, "not a file of weights alone") from error
    except Exception as error:  # torch raises whatever it stumbles over in a file of another kind
        raise _not_a_model(path, error) from error
    meta = ModelMeta.read(facts, str(path), WAY_OUT)
    try:
        model = make_model(meta.backbone, meta.task.num_outputs, meta.image_size, "none", meta.features_width)
        if meta.novelty_photos is not None:
            model.novelty = Novelty(meta.novelty_photos, model.embedding_width)
        model.load_state_dict(with_versions(weights, model))
    except SpecimenError as error:  # such as the backbone of an extra that is not installed
        raise SpecimenError(f"{path}: its backbone cannot be made here. {error}") from error
    except RuntimeError as error:  # weights that do not fit
        raise _not_a_model(path, error) from error
    if faulty := not_finite(weights):
        raise damaged_model(path, f"{faulty[0]} holds values that are not finite numbers")
    return model.eval(), meta


def _not_a_model(path: Path, error: Exception | str) -> SpecimenError:
    return SpecimenError(f"{path}: not a model of Specimen ({error}). `dvc repro train` makes one.")
