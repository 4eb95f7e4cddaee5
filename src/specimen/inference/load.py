"""Load a model file, whichever library it is for.

Neither torch nor onnxruntime is imported before a model of its kind is loaded, so that a server needs no torch.
"""

from __future__ import annotations

from pathlib import Path

from specimen.common.errors import SpecimenError, accepted_hint
from specimen.models.network import Precision
from specimen.models.predictor import Predictor


def load_predictor(path: Path, precision: Precision = "fp32") -> Predictor:
    """Load `model.pt` or `model.onnx`. Raises `SpecimenError` if the file is not one of ours.

    In fp32, every machine and both files agree within 1e-4.
    """
    if path.suffix == ".onnx":
        from specimen.onnx.network import load_onnx  # noqa: PLC0415 - see above

        return load_onnx(path, precision)
    if path.suffix == ".pt":
        from specimen.models.torch_network import load_torch  # noqa: PLC0415 - see above

        return load_torch(path, precision)
    raise SpecimenError(f"{path}: unknown kind of model. {accepted_hint(path.suffix, ['.pt', '.onnx'])}")
