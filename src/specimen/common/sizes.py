"""Sizes in bytes, for people to read."""

UNITS = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


def format_bytes(count: float) -> str:
    """Return a size in the unit that suits it: `1.5 GB`, `20 MB`, `999 kB`, `12 bytes`."""
    for size, unit in UNITS:
        # What would be rounded up to 1000 kB is 1 MB.
        if count >= 0.9995 * size:
            value = count / size
            return f"{value:.0f} {unit}" if value >= 10 else f"{value:.2g} {unit}"
    return f"{count:.0f} bytes"
