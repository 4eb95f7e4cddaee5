"""How many processor cores this process may use."""

import os


def available_cores() -> int:
    """Return the number of cores, at least 1: those that the process is limited to, where the system has such limits.

    In a container or under `taskset` these are fewer than `os.cpu_count` reports, and a thread for each core of the
    machine would only get in the way of the others.
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
