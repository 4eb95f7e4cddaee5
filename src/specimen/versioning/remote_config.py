"""Whether a bucket is connected: what the default remote of DVC's config points to."""

from __future__ import annotations

from pathlib import Path

CONFIG = Path(".dvc/config")
REMOTE = "storage"
PLACEHOLDER = "s3://your-bucket/specimen"
"""What a copy of this repository points to until `make connect` has been run."""
NOT_CONNECTED = "no bucket is connected yet; `make connect` does it"


def is_unconnected(root: Path) -> bool:
    """Tell whether the default remote, in all of DVC's configs together, is still that of a fresh copy."""
    from dvc.config import Config, ConfigError  # noqa: PLC0415 - half a second

    try:
        config = Config(str(root / CONFIG.parent))
    except ConfigError:
        return False  # DVC itself says what is wrong with it
    name = config.get("core", {}).get("remote", "")
    return bool(config.get("remote", {}).get(name, {}).get("url") == PLACEHOLDER)
