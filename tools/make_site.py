"""Write the page that predicts in the browser, without a server: a folder for GitHub Pages, a web server or a stick.

Not called site.py: in a folder on PYTHONPATH, a file of that name would take the place of Python's own module `site`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from specimen.common import errors
from specimen.common.errors import SpecimenError
from specimen.config.base import PARAMS_FILE
from specimen.config.params import load_params
from specimen.site.folder import first_visit, is_site, model_path, site_files, write_site
from specimen.site.formats import Model, choose, read_model
from specimen.site.runtime import read_runtime
from specimen.site.sheet import BatchSheet, batch_sheet

ROOT = Path(__file__).parents[1]
MODEL = Path("models/model.onnx")
FIRST_VISIT = 30_000_000
"""Bytes of a first visit that a phone loads in a minute, at 4 Mbit/s."""


def main() -> None:
    """Write the folder, and say how to look at it."""
    options = parse_options()
    if options.output.exists() and not (options.output.is_dir() and is_replaceable(options.output)):
        raise SpecimenError(f"--output: {options.output} has other files, which would be lost. Name a new folder.")
    model = read_model(options.model, options.model.parent / "small")
    chosen = choose(model, options.format)
    runtime = read_runtime(ROOT / "node_modules", ROOT / "package.json")
    files = site_files(model, chosen, runtime, sheet_of(model))
    write_site(options.output, files)
    size = sum(map(len, first_visit(files, chosen).values()))
    print(f"{options.output}/: {len(files)} files. A first visit loads {size / 1e6:.1f} MB, and later ones nothing:")
    print(f"{len(files[model_path(chosen)]) / 1e6:.1f} MB of it are the model ({chosen}).")
    if size > FIRST_VISIT:
        print("That is much for a phone: add int8 or fp16 to export.formats, or train a smaller backbone.")
    print(
        f"Look:  python -m http.server --bind 127.0.0.1 --directory {options.output} 8080, then http://localhost:8080/"
    )


def sheet_of(model: Model) -> BatchSheet | None:
    """Return how `data` in params.yaml wants photos to come back; None where it is about something else."""
    if not PARAMS_FILE.exists():
        return None
    data = load_params().data
    if (data.target, data.task) == (model.meta.target, model.meta.dataset.task):
        return batch_sheet(data)
    print(
        f"note: {PARAMS_FILE} is about {data.target}, the model about {model.meta.target}: photos are exported as a "
        "plain batch."
    )
    return None


def parse_options() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--model", type=Path, default=MODEL, help="smaller files are looked for in small/ next to it")
    parser.add_argument("--format", help="that the page loads, such as fp32; if none is named, the smallest there is")
    parser.add_argument("--output", type=Path, default=Path("site"), help="folder; a site in it is replaced")
    return parser.parse_args()


def is_replaceable(folder: Path) -> bool:
    """Tell whether nothing is lost when a folder is replaced: it is empty, or was made by this tool."""
    return not any(folder.iterdir()) or is_site(folder)


if __name__ == "__main__":
    errors.run_cli(main)
