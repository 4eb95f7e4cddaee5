"""Sizes in bytes and times in seconds, for people to read."""

UNITS = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


def format_bytes(count: float) -> str:
    """Return a size in the unit that suits it: `1.5 GB`, `20 MB`, `999 kB`, `12 bytes`."""
    for size, unit in UNITS:
        # What would be rounded up to 1000 kB is 1 MB.
        if count >= 0.9995 * size:
            value = count / size
            return f"{value:.0f} {unit}" if value >= 10 else f"{value:.2g} {unit}"
    return f"{count:.0f} bytes"


def format_seconds(seconds: float) -> str:
    """Return a time in the units that suit it: `4.2 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, left = divmod(minutes, 60)
    return f"{hours} h {left} min" if hours else f"{minutes} min {rest} s"
