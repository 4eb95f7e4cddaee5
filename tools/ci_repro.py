"""Run the pipeline in CI, and keep in repro.log what happened.

What the remote has is taken from it, if it can be asked; in a copy without a bucket, everything runs. `--retrain BASE`
runs what has changed since BASE, whatever `dvc.lock` says by now, and takes nothing from the run cache: then the
numbers come from this machine, and not from whoever committed a lock or may write to the bucket. Without a bucket to
send them to it does not begin.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from specimen.common import errors
from specimen.common.errors import SpecimenError
from specimen.versioning.dvc_commands import dvc_command, dvc_environment
from specimen.versioning.errors import NotAvailableError
from specimen.versioning.git_commands import ask_git, find_commit, read_git
from specimen.versioning.provenance import not_in_remote

LOG = Path("repro.log")
LOCKS = (Path("dvc.lock"), Path("data/dvc.lock"))


def main() -> None:
    """Run DVC with what this machine can have, and end with its status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--retrain", metavar="BASE", help="run all that has changed since this revision")
    base: str | None = parser.parse_args().retrain
    options = [] if base is None else ["--no-run-cache"]
    try:
        not_in_remote(Path.cwd())
        options += ["--pull", "--allow-missing"]
    except NotAvailableError as error:
        if base is not None:
            raise SpecimenError(
                f"--retrain: the results would be lost, for they cannot be sent anywhere: {error}."
            ) from None
        print(f"Nothing is taken from the remote, so everything runs: {error}.", flush=True)
    if base is not None:
        take_locks(Path.cwd(), base)
    sys.exit(run(dvc_command("repro", *options)))


def take_locks(root: Path, base: str) -> None:
    """Put the locks of where this branch left `base` in place of its own. Raises `SpecimenError`."""
    commit = ask_git(root, "merge-base", "HEAD", find_commit(root, base))
    if not commit:
        raise SpecimenError(f"--retrain: Git finds no commit that this branch shares with {base}; fetch its history.")
    for lock in LOCKS:
        try:
            (root / lock).write_text(read_git(root, "show", f"{commit}:./{lock.as_posix()}"), encoding="utf-8")
        except NotAvailableError:
            (root / lock).unlink(missing_ok=True)  # the pipeline had not run there


def run(command: list[str]) -> int:
    """Run a command, show what it prints and keep it in the log; return its status."""
    with LOG.open("w", encoding="utf-8") as log, _piped(command) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            log.write(line)
    return process.returncode


def _piped(command: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        env=dvc_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )


if __name__ == "__main__":
    errors.run_cli(main)
