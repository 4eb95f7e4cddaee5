"""Work that a Ray cluster shares, where the environment names one; else the threads of this machine do it.

Files are read here and sent, so that no other machine needs the data. What is done there depends on what is sent alone:
so Ray may do it again elsewhere when a machine is lost, and the results are those of one machine.
"""

from __future__ import annotations

import os
import socket
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from specimen.common.errors import SpecimenError, missing_extra
from specimen.common.prefetch import prefetch_map

ADDRESS = "SPECIMEN_RAY"
"""Environment variable with the address of a cluster: `auto` on one of its machines."""
AHEAD = 2
"""Items under way for each core of the cluster: one at work, one waiting."""
KNOCK_SECONDS = 10.0
LIBRARIES = ("numpy", "pandas", "pillow", "pillow-heif", "torch", "torchvision", "timm", "onnxruntime", "scikit-learn")
PACKAGE = Path(__file__).parents[1]

Item = TypeVar("Item")
Sent = TypeVar("Sent")
Result = TypeVar("Result")


def on_ray() -> bool:
    """Tell whether the environment names a cluster."""
    return bool(os.environ.get(ADDRESS))


def shared_map(read: Callable[[Item], Sent], work: Callable[[Sent], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Yield `work(read(item))` in order, `read` in threads here and `work` there. `work` and what it takes are sent.

    Raises what `work` raises, and `SpecimenError` where the cluster cannot be reached.
    """
    if not on_ray():
        return prefetch_map(lambda item: work(read(item)), items)
    return _map_on_ray(work, prefetch_map(read, items))


def _map_on_ray(work: Callable[[Sent], Result], items: Iterable[Sent]) -> Iterator[Result]:
    ray = _connect()
    kept = ray.put((work, _versions()))  # once, and not with each item: there may be a model in it
    task = ray.remote(num_cpus=1, max_retries=-1)(_call)
    ahead = max(2, AHEAD * int(ray.cluster_resources().get("CPU", 1)))
    pending: deque[Any] = deque()
    try:
        for item in items:
            pending.append(task.remote(kept, item))
            if len(pending) >= ahead:
                yield _result(ray, pending.popleft())
        while pending:
            yield _result(ray, pending.popleft())
    finally:
        for left in pending:
            ray.cancel(left)


def _call(kept: tuple[Callable[[Sent], Result], Mapping[str, str]], item: Sent) -> Result:
    """Work on one item, on a machine of the cluster. Raises `SpecimenError` where that would give other results."""
    work, versions = kept
    for name, here in _versions().items():
        if here != versions[name]:
            raise SpecimenError(
                f"{ADDRESS}: {name} is {here} on {socket.gethostname()}, and {versions[name]} where the results go. "
                "Install the same versions on all machines."
            )
    return work(item)


@cache
def _versions() -> Mapping[str, str]:
    """Return the versions of what decodes and predicts."""
    found = {"Python": ".".join(map(str, sys.version_info[:2]))}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _result(ray: ModuleType, reference: Any) -> Any:
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None


def _connect() -> ModuleType:
    """Return Ray, connected to the cluster; its machines get this package from here, and need its dependencies."""
    try:
        ray = import_module("ray")  # an extra
    except ModuleNotFoundError:
        raise SpecimenError(missing_extra(f"{ADDRESS}={os.environ[ADDRESS]}", "ray")) from None
    if not ray.is_initialized():
        address = os.environ[ADDRESS]
        modules = {"py_modules": [str(PACKAGE)], "excludes": ["**/__pycache__/**"]}
        try:
            _knock(address)
            ray.init(address, runtime_env=modules, log_to_driver=False, logging_level="ERROR")
        except (OSError, ValueError, RuntimeError) as error:  # OSError: ConnectionError as well
            raise SpecimenError(f"{ADDRESS}: no cluster at '{address}': {error}") from error
    return ray


def _knock(address: str) -> None:
    """Raise `OSError` where nobody listens: Ray itself waits for minutes."""
    host, colon, port = address.rpartition(":")
    if colon and port.isdecimal() and "/" not in host:
        socket.create_connection((host, int(port)), KNOCK_SECONDS).close()
