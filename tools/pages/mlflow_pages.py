"""MLflow as people use it: its server on this machine, runs that it takes, and its pages in a browser."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium.webdriver import Chrome

from pages.chromium import open_chromium, page_text, save_picture, wait_for
from pages.server import free_port, serve
from specimen.common.errors import SpecimenError

FAST = ("sample.plants=160", "sample.image_size=64", "prepare.image_size=48", "train.features=[age_days,condition]")
"""What all runs of the picture change: a minute each is enough for curves."""
RUNS = (("train.target_transform=none",), ("train.target_transform=sqrt",), ("train.target_transform=log1p",))
"""What each of them changes."""
SECONDS_TO_SHOW = 300.0
METRICS = ["val_loss", "val_r2", "val_rmse"]
PLAIN = ".modebar { display: none }"
"""Without the tools of a chart, which are on top of it where there is no mouse."""


@contextmanager
def serve_mlflow(repository: Path) -> Iterator[str]:
    """Run the command of `make mlflow` in a repository; yield its address. At the end all processes are gone."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with serve(["env", *mlflow_command(repository, port)], repository, repository / "mlflow.log", f"{address}/health"):
        yield address


def mlflow_command(repository: Path, port: int) -> list[str]:
    """Return what `make mlflow` runs, with the environment that runs this in place of the one that the target needs."""
    make = ["make", "--dry-run", "--no-print-directory", "--old-file", ".venv/.all", "mlflow", f"PORT={port}"]
    recipe = subprocess.run(make, cwd=repository, capture_output=True, text=True, check=True).stdout
    return shlex.split(recipe.replace("\\\n", " ").replace(".venv/bin", str(Path(sys.executable).parent)))


def train(repository: Path, address: str, *changes: str) -> None:
    """Train with changed params, as a run of MLflow. Raises `SpecimenError` where that fails."""
    own = {"MLFLOW_TRACKING_URI": address, "SPECIMEN_TRACK": "mlflow", "PYTHONPATH": str(repository / "src")}
    command = [sys.executable, "tools/experiment.py", "--stage", "train", *changes]
    done = subprocess.run(command, cwd=repository, env=os.environ | own, check=False)
    if done.returncode:
        raise SpecimenError(f"The training with {' '.join(changes)} has failed; see above.")


def take_pictures(clone: Path, docs: Path) -> None:
    """Train three times in a clone, and save the page that compares the runs."""
    with serve_mlflow(clone) as address:
        for changes in RUNS:
            train(clone, address, *FAST, *changes)
        with open_chromium(width=1440, height=760) as chrome:
            show_val_charts(chrome, address)
            save_picture(chrome, docs / "mlflow-runs.png")


def show_val_charts(chrome: Chrome, address: str) -> None:
    """Open the charts of the first experiment, those of val alone."""
    chrome.get(f"{address}/#/experiments/1/runs?compareRunsMode=CHART")
    wait_for(chrome, lambda: f"{len(RUNS)} matching runs" in page_text(chrome), SECONDS_TO_SHOW)
    for button in chrome.find_elements("xpath", "//button[@aria-label='Close']"):
        button.click()  # of the assistant
    search = chrome.find_element("xpath", "//input[@placeholder='Search metric charts']")
    search.send_keys("val_")
    wait_for(chrome, lambda: _legends(chrome) == METRICS, SECONDS_TO_SHOW)
    chrome.execute_script(
        "document.head.appendChild(document.createElement('style')).textContent = arguments[0]", PLAIN
    )


def _legends(chrome: Chrome) -> list[str]:
    """Return the metrics of the charts that have a line for each run."""
    lines = re.findall(r"^\S+ \((\w+)\)$", page_text(chrome), re.MULTILINE)
    return sorted(name for name in set(lines) if lines.count(name) == len(RUNS))
