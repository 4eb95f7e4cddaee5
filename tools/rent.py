"""Train on a rented machine with a GPU, by SkyPilot: `python tools/rent.py --hours 5`.

Takes the commit that is checked out, and waits for its results: dvc.lock, metrics and repro.log are then in their
places, everything else is in the DVC remote. A machine that is taken away (spot) is followed by another one, which goes
on from the checkpoint in the remote. After --hours, or if anything goes wrong here, the machine is ended; what has been
trained until then is kept, and the same command goes on with it.

The machine gets the credentials AWS_* of this environment, for the remote. The program sky itself gets RENT_AWS_*
instead, if these are set: then the machine cannot rent further ones.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from specimen.common import errors
from specimen.common.errors import SpecimenError
from specimen.versioning.cloud_run import OUT_OF_TIME, CloudRun
from specimen.versioning.errors import NotAvailableError
from specimen.versioning.git_commands import ask_git, find_commit
from specimen.versioning.remote_files import RemoteFiles

TASK = Path("cloud/train.yaml")
FOR_SKY = "RENT_"
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
FOR_THE_REMOTE = (*KEYS, "AWS_REGION", "AWS_DEFAULT_REGION")
MOST_FAILURES = 3
"""Machines in a row that ended before they had been there for `SOON`."""
SOON = 300
GRACE = 1200
"""Seconds for a machine to be made ready and to be taken away, beyond those for training."""
PAUSE = 60


@dataclass(frozen=True)
class Wish:
    """What is asked for."""

    name: str
    base: str
    commit: str
    run: str
    options: list[str]
    """For `sky launch`."""


def main() -> None:
    """Rent machines until one has finished, and end with the status of the training; 2 if the time was too short."""
    options = parse_options()
    if shutil.which("sky") is None:
        raise SpecimenError("rent: the program sky is not here; `pip install -r requirements/cloud.txt` brings it.")
    root = Path.cwd()
    commit = find_commit(root, "HEAD")
    if not commit or ask_git(root, "status", "--porcelain", "--untracked-files=no"):
        raise SpecimenError("rent: commit first; what is trained is the commit that is checked out.")
    name = f"specimen-{re.sub(r'[^a-z0-9]+', '-', options.run.lower()).strip('-')}"
    wanted = ["--gpus", options.gpus] if options.gpus else []
    wanted += ["--infra", options.infra] if options.infra else []
    wanted += ["--no-use-spot"] if options.on_demand else []
    wish = Wish(name, find_commit(root, options.base) or options.base, commit, options.run, wanted)
    try:
        cloud_run = CloudRun(RemoteFiles(root), commit, options.run)
        with ended(name):
            status = rent(wish, cloud_run, root, time.monotonic() + 3600 * options.hours)
    except NotAvailableError as error:
        raise SpecimenError(f"rent: {error}.") from error
    if status == OUT_OF_TIME:
        raise SpecimenError(
            f"rent: {options.hours:g} hours were too few. The checkpoint is kept; start it again to go on."
        )
    sys.exit(status)


def rent(wish: Wish, cloud_run: CloudRun, root: Path, deadline: float) -> int:
    """Rent one machine after the other until a run has come to an end; return its status, or `OUT_OF_TIME`.

    Raises `SpecimenError` where no machine can be had.
    """
    failures = 0
    while (left := deadline - time.monotonic()) > 60:
        begun = time.monotonic()
        launch(wish, left)
        status = cloud_run.take_results(root)
        if status is not None:
            return status
        failures = failures + 1 if time.monotonic() - begun < SOON else 0
        if failures == MOST_FAILURES:
            raise SpecimenError(
                f"rent: {failures} machines ended at once, without a result. sky says above why: no credentials, no "
                "quota, or none of these machines to be had (then try another --gpus, or --on-demand)."
            )
        sky("down", "--yes", wish.name, seconds=600)  # whatever is left of it
        print(f"The machine is gone before it was done; another one goes on in {PAUSE:g} s.", flush=True)
        time.sleep(PAUSE)
    return OUT_OF_TIME


def launch(wish: Wish, seconds: float) -> None:
    """Let sky make a machine and train on it; return when the training has ended or the machine is lost."""
    with tempfile.NamedTemporaryFile("w", suffix=".env") as secrets:  # readable by this user alone
        secrets.writelines(f"{name}={os.environ[name]}\n" for name in FOR_THE_REMOTE if os.environ.get(name))
        secrets.flush()
        values = {"BASE": wish.base, "COMMIT": wish.commit, "RUN": wish.run, "MINUTES": str(max(1, int(seconds // 60)))}
        command = ["launch", "--yes", "--cluster", wish.name, "--secret-file", secrets.name, *wish.options]
        for name, value in values.items():
            command += ["--env", f"{name}={value}"]
        sky(*command, str(TASK), seconds=seconds + GRACE)


@contextmanager
def ended(name: str) -> Iterator[None]:
    """Whatever happens inside, end the machine and say what it cost."""
    try:
        yield
    finally:
        if not any(sky("down", "--yes", name, seconds=600) == 0 for _ in range(3)):
            print(f"error: the machine {name} may still run. End it: sky down {name}", file=sys.stderr, flush=True)
        print("What it cost, by the prices that SkyPilot knows:", flush=True)
        sky("cost-report", seconds=120)


def sky(*arguments: str, seconds: float) -> int:
    """Run a command of SkyPilot on the terminal, for so long at most; return its status."""
    own = {name.removeprefix(FOR_SKY): value for name, value in os.environ.items() if name.startswith(FOR_SKY)}
    # A key without a token must not get the token of another key.
    inherited = {name: value for name, value in os.environ.items() if not (own and name in KEYS)}
    env = inherited | own | {"SKYPILOT_DISABLE_USAGE_COLLECTION": "1"}
    try:
        return subprocess.run(["sky", *arguments], env=env, timeout=seconds, check=False).returncode
    except subprocess.TimeoutExpired:
        print(f"`sky {arguments[0]}` has not come back after {seconds / 60:.0f} minutes.", flush=True)
        return OUT_OF_TIME


def parse_options(arguments: list[str] | None = None) -> argparse.Namespace:
    """Return the options of the command line, or of `arguments`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=_hours, default=5.0, help="the machine is ended after so many; default 5")
    parser.add_argument("--gpus", help=f"such as L4:1 or A100:2; default: the cheapest of those in {TASK}")
    parser.add_argument("--infra", help="cloud, or cloud/region, such as aws/eu-central-1; default: the cheapest")
    parser.add_argument("--on-demand", action="store_true", help="a machine that nobody takes away, for more money")
    parser.add_argument("--base", default="origin/main", help="train what has changed since this; default origin/main")
    parser.add_argument("--run", default=f"by-hand-{int(time.time())}", help="a name that no other run has")
    return parser.parse_args(arguments)


def _hours(text: str) -> float:
    try:
        hours = float(text)
    except ValueError:
        hours = 0.0
    if not 0.1 <= hours <= 72:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of hours from 0.1 to 72")
    return hours


if __name__ == "__main__":
    errors.run_cli(main)
