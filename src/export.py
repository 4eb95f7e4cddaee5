"""Stage export: models/model.pt -> models/model.onnx, checked on samples of the test split."""

import specimen.common.interrupts  # isort: skip # noqa: F401

from pathlib import Path

import numpy as np

from specimen.common import errors
from specimen.common.errors import SpecimenError
from specimen.common.files import replace_atomically
from specimen.common.sampling import evenly_spaced
from specimen.config.base import load_section
from specimen.config.export import Export
from specimen.data.dataset.store import Store
from specimen.integrations.tracking import run_name, track_model
from specimen.models.model import load_model
from specimen.models.predictor import Predictor
from specimen.models.torch_network import make_torch_predictor
from specimen.onnx.export import to_onnx
from specimen.onnx.network import read_onnx

PREPARED = Path("data/prepared")
MODEL = Path("models/model.pt")
ONNX = Path("models/model.onnx")


def main() -> None:
    """Export the model, and keep the file only if it predicts as the model does."""
    export = load_section("export", Export)
    store = Store.load(PREPARED)
    model, meta = load_model(MODEL)
    content = to_onnx(model, meta)
    exported = read_onnx(content, ONNX)
    largest, count = compare(make_torch_predictor(model, meta), exported, store, export)
    with replace_atomically(ONNX) as aside:
        aside.write_bytes(content)
    with track_model(run_name(meta.training.params), MODEL) as tracking:
        tracking.log_onnx(ONNX)
        tracking.remember_model(MODEL)
    print(f"{ONNX}: {len(content) / 1e6:.1f} MB; {count} samples differ by at most {largest:.1g} from {MODEL}")


def compare(predictor: Predictor, exported: Predictor, store: Store, export: Export) -> tuple[float, int]:
    """Return the largest difference of a logit, and on how many samples. Raises `SpecimenError` if it is too large."""
    rows = evenly_spaced(store.rows("test"), export.samples)
    images = store.images[rows]
    samples = store.samples.iloc[rows]
    expected = predictor.logits(images, samples)
    # The first once more by itself: a file that takes batches of one size only would show here.
    of_first = exported.logits(images[:1], samples[:1])
    difference = np.concatenate([exported.logits(images, samples) - expected, of_first - expected[:1]])
    largest = float(np.abs(difference).max())
    if not largest <= export.tolerance:  # also where it is not a number
        raise SpecimenError(
            f"{ONNX}: its logits differ by up to {largest:.2g} from the logits of {MODEL} on {len(rows)} test samples, "
            f"more than export.tolerance: {export.tolerance:g}, so it was not written. Raise that, or choose another "
            "backbone."
        )
    return largest, len(rows)


if __name__ == "__main__":
    errors.run_cli(main)
