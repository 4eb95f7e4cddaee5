"""The memory of this process: what is left of it, and keeping what is freed.

Activations of a step, or photos, are freed and asked for again in the next. By default glibc hands large blocks back to
the kernel at once, and the next step pays tens of thousands of page faults to get them again, a fifth of its time.
Measured with bench/train.py; the results are the same bytes either way.
"""

import contextlib
import ctypes
import platform
from functools import cache
from pathlib import Path

from specimen.common.sizes import format_bytes

# mallopt's names for its parameters, from malloc.h of glibc.
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD, M_MMAP_MAX = -1, -2, -3, -4
FOREVER = 2**31 - 1
TOP_PAD = 64 * 2**20
"""Bytes asked of the kernel at a time."""
LARGE = 4 * 2**20
"""Bytes of a block that a server returns at once."""


def keep_freed_memory() -> None:
    """Tell glibc to serve large blocks from its heap and never to shrink that; elsewhere do nothing."""
    if (glibc := _glibc()) is not None:
        glibc.mallopt(M_MMAP_MAX, 0)
        glibc.mallopt(M_TRIM_THRESHOLD, FOREVER)
        glibc.mallopt(M_TOP_PAD, TOP_PAD)


def return_freed_memory() -> None:
    """Tell glibc to hand large blocks back to the kernel as soon as they are freed; elsewhere do nothing.

    By default it keeps those that are smaller than the largest one freed so far, up to 32 MB: after some images, 50 to
    400 MB that nobody uses.
    """
    if (glibc := _glibc()) is not None:
        glibc.mallopt(M_MMAP_THRESHOLD, LARGE)


def trim_freed_memory() -> None:
    """Hand what is freed back to the kernel once, also from between blocks that are in use; elsewhere do nothing.

    Files and pictures of many sizes leave holes that the next ones do not fit into: 40 kB for each photo that prepare
    decodes, 900 MB after 20,000 of them.
    """
    if (glibc := _glibc()) is not None:
        glibc.malloc_trim(0)


@cache
def _glibc() -> ctypes.CDLL | None:
    with contextlib.suppress(OSError):
        return ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None
    return None


def require_memory(needed: int, what: str) -> None:
    """Raise `MemoryError` if this process cannot get so many bytes; `what` they are for goes into the message."""
    try:
        bytearray(needed)  # filled by the kernel when it is written to, which never happens
    except MemoryError:
        raise MemoryError(no_memory_message(needed, what)) from None


def no_memory_message(needed: int, what: str) -> str:
    """Return the message that so many bytes are not there."""
    left = available_memory()
    free = "" if left is None else f", {format_bytes(left)} are available"
    return f"not enough memory for {what}: it takes about {format_bytes(needed)}{free}"


def available_memory() -> int | None:
    """Return the bytes that this process may still get, None where that is not known: on other systems than Linux."""
    try:
        facts = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines())
        left = int(facts["MemAvailable"].split()[0]) * 1024
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        import resource  # noqa: PLC0415 - not on Windows

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    except (OSError, KeyError, ValueError, ImportError):
        return None
    return left if limit == resource.RLIM_INFINITY else max(0, min(left, limit - pages * resource.getpagesize()))
