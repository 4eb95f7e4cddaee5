"""What a log says of where a training ran, and on which code."""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path

import torch

from specimen.common.cores import available_cores
from specimen.common.memory import available_memory
from specimen.common.sizes import format_bytes


def describe_machine(device: torch.device) -> str:
    """Return processor, cores, memory and GPU, as far as the system tells, and the versions that count."""
    memory = available_memory()
    facts = [
        f"{available_cores()} cores of {_processor()}",
        "" if memory is None else f"{format_bytes(memory)} of memory free",
        torch.cuda.get_device_name(device) if device.type == "cuda" else "",
        f"torch {torch.__version__}",
        f"Python {platform.python_version()}",
        platform.platform(),
    ]
    return ", ".join(filter(None, facts))


def describe_commit() -> str:
    """Return the Git commit of the folder, with a word where files have changed since; empty without Git."""
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip().replace("-dirty", " with uncommitted changes")


def _processor() -> str:
    """Return the name of the processor; that of its kind where the system does not tell more."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
