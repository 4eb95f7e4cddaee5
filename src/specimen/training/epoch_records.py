"""The numbers of each epoch as JSON lines, for whoever watches a training from another process: `make sweep` does."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

RECORDS = "SPECIMEN_RECORDS"
"""Environment variable with the file that gets the lines; without it nothing is written."""


def append_epoch_record(values: Mapping[str, float], epoch: int) -> None:
    """Append the numbers of one epoch (from 1) to the file that the environment names, if it names one."""
    if path := os.environ.get(RECORDS):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"epoch": epoch, **values}) + "\n")
