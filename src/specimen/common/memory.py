"""Keep freed memory in the process: activations of a step, or photos, are freed and asked for again in the next.

By default glibc hands large blocks back to the kernel at once, and the next step pays tens of thousands of page faults
to get them again, a fifth of its time. Measured with bench/train.py; the results are the same bytes either way.
"""

import contextlib
import ctypes
import platform

# mallopt's names for its parameters, from malloc.h of glibc.
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
FOREVER = 2**31 - 1
TOP_PAD = 64 * 2**20
"""Bytes asked of the kernel at a time."""


def keep_freed_memory() -> None:
    """Tell glibc to serve large blocks from its heap and never to shrink that; elsewhere do nothing."""
    if platform.libc_ver()[0] != "glibc":
        return
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, FOREVER)
        mallopt(M_TOP_PAD, TOP_PAD)
