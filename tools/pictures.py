"""Take the pictures of the docs: `make pictures`, or some of them: `make pictures NAMES="sample page"`.

Each comes from a real run on the embedded sample, of what is committed, in a clone that is thrown away; Chromium has no
window. Outputs that this repository has in DVC's cache are not made again.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pages import dagster_pages, mlflow_pages, report_page, sample_plots, serve_page
from pages.clone import make_clone

from specimen.common import errors
from specimen.common.errors import SpecimenError

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


class Scene(NamedTuple):
    """Pictures that are taken together."""

    take: Callable[[Path, Path], None]
    """Gets a clone with all outputs of the pipeline, to do with as it likes, and the folder for the pictures."""
    names: tuple[str, ...]
    """Files that it writes."""


SCENES = {
    "sample": Scene(sample_plots.take_pictures, ("sample.webp",)),
    "report": Scene(report_page.take_pictures, ("report.webp",)),
    "page": Scene(serve_page.take_pictures, ("page.webp",)),
    "dagster": Scene(
        dagster_pages.take_pictures, ("dagster-launchpad.png", "dagster-lineage.png", "dagster-plots.png")
    ),
    "mlflow": Scene(mlflow_pages.take_pictures, ("mlflow-runs.png",)),
}


def main() -> None:
    """Take the pictures that are named, or all."""
    parser = argparse.ArgumentParser(description="Take the pictures of the docs.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(SCENES)}; all without a name")
    names = parser.parse_args().names or [*SCENES]
    if unknown := [name for name in names if name not in SCENES]:
        raise SpecimenError(f"There is no picture {unknown[0]!r}. There are: {', '.join(SCENES)}.")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # which ends the servers, unlike a kill
    for name in names:
        with tempfile.TemporaryDirectory(prefix="specimen-pictures-") as folder:
            take(SCENES[name], make_clone(ROOT, Path(folder) / "specimen"), DOCS)


def take(scene: Scene, clone: Path, docs: Path) -> None:
    """Take the pictures of a scene, and put those into the docs that differ from what is there.

    Raises `SpecimenError` if it has not written the files that it says.
    """
    with tempfile.TemporaryDirectory(prefix="specimen-pictures-") as folder:
        scene.take(clone, Path(folder))
        taken = sorted(Path(folder).iterdir())
        if [path.name for path in taken] != sorted(scene.names):
            raise SpecimenError(f"The pictures taken are {[path.name for path in taken]}, not {sorted(scene.names)}.")
        for path in taken:
            shown = docs / path.name
            same = shown.exists() and shown.read_bytes() == path.read_bytes()
            print(f"{shown}: {'as it was' if same else f'{path.stat().st_size / 1000:.0f} kB, changed'}")
            if not same:
                shutil.copyfile(path, shown)


if __name__ == "__main__":
    errors.run_cli(main)
