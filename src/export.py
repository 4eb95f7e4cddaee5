"""Stage export: models/model.pt -> models/model.onnx, checked on samples of the test split.

Smaller files, if `export.formats` asks for some, go to models/small, checked by their metric on the whole test split.
"""

import specimen.common.interrupts  # isort: skip # noqa: F401

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from specimen.common import errors
from specimen.common.errors import SpecimenError, is_out_of_memory
from specimen.common.files import replace_atomically, write_json
from specimen.common.sampling import evenly_spaced
from specimen.config.base import load_section
from specimen.config.export import Export, Format
from specimen.data.dataset import features
from specimen.data.dataset.store import Store
from specimen.integrations.tracking import run_name, track_model
from specimen.models.model import load_model
from specimen.models.predictor import Predictor
from specimen.models.torch_network import make_torch_predictor
from specimen.onnx.export import to_onnx
from specimen.onnx.network import read_onnx
from specimen.onnx.small import Inputs, to_fp16, to_int8
from specimen.onnx.trial import milliseconds, trials_json, trials_table, try_file

PREPARED = Path("data/prepared")
MODEL = Path("models/model.pt")
ONNX = Path("models/model.onnx")
SMALL = Path("models/small")
METRICS = Path("metrics/export.json")
CALIBRATION_BATCH = 16


def main() -> None:
    """Export the model, and keep the file only if it predicts as the model does."""
    export = load_section("export", Export)
    store = Store.load(PREPARED)
    model, meta = load_model(MODEL)
    content = to_onnx(model, meta)
    exported = read_onnx(content, ONNX)
    largest, count = compare(make_torch_predictor(model, meta), exported, store, export)
    facts: dict[str, dict[str, Any]] = {"fp32": {"megabytes": len(content) / 1e6}}
    with replace_atomically(SMALL) as folder:
        folder.mkdir()
        if export.small:
            facts |= write_small(folder, content, exported, store, export)
    with replace_atomically(ONNX) as aside:
        aside.write_bytes(content)
    write_json(METRICS, facts)
    with track_model(run_name(meta.training.params), MODEL) as tracking:
        tracking.log_onnx(ONNX)
        tracking.remember_model(MODEL)
    print(f"{ONNX}: {len(content) / 1e6:.1f} MB; {count} samples differ by at most {largest:.1g} from {MODEL}")


def write_small(
    folder: Path, content: bytes, exact: Predictor, store: Store, export: Export
) -> dict[str, dict[str, Any]]:
    """Write the smaller files that are good enough; print what became of each, and return it.

    Raises `SpecimenError` for a model of features alone, and for one that cannot be converted.
    """
    meta, task = exact.meta, exact.task
    if not meta.sees_pictures:
        raise SpecimenError(
            f"export.formats: {', '.join(export.small)} are for networks that look at pictures; a model of features "
            "alone is small as it is. Leave them out."
        )
    trials, kept, predictors = [try_file("fp32", len(content), exact, store)], ["fp32"], {"fp32": exact}
    for name in export.small:
        path = SMALL / f"model.{name}.onnx"
        small = convert(name, content, exact, store, export.calibration_samples)
        predictors[name] = read_onnx(small, path)
        trials.append(try_file(name, len(small), predictors[name], store))
        worse = trials[-1].worse(trials[0], task)
        if worse <= export.metric_tolerance:  # not where it is not a number
            (folder / path.name).write_bytes(small)
            kept.append(name)
        elif math.isnan(worse):
            print(f"{path} is not written: not all its predictions on test are finite numbers")
        else:
            print(
                f"{path} is not written: {task.monitor} on test is worse by {worse:.1%}, more than "
                f"export.metric_tolerance: {export.metric_tolerance:.1%}"
            )
    print(trials_table(trials, task, kept, milliseconds(predictors, store)))
    return trials_json(trials, task, kept)


def convert(name: Format, content: bytes, exact: Predictor, store: Store, samples: int) -> bytes:
    """Return the file in a smaller format. Raises `SpecimenError` for a network that onnxruntime cannot convert."""
    try:
        if name == "fp16":
            return to_fp16(content, exact.meta)
        return to_int8(content, exact.meta, calibration_batches(exact, store, samples))
    except Exception as error:  # its tools raise whatever they stumble over
        if is_out_of_memory(error):
            raise
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise SpecimenError(
            f"export.formats: {exact.meta.backbone} cannot be converted to {name}: {reason[0]}. Leave {name} out."
        ) from error


def calibration_batches(predictor: Predictor, store: Store, count: int) -> Iterator[Inputs]:
    """Yield up to `count` samples of the train split as the inputs of the file."""
    rows = evenly_spaced(store.rows("train"), count)
    encoded = features.encode(store.samples.iloc[rows], predictor.meta.features)
    for start in range(0, len(rows), CALIBRATION_BATCH):
        part = slice(start, start + CALIBRATION_BATCH)
        images = {"images": store.images[rows[part]]}
        yield images | {"features": encoded[part]} if predictor.meta.features else images


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
