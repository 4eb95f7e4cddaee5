"""Run the pipeline with changed params as a DVC experiment: `python tools/experiment.py train.epochs=3`.

MLproject names all its params in every call; the ones that nobody has set come as `unchanged`.
"""

from __future__ import annotations

import argparse
import sys

from specimen.common import errors
from specimen.common.errors import SpecimenError
from specimen.versioning.dvc_commands import run_dvc

UNCHANGED = "unchanged"
"""Value of a param that stays as it is in params.yaml."""


def main() -> None:
    """Run `dvc exp run`, and end with its status."""
    parser = argparse.ArgumentParser(description="Run the pipeline with changed params as a DVC experiment.")
    parser.add_argument("changes", nargs="*", metavar="KEY=VALUE", help=f"params to change; {UNCHANGED} changes none")
    parser.add_argument("--stage", help="run up to this stage; default: all")
    arguments = parser.parse_args()
    sys.exit(run_dvc(*dvc_arguments(arguments.changes, arguments.stage)))


def dvc_arguments(changes: list[str], stage: str | None) -> list[str]:
    """Return the arguments of `dvc`. Raises `SpecimenError` for a change without a key or a value."""
    overrides = []
    for change in changes:
        key, equals, value = change.partition("=")
        if not key or not equals or not value:
            raise SpecimenError(f"experiment: '{change}' changes nothing; write KEY=VALUE, such as train.epochs=3.")
        if value != UNCHANGED:
            overrides += ["--set-param", f"++{key}={value}"]  # also where params.yaml leaves the key out
    return ["exp", "run", *overrides, *([stage] if stage else [])]


if __name__ == "__main__":
    errors.run_cli(main)
