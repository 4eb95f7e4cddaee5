"""Take the pictures of the docs that show other tools: `python tools/tool_pictures.py dagster`.

Each comes from a real run on the embedded sample, in a clone that is thrown away; Chromium has no window.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from pages.dagster_pages import take_pictures as take_dagster_pictures
from pages.mlflow_pages import take_pictures as take_mlflow_pictures

from specimen.common import errors

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"

TOOLS: dict[str, Callable[[Path, Path], None]] = {
    "dagster": take_dagster_pictures,
    "mlflow": take_mlflow_pictures,
}
"""For each tool what takes its pictures: it gets a clone to run the pipeline in, and the folder for the pictures."""


def main() -> None:
    """Take the pictures of the tools named."""
    parser = argparse.ArgumentParser(description="Take the pictures of other tools for the docs.")
    parser.add_argument("tools", nargs="+", metavar="TOOL", choices=TOOLS, help=", ".join(TOOLS))
    for tool in parser.parse_args().tools:
        with tempfile.TemporaryDirectory(prefix="specimen-pictures-") as folder:
            clone = Path(folder) / "specimen"
            subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
            TOOLS[tool](clone, DOCS)


if __name__ == "__main__":
    errors.run_cli(main)
