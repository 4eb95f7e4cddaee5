"""Whether a bucket is connected: what the default remote of DVC's config points to."""

from __future__ import annotations

from pathlib import Path

CONFIG = Path(".dvc/config")
REMOTE = "storage"
PLACEHOLDER = "s3://your-bucket/specimen"
"""What a copy of this repository points to until `make connect` has been run."""
NOT_CONNECTED = "no bucket is connected yet; `make connect` does it"


def has_bucket(root: Path) -> bool:
    """Tell whether DVC's default remote, in all its configs, is another one than that of a fresh copy."""
    from dvc.config import Config  # noqa: PLC0415 - half a second

    config = Config(str(root / CONFIG.parent))
    name = config.get("core", {}).get("remote", "")
    return bool(config.get("remote", {}).get(name, {}).get("url", PLACEHOLDER) != PLACEHOLDER)
