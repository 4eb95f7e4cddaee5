"""Run the pipeline with changed params as a DVC experiment: `python tools/experiment.py train.epochs=3`.

MLproject names all its params in every call; the ones that nobody has set come as `unchanged`. The agent of a sweep of
W&B (sweep.yaml) names those that it has chosen, and stops a run that is not worth its time with SIGTERM.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys

from specimen.common import errors
from specimen.versioning.dvc_commands import dvc_command, dvc_environment, set_param, stop_dvc

UNCHANGED = "unchanged"
"""Value of a param that stays as it is in params.yaml."""


def main() -> None:
    """Run `dvc exp run`, and end with its status."""
    parser = argparse.ArgumentParser(description="Run the pipeline with changed params as a DVC experiment.")
    parser.add_argument("changes", nargs="*", metavar="KEY=VALUE", help=f"params to change; {UNCHANGED} changes none")
    parser.add_argument("--stage", help="run up to this stage; default: all")
    parser.add_argument("--temp", action="store_true", help="run in a copy of the repository, as `dvc exp run --temp`")
    arguments = parser.parse_args()
    sys.exit(run(dvc_arguments(arguments.changes, arguments.stage, temp=arguments.temp)))


class TerminatedError(Exception):
    """SIGTERM has come."""


def run(arguments: list[str]) -> int:
    """Run DVC and return its exit status. SIGTERM stops its stage, and then ends this process as it always does."""
    signal.signal(signal.SIGTERM, _raise_terminated)
    with subprocess.Popen(dvc_command(*arguments), env=dvc_environment()) as dvc:
        try:
            return dvc.wait()
        except TerminatedError:
            stop_dvc(dvc)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.raise_signal(signal.SIGTERM)
    return dvc.returncode


def _raise_terminated(*_signal: object) -> None:
    raise TerminatedError


def dvc_arguments(changes: list[str], stage: str | None, *, temp: bool = False) -> list[str]:
    """Return the arguments of `dvc`. Raises `SpecimenError` for a change without a key or a value."""
    wanted = [change for change in changes if change.partition("=")[2] != UNCHANGED]
    overrides = [option for change in wanted for option in ("--set-param", set_param(change))]
    return ["exp", "run", *(["--temp"] if temp else []), *overrides, *([stage] if stage else [])]


if __name__ == "__main__":
    errors.run_cli(main)
