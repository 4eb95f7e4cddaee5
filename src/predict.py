"""Predict photos: `python src/predict.py INPUT ... -o predictions.csv`.

An INPUT is a photo, a folder (with all folders in it), a pattern in quotes such as 'photos/**/*.jpg', or a .zip. The
table has a row for each photo: its path, the prediction, and in the column `error` why there is none. It takes its
place when it is whole: after Ctrl-C or an error, a file of that name is as it was before.
"""

from __future__ import annotations

import argparse
import sys
from collections import deque
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from specimen.common import errors
from specimen.common.errors import SpecimenError
from specimen.common.files import replace_atomically
from specimen.common.memory import keep_freed_memory
from specimen.data.readers.tables import read_table
from specimen.inference.batch_prediction import predict_files
from specimen.inference.feature_table import join_features, unknown_features
from specimen.inference.inputs import Input, find_inputs
from specimen.inference.load import load_predictor
from specimen.inference.writers import check_writable, open_writer
from specimen.models.predictor import Predictor

EXIT_BAD_PHOTOS = 1
LISTED = 20
"""Bad photos that are named on the screen; the table names all of them."""


def main() -> None:
    """Predict what the command line names."""
    arguments = _parse()
    keep_freed_memory()
    inputs, repeated = find_inputs(arguments.input)
    if repeated:
        _note(f"{repeated} photos were named more than once; each is predicted once.")
    check_writable(arguments.output, len(inputs))
    if arguments.features and arguments.output.resolve() == arguments.features.resolve():
        raise SpecimenError(f"{arguments.output}: is the table of the features; write to another file.")
    predictor = load_predictor(arguments.model, arguments.precision)
    samples = _samples(predictor, inputs, arguments)
    bad, reasons = predict_to(arguments.output, predictor, inputs, samples)
    target, unit = predictor.meta.target, predictor.meta.unit
    print(f"{arguments.output}: {target}{f' in {unit}' if unit else ''} of {len(inputs) - bad} photos")
    if bad:
        more = [f"... and {bad - LISTED:,} more, see the column error"] if bad > LISTED else []
        lines = "\n  ".join([*reasons, *more])
        print(f"{bad} of {len(inputs)} photos have no prediction:\n  {lines}", file=sys.stderr)
    if bad and arguments.strict:
        sys.exit(EXIT_BAD_PHOTOS)


def predict_to(path: Path, predictor: Predictor, inputs: list[Input], samples: pd.DataFrame) -> tuple[int, list[str]]:
    """Write the table of predictions; return the number of bad photos, and of the first ones the reasons."""
    bad, reasons = 0, deque[str]()
    bar = tqdm(total=len(inputs), unit=" photos", disable=None)
    try:
        with bar, replace_atomically(path) as aside, open_writer(aside, path.suffix) as write:
            for table in predict_files(predictor, inputs, samples):
                write(table)
                failed = table[table["error"].notna()]
                bad += len(failed)
                room = LISTED - len(reasons)
                reasons.extend(f"{row.image}: {row.error}" for row in failed.head(room).itertuples())
                bar.update(len(table))
    except OSError as error:  # of photos, none gets here
        raise SpecimenError(f"{path}: cannot be written: {error.strerror or error}.") from error
    return bad, list(reasons)


def _samples(predictor: Predictor, inputs: list[Input], arguments: argparse.Namespace) -> pd.DataFrame:
    """Return the features of the photos that the model uses."""
    used = predictor.meta.features
    if not used and arguments.features:
        _note(f"{arguments.model} uses no features; {arguments.features} is left out.")
    if used and not arguments.features:
        _note(f"{arguments.model} also uses {', '.join(used)}; without --features they count as missing.")
    if not used or not arguments.features:
        return unknown_features(len(inputs), used)
    table = read_table(arguments.features, arguments.sheet)
    names = [item.name for item in inputs]
    samples, notes = join_features(table, arguments.image_column, names, used, arguments.features)
    for note in notes:
        _note(note)
    return samples


def _note(text: str) -> None:
    print(f"note: {text}", file=sys.stderr)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Predict photos with a trained model.")
    parser.add_argument("input", nargs="+", metavar="INPUT", help="photo, folder, 'pattern' or .zip")
    parser.add_argument("-o", "--output", type=Path, required=True, help="table to write: .csv, .xlsx or .parquet")
    parser.add_argument("--model", type=Path, default=Path("models/model.pt"), help="model.pt (default) or model.onnx")
    parser.add_argument("--features", type=Path, help="table with the features that the model uses beside the photo")
    parser.add_argument("--image-column", default="image", help="its column with the file names; default: image")
    parser.add_argument("--sheet", help="its sheet, in an .xlsx; default: the first")
    parser.add_argument(
        "--precision", choices=["fp32", "bf16", "auto"], default="fp32", help="auto: bf16 where that is fast"
    )
    parser.add_argument(
        "--strict", action="store_true", help=f"exit with {EXIT_BAD_PHOTOS} if a photo has no prediction"
    )
    return parser.parse_args()


if __name__ == "__main__":
    errors.run_cli(main)
