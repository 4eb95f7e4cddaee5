"""JSON and YAML from a revision or from DVC; what cannot be read is an error that names where it came from."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import yaml

from specimen.versioning.errors import NotAvailableError, first_line


def parse_json(content: bytes, source: str) -> dict[str, Any]:
    """Return a JSON object. Raises `NotAvailableError` that names its source."""
    return _parse_mapping(json.loads, content, source)


def parse_yaml(content: bytes, source: str) -> dict[str, Any]:
    """Return a YAML mapping. Raises `NotAvailableError` that names its source."""
    return _parse_mapping(_load_yaml, content, source)


def _parse_mapping(parse: Callable[[str], Any], content: bytes, source: str) -> dict[str, Any]:
    try:
        parsed = parse(content.decode("utf-8"))
    except (ValueError, yaml.YAMLError) as error:
        raise NotAvailableError(f"{source} cannot be read: {first_line(error)}") from error
    if not isinstance(parsed, dict):
        raise NotAvailableError(f"{source} has no keys")
    return parsed


def _load_yaml(text: str) -> Any:
    return yaml.load(text, yaml.CSafeLoader)  # a lock file takes a tenth of the time in C
