"""Values that the two versions of YAML read differently: `010` is 8 in YAML 1.1 and 10 in YAML 1.2.

PyYAML, which we and most programs use, reads by YAML 1.1; DVC, which hashes `params.yaml` and says what has changed in
it, by YAML 1.2. A value that both understand differently would be recorded as something else than what was computed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

Place = tuple[str | int, ...]
"""Keys, and positions in lists, from the root."""


class Yaml12Loader(yaml.SafeLoader):
    """Reads plain scalars as DVC does (the library ruamel.yaml, by YAML 1.2)."""

    def read_int(self, node: yaml.ScalarNode) -> int:
        """Return an integer: 0b, 0o and 0x say the base, a leading 0 does not."""
        text = node.value.replace("_", "")
        bare = text.lstrip("+-")
        base = {"0b": 2, "0o": 8, "0x": 16}.get(bare[:2], 10)
        number = int(bare[2:] if base != 10 else bare, base)
        return -number if text.startswith("-") else number


_OF_YAML_1_1 = {f"tag:yaml.org,2002:{name}" for name in ("bool", "int", "float")}
Yaml12Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _OF_YAML_1_1]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _name, _pattern, _first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    (
        "float",
        r"^(?:[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[0-9][0-9_]*[eE][-+]?[0-9]+"
        r"|\.[0-9_]+(?:[eE][-+][0-9]+)?|\.(?:inf|Inf|INF))|\.(?:nan|NaN|NAN))$",
        "-+0123456789.",
    ),
    ("int", r"^[-+]?(?:0b[01_]+|0o?[0-7_]+|[0-9_]+|0x[0-9a-fA-F_]+)$", "-+0123456789"),
):
    Yaml12Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", re.compile(_pattern), list(_first))
Yaml12Loader.add_constructor("tag:yaml.org,2002:int", Yaml12Loader.read_int)


def read_by_yaml_12(text: str) -> Any:
    """Return what a document holds by YAML 1.2. Raises `yaml.YAMLError`."""
    return yaml.load(text, Yaml12Loader)


def differing_places(one: Any, other: Any, place: Place = ()) -> Iterator[Place]:
    """Yield the places at which two readings of a document hold different values, or values of different types."""
    if isinstance(one, dict) and isinstance(other, dict) and list(one) == list(other):
        for key in one:
            yield from differing_places(one[key], other[key], (*place, key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, pair in enumerate(zip(one, other, strict=True)):
            yield from differing_places(*pair, (*place, index))
    elif type(one) is not type(other) or one != other:
        yield place


def value_at(content: Any, place: Place) -> Any:
    """Return the value at a place, or the nearest one above it: a short form, such as `off`, has no place inside."""
    for step in place:
        try:
            content = content[step]
        except (KeyError, IndexError, TypeError):
            break
    return content
