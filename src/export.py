"""Stage export: models/model.pt -> models/model.onnx, checked on samples of the test split."""

from pathlib import Path

import numpy as np

from specimen.common import errors
from specimen.common.errors import SpecimenError
from specimen.common.files import replace_atomically
from specimen.config.base import load_section
from specimen.config.export import Export
from specimen.data.dataset.store import Store
from specimen.models.model import load_model
from specimen.models.predictor import Predictor
from specimen.models.torch_network import make_torch_predictor
from specimen.onnx.export import to_onnx
from specimen.onnx.network import read_onnx

PREPARED, MODEL, ONNX = Path("data/prepared"), Path("models/model.pt"), Path("models/model.onnx")


def main() -> None:
    """Export the model, and keep the file only if it predicts as the model does."""
    export, store = load_section("export", Export), Store.load(PREPARED)
    model, meta = load_model(MODEL)
    content = to_onnx(model, meta)
    exported = read_onnx(content, str(ONNX))
    largest, count = compare(make_torch_predictor(model, meta), exported, store, export)
    with replace_atomically(ONNX) as aside:
        aside.write_bytes(content)
    print(f"{ONNX}: {len(content) / 1e6:.1f} MB; {count} samples differ by at most {largest:.1g} from {MODEL}")


def compare(predictor: Predictor, exported: Predictor, store: Store, export: Export) -> tuple[float, int]:
    """Return the largest difference of a logit, and on how many samples. Raises `SpecimenError` if it is too large."""
    rows = store.rows("test")
    rows = rows[np.unique(np.linspace(0, len(rows) - 1, min(export.samples, len(rows))).round().astype(int))]
    images, samples = store.images[rows], store.samples.iloc[rows]
    wanted, found = predictor.logits(images, samples), exported.logits(images, samples)
    # The first once more by itself: a file for batches of one size alone would show here.
    alone = exported.logits(images[:1], samples[:1])
    largest = float(np.abs(np.concatenate([found, alone]) - np.concatenate([wanted, wanted[:1]])).max())
    if not largest <= export.tolerance:  # also where it is no number
        raise SpecimenError(
            f"{ONNX}: its logits differ by {largest:.2g} from those of {MODEL} on {len(rows)} test samples, more than "
            f"export.tolerance: {export.tolerance:g}, so no file was written. Allow more, or choose another backbone."
        )
    return largest, len(rows)


if __name__ == "__main__":
    errors.run_cli(main)
