"""Train on a rented machine, which may be taken away at any moment: what cloud/train.yaml runs there.

Goes on from the checkpoint in the remote, sends each new one there, and in the end the outputs (dvc push) and what Git
holds of them. After MINUTES it stops. The variables BASE, COMMIT, RUN and MINUTES say what tools/rent.py has asked for.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

from specimen.common import errors
from specimen.common.errors import SpecimenError
from specimen.versioning.cloud_run import CHECKPOINT, OUT_OF_TIME, CloudRun
from specimen.versioning.dvc_commands import run_dvc
from specimen.versioning.errors import NotAvailableError
from specimen.versioning.remote_files import RemoteFiles

SECONDS = float(os.environ.get("CHECKPOINT_SECONDS", "60"))
"""Between two looks for a new checkpoint; of a spot machine AWS takes its leave two minutes before."""
LAST_SECONDS = 10
"""That training gets to stop by itself."""


def main() -> None:
    """Train, push, leave the results, and end with the status of what went wrong first."""
    signal.signal(signal.SIGTERM, _stop)
    base, commit, run = (_variable(name) for name in ("BASE", "COMMIT", "RUN"))
    minutes = float(_variable("MINUTES"))
    try:
        train_and_push(Path.cwd(), base, commit, run, 60 * minutes)
    except NotAvailableError as error:
        raise SpecimenError(f"rented: {error}.") from error


def train_and_push(root: Path, base: str, commit: str, run: str, seconds: float) -> None:
    """Train, push, and leave the results; end with the status. Raises `NotAvailableError` without the remote."""
    cloud_run = CloudRun(RemoteFiles(root), commit, run)
    if cloud_run.take_checkpoint(root):
        print(f"{CHECKPOINT} of an earlier machine is here", flush=True)
    with cloud_run.checkpoints_kept(root, SECONDS):
        status = train(base, seconds)
    if status < 0:  # a machine that is shut down kills its processes one by one; the next machine goes on
        sys.exit(f"Training was killed by signal {-status}.")
    if status == 0:
        status = run_dvc("push", "--run-cache")
    cloud_run.leave_results(root, status)
    sys.exit(status)


def train(base: str, seconds: float) -> int:
    """Run what has changed since `base`, for so long at most; return the status."""
    command = [sys.executable, str(Path(__file__).with_name("ci_repro.py")), "--retrain", base]
    with subprocess.Popen(command, start_new_session=True) as process:
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            print("The time is over; the checkpoint is kept.", flush=True)
            _end(process, signal.SIGINT)
            return OUT_OF_TIME
        except SystemExit:
            _end(process, signal.SIGTERM)
            raise


def _end(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Ask a process and its children to end, and do not wait for long."""
    os.killpg(process.pid, number)
    try:
        process.wait(LAST_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)


def _stop(*_: object) -> None:
    sys.exit("The machine is being taken away.")


def _variable(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise SpecimenError(f"{name} is not set; tools/rent.py sets it.")
    return value


if __name__ == "__main__":
    errors.run_cli(main)
