"""Commands of DVC, and what they say."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml


def fault_in(output: list[str]) -> str:
    """Return what a program that has failed says of it: its first line that begins with `error`, else its last."""
    faults = [line for line in output if line.lower().startswith("error")] or output[-1:] or ["no output"]
    return faults[0]


class NotAvailableError(Exception):
    """Something that a report wants to show is not there; the message says why, and what to do."""


def run_dvc(root: Path, *arguments: str) -> str:
    """Return what a DVC command printed. Raises `MissingError` with the first line of its error."""
    command = [sys.executable, "-m", "dvc", *arguments]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode:
        lines = [line.removeprefix("ERROR: ") for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
        reason = lines[0] if lines else f"exit status {done.returncode}"
        raise NotAvailableError(f"`dvc {' '.join(arguments[:2])}` did not work: {reason}")
    return done.stdout


def dvc_json(root: Path, *arguments: str) -> dict[str, Any]:
    """Return the JSON that a DVC command prints. Raises `MissingError`."""
    return _mapping(json.loads, run_dvc(root, *arguments, "--json").encode(), f"dvc {arguments[0]}", "DVC")


def _mapping(parse: Any, content: bytes, path: str, label: str) -> dict[str, Any]:
    try:
        parsed = parse(content.decode("utf-8"))
    except (ValueError, yaml.YAMLError) as error:
        raise NotAvailableError(f"{path} of {label} cannot be read: {_first_line(error)}") from error
    if not isinstance(parsed, dict):
        raise NotAvailableError(f"{path} of {label} holds no keys")
    return parsed


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0] or type(error).__name__
