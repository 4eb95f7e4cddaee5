"""Predict photos: `python src/predict.py INPUT ... -o predictions.csv`.

An INPUT is a photo, a folder (with all folders in it), a pattern in quotes such as 'photos/**/*.jpg', or a .zip. The
table has a row for each photo: its path, the prediction, and in the column `error` why there is none. An existing
table is replaced only when the new one is complete: after Ctrl-C or an error, it is as it was before. A
file that is not a table of predictions is never replaced.
"""

from __future__ import annotations

import specimen.common.interrupts  # isort: skip # noqa: F401

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import get_args

import pandas as pd
from tqdm import tqdm

from specimen.common import errors
from specimen.common.errors import SpecimenError
from specimen.common.files import replace_atomically
from specimen.common.memory import keep_freed_memory
from specimen.common.numbers import Decimal
from specimen.common.ray_map import on_ray
from specimen.data.readers.decode import ignore_pillow_warnings
from specimen.data.readers.header_choice import Place
from specimen.data.readers.tables import read_table
from specimen.inference.batch_prediction import predict_files
from specimen.inference.feature_table import Style, join_features, unknown_features
from specimen.inference.inputs import Input, find_inputs
from specimen.inference.load import load_predictor
from specimen.inference.ray_prediction import predict_on_ray
from specimen.inference.writers import check_writable, open_writer
from specimen.models.predictor import Predictor

EXIT_BAD_PHOTOS = 1
MAX_LISTED = 20
"""Bad photos that are named on the screen; the table names all of them."""

MAX_UNREAD = 3
"""Files that are not read and named on the screen."""


def main() -> None:
    """Predict what the command line names."""
    options = _parse_options()
    keep_freed_memory()
    ignore_pillow_warnings()
    own = [path for path in (options.output, options.features) if path is not None]
    inputs, repeated, unread = find_inputs(options.input, own)
    if repeated:
        _note(f"photos named more than once: {repeated}; each is predicted once.")
    if unread:
        shown = ", ".join(unread[:MAX_UNREAD]) + (", ..." if len(unread) > MAX_UNREAD else "")
        _note(f"files that are not read, because their suffix is not that of a photo: {len(unread)} ({shown})")
    if options.features and options.output.resolve() == options.features.resolve():
        raise SpecimenError(f"{options.output}: this is the table of the features; write to another file.")
    check_writable(options.output, len(inputs))
    predictor = load_predictor(options.model, options.precision)
    samples = _samples(predictor, inputs, options)
    if on_ray():
        tables = predict_on_ray(options.model, options.precision, predictor.batch_size, inputs, samples)
    else:
        tables = predict_files(predictor, inputs, samples)
    bad, reasons = predict_to(options.output, tables, len(inputs))
    meta = predictor.meta
    target = f"{meta.target} in {meta.unit}" if meta.unit else meta.target
    print(f"{options.output}: {target} of {len(inputs) - bad} photos")
    if bad:
        _report_bad_photos(bad, len(inputs), reasons)
    if options.strict and (bad or unread):
        sys.exit(EXIT_BAD_PHOTOS)


def predict_to(path: Path, tables: Iterable[pd.DataFrame], photos: int) -> tuple[int, list[str]]:
    """Write the table of predictions; return the number of bad photos, and the reasons of the first ones."""
    bad = 0
    reasons: list[str] = []
    bar = tqdm(total=photos, unit=" photos", disable=None)
    try:
        with bar, replace_atomically(path) as aside, open_writer(aside, path.suffix) as write:
            for table in tables:
                write(table)
                failed = table[table["error"].notna()]
                bad += len(failed)
                listed = failed.head(MAX_LISTED - len(reasons))
                reasons += [f"{row.image}: {row.error}" for row in listed.itertuples()]
                bar.update(len(table))
    except OSError as error:  # from the table: those of photos are in the column `error`
        raise SpecimenError(f"{path}: cannot be written: {error.strerror or error}.") from error
    return bad, reasons


def _samples(predictor: Predictor, inputs: list[Input], options: argparse.Namespace) -> pd.DataFrame:
    """Return the features of the photos that the model uses."""
    used = predictor.meta.features
    if used and options.features:
        place = Place(options.sheet, options.header_row, "--sheet", "--header-row")
        table = read_table(options.features, [options.image_column, *used], place)
        names = [item.name for item in inputs]
        samples, notes = join_features(table, options.image_column, names, used, _style(predictor, options))
        for note in notes:
            _note(note)
        return samples
    if options.features:
        _note(f"{options.model} uses no features; {options.features} is ignored.")
    if used:
        _note(f"{options.model} also uses {', '.join(used)}; without --features they count as missing.")
    return unknown_features(len(inputs), used)


def _style(predictor: Predictor, options: argparse.Namespace) -> Style:
    """Return how cells are written: as in the sheet that the model has learnt from, or as the options say."""
    dataset = predictor.meta.dataset
    return Style(options.decimal or dataset.decimal, dataset.missing if options.missing is None else options.missing)


def _report_bad_photos(bad: int, photos: int, reasons: list[str]) -> None:
    lines = [f"{bad} of {photos} photos have no prediction:", *reasons]
    if bad > len(reasons):
        lines.append(f"... and {bad - len(reasons):,} more, see the column error")
    print("\n  ".join(lines), file=sys.stderr)


def _note(text: str) -> None:
    print(f"note: {text}", file=sys.stderr)


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Predict photos with a trained model.")
    parser.add_argument("input", nargs="+", metavar="INPUT", help="photo, folder, 'pattern' or .zip")
    parser.add_argument("-o", "--output", type=Path, required=True, help="table to write: .csv, .xlsx or .parquet")
    parser.add_argument("--model", type=Path, default=Path("models/model.pt"), help="model.pt (default) or model.onnx")
    parser.add_argument("--features", type=Path, help="table with the features that the model uses besides the photo")
    parser.add_argument("--image-column", default="image", help="its column with the file names; default: image")
    parser.add_argument("--sheet", help="its sheet, in an .xlsx; default: the first that has the columns")
    parser.add_argument("--header-row", type=int, help="its row with their names; default: the first that has them")
    parser.add_argument(
        "--decimal", choices=get_args(Decimal), help="its decimal mark; default: as in the training data"
    )
    parser.add_argument(
        "--missing", nargs="*", metavar="TEXT", help="its marks of a missing value; default: as in the training data"
    )
    parser.add_argument(
        "--precision", choices=["fp32", "bf16", "auto"], default="fp32", help="auto: bf16 where that is fast"
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        help=f"exit with {EXIT_BAD_PHOTOS} if a photo has no prediction, or a folder or zip has other files",
    )
    return parser.parse_args()


if __name__ == "__main__":
    errors.run_cli(main)
