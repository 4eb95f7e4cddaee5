"""The network of `model.onnx`, run by onnxruntime: no torch is needed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from specimen.common.errors import SpecimenError
from specimen.models.meta import WAY_OUT, ModelMeta, damaged_model, missing_model
from specimen.models.network import Outputs
from specimen.models.predictor import Predictor
from specimen.onnx.checksum import checksum_matches

META = "specimen"
"""Key of the file's metadata that holds the `ModelMeta` as JSON."""
FATAL = 4
"""Level of onnxruntime's log: errors are raised, so they need not be printed as well."""


class OnnxNetwork:
    """A session of onnxruntime as a function of arrays; see `network.Network`. Safe to call from several threads."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session
        self._inputs = [node.name for node in session.get_inputs()]
        self._outputs = [node.name for node in session.get_outputs()]

    def __call__(self, images: npt.NDArray[np.uint8], features: npt.NDArray[np.float32]) -> Outputs:
        """Return logits N x num_outputs, and distances N where the model knows them."""
        inputs = {"images": images, "features": features}
        # A model without features has no input for them, and one of features alone has none for pictures.
        values = self._session.run(self._outputs, {name: inputs[name] for name in self._inputs})
        outputs = {name: np.asarray(value, np.float32) for name, value in zip(self._outputs, values, strict=True)}
        return outputs["logits"], outputs.get("distance")


def load_onnx(path: Path, precision: str = "fp32", threads: int | None = None) -> Predictor:
    """Load `model.onnx`, to compute on so many threads (None: one for each core).

    Raises `SpecimenError` if there is none, if it is damaged, not one of ours, or of another version, and if it is to
    compute in bf16.
    """
    if precision == "bf16":
        raise SpecimenError(f"{path}: an ONNX file computes in fp32. Choose fp32, or use models/model.pt.")
    try:
        return read_onnx(path.read_bytes(), path, threads)
    except FileNotFoundError:
        raise missing_model(path) from None
    except (SpecimenError, MemoryError):
        raise
    except Exception as error:  # onnxruntime and JSON raise whatever they stumble over in a file of another kind
        raise SpecimenError(f"{path}: not a model of Specimen ({error}). `dvc repro export` makes one.") from error


def read_onnx(content: bytes, path: Path, threads: int | None = None) -> Predictor:
    """Return the predictor of the bytes of an ONNX file; `path` names it in messages. See `load_onnx`."""
    whole = checksum_matches(content)
    if whole is False:
        raise damaged_model(path, "its checksum does not match")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    options.log_severity_level = FATAL
    # Threads that wait for work in a loop would take the cores from the threads that decode pictures.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    meta = ModelMeta.read(json.loads(session.get_modelmeta().custom_metadata_map[META]), str(path), WAY_OUT)
    if whole is None:
        raise damaged_model(path, "it has no checksum")
    return Predictor(OnnxNetwork(session), meta)
