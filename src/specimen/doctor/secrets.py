"""Secrets that a message of another program could quote, kept out of what is shown."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from specimen.common.errors import SpecimenError
from specimen.doctor.place import read_dvc_config

HIDDEN = "***"
FEWEST_LETTERS = 6
"""A shorter text is no secret, and would be found inside of words."""
_NAMES = re.compile(
    r"secret|token|password|passphrase|credential_?s?$|sas|connection_string|account_key", re.IGNORECASE
)
_IN_ADDRESS = re.compile(r"(?<=://)[^/@\s]+@")


def known_secrets(root: Path) -> frozenset[str]:
    """Return the values of the environment and of DVC's config whose names say that they are secret."""
    named = [*os.environ.items()]
    with suppress(SpecimenError):
        named += _leaves(read_dvc_config(root))
    return frozenset(value for name, value in named if _NAMES.search(name) and len(value) >= FEWEST_LETTERS)


def without(secrets: Collection[str], text: str) -> str:
    """Return a text with neither the secrets nor the user and password of an address."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return _IN_ADDRESS.sub(f"{HIDDEN}@", text)


def _leaves(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in config.items():
        if isinstance(value, Mapping):
            yield from _leaves(value)
        elif isinstance(value, str):
            yield name, value
