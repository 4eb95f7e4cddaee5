"""The machine: versions, threads, precision, GPU, disk."""

from __future__ import annotations

import platform
import re
import shutil
import sys
from importlib import metadata
from pathlib import Path

from specimen.common.cores import available_cores
from specimen.common.sizes import format_bytes
from specimen.doctor.findings import Finding, fault, ok, warning
from specimen.doctor.place import Place

PYTHONS = ((3, 11), (3, 14))
"""The first and the last version that Specimen runs on."""
PINS = Path("requirements/dev.txt")
SCARCE = 5 * 10**9
"""Bytes free on a disk below which a few runs fill it."""
NONE_LEFT = 5 * 10**8
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+) *\\?$", re.MULTILINE)
_CPU_LIMIT = Path("/sys/fs/cgroup/cpu.max")


def check_python(place: Place) -> Finding:
    """Is it a version that Specimen runs on?"""
    version = platform.python_version()
    first, last = PYTHONS
    if first <= sys.version_info[:2] <= last:
        return ok(f"Python {version} in {sys.prefix}")
    accepted = f"{'.'.join(map(str, first))} to {'.'.join(map(str, last))}"
    return fault(f"Python {version}, but Specimen needs {accepted}", "`make clean env PYTHON=python3.14`")


def check_packages(place: Place) -> Finding | None:
    """Are the packages those that are pinned? Pins for some systems or versions of Python only do not count."""
    path = place.root / PINS
    if not path.is_file():
        return None
    pins = _PIN.findall(path.read_text(encoding="utf-8"))
    other = [f"{name} {found or 'missing'} ({pin})" for name, pin in pins if (found := _version(name)) != pin]
    if not other:
        return ok(f"{len(pins)} packages, as pinned in {PINS}")
    shown = ", ".join(other[:3]) + (", ..." if len(other) > 3 else "")
    return warning(f"{len(other)} of {len(pins)} packages are not those pinned in {PINS}: {shown}", "`make env`")


def check_torch(place: Place) -> Finding:
    """Do torch and torchvision fit each other?"""
    try:
        import torch  # noqa: PLC0415 - a second, and it may be what is broken
        import torchvision  # noqa: PLC0415
    except Exception as error:  # an operator that is missing is a RuntimeError
        return fault(f"torch or torchvision cannot be imported: {error}", "`make clean env`; both must be of one build")
    return ok(f"torch {torch.__version__}, torchvision {torchvision.__version__}")


def check_threads(place: Place) -> Finding:
    """Does training use as many threads as it has cores?"""
    cores = available_cores()
    allowed = min(cores, _allowed_cores() or cores)
    threads = (place.params.train.threads if place.params else None) or cores
    if threads < allowed + 1:
        return ok(f"{threads} threads on {cores} cores")
    limit = "" if allowed == cores else f", of which this container may use the time of {allowed:g}"
    way_out = f"Set train.threads: {max(1, int(allowed))}, and keep it: another number gives other bytes."
    return warning(f"{threads} threads on {cores} cores{limit}", way_out)


def check_precision(place: Place) -> Finding:
    """Does the hardware have the precision that params ask for?"""
    import torch  # noqa: PLC0415

    from specimen.models.device import pick_device, pick_precision  # noqa: PLC0415

    device = pick_device("auto")
    native = pick_precision("auto", device) == torch.bfloat16
    if place.params and place.params.train.precision == "bf16" and not native:
        return warning("train.precision: bf16, which this machine only imitates, slowly", "Set train.precision: auto.")
    return ok(f"bf16 on {device.type}" if native else f"fp32: no native bf16 on {device.type}")


def check_gpu(place: Place) -> Finding:
    """Is the GPU that there is, or that params ask for, one that torch can use?"""
    import torch  # noqa: PLC0415

    wanted = place.params.train.device if place.params else "auto"
    if torch.cuda.is_available():
        names = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
        free, total = torch.cuda.mem_get_info()
        return ok(f"{', '.join(names)}; {format_bytes(free)} of {format_bytes(total)} free")
    if torch.backends.mps.is_available():
        return ok("Apple GPU (mps)")
    if wanted in ("cuda", "mps"):
        return fault(f"train.device: {wanted}, which torch does not find here", "Set train.device: auto.")
    if shutil.which("nvidia-smi"):
        way_out = "`nvidia-smi` says which driver there is; torch needs one as new as its CUDA, or another build."
        return warning("there is a driver of NVIDIA, but torch cannot use it", way_out)
    return ok("none; training runs on the CPU")


def check_disk(place: Place) -> Finding:
    """Is there room for what a run writes?"""
    free = shutil.disk_usage(place.root).free
    what = f"{format_bytes(free)} free"
    way_out = "Free some space; `dvc gc --workspace` removes from DVC's cache what no commit here uses any more."
    if free < NONE_LEFT:
        return fault(what, way_out)
    return warning(what, way_out) if free < SCARCE else ok(what)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name).partition("+")[0]  # a build for one kind of CUDA is the same version
    except metadata.PackageNotFoundError:
        return None


def _allowed_cores() -> float | None:
    """Return how many cores' time a container may use, by the limit of Linux (cgroup v2); None without a limit."""
    try:
        quota, period = _CPU_LIMIT.read_text(encoding="utf-8").split()
        return int(quota) / int(period)
    except (OSError, ValueError):  # `max`: no limit
        return None


CHECKS = {
    "Python": check_python,
    "packages": check_packages,
    "torch": check_torch,
    "threads": check_threads,
    "precision": check_precision,
    "GPU": check_gpu,
    "disk": check_disk,
}
