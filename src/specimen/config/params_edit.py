"""Change values of params.yaml in place: comments, order and the way that values are written stay.

Keys are taken out and put in as lines of text, because a YAML library keeps a comment with the key above it.
"""

from __future__ import annotations

import difflib
import io
from collections.abc import Iterator, Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.representer import RoundTripRepresenter

WIDTH = 120
LONGEST = 90
"""Letters of a list on one line."""
INDENT = 2
Changes = Mapping[str, Any]
"""New values by key, and below a key that holds keys likewise; None takes a key out."""
_Path = tuple[str, ...]


class _Null:
    """The type of `NULL`."""


NULL = _Null()
"""A value that is written as `null`, where None takes the key out."""


class _Representer(RoundTripRepresenter):
    """Writes `null` in letters; else it would be an empty place, which looks forgotten."""


_Representer.add_representer(type(None), lambda self, _: self.represent_scalar("tag:yaml.org,2002:null", "null"))


def edit_params(text: str, changes: Changes) -> str:
    """Return a params file with other values. A mapping is changed key by key, anything else is replaced."""
    # What goes comes last, so that a key whose only entry is exchanged stays where it is.
    for path, value in sorted(_leaves(changes), key=lambda leaf: leaf[1] is None):
        text = _take_out(text, path) if value is None else _put(text, path, None if value is NULL else value)
    return text


def difference(before: str, after: str, old: str, new: str) -> str:
    """Return the unified diff of two texts, empty where they are equal."""
    return "\n".join(difflib.unified_diff(before.splitlines(), after.splitlines(), old, new, lineterm="", n=1))


def _leaves(changes: Changes, above: _Path = ()) -> Iterator[tuple[_Path, Any]]:
    for key, value in changes.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*above, key))
        else:
            yield (*above, key), value


def _yaml() -> YAML:
    yaml = YAML()
    yaml.Representer = _Representer
    yaml.width = WIDTH
    yaml.indent(mapping=INDENT, sequence=2 * INDENT, offset=INDENT)
    yaml.preserve_quotes = True
    return yaml


def _find(content: CommentedMap, path: _Path) -> Any:
    """Return what is at a path, None where it is not there."""
    for key in path:
        if not isinstance(content, CommentedMap) or key not in content:
            return None
        content = content[key]
    return content


def _take_out(text: str, path: _Path) -> str:
    """Take a key out, and with it the keys above that would hold nothing any more."""
    content = _yaml().load(text) or CommentedMap()
    holder = _find(content, path[:-1])
    if not isinstance(holder, CommentedMap) or path[-1] not in holder:
        return text
    if len(holder) == 1 and len(path) > 1:
        return _take_out(text, path[:-1])
    lines = text.splitlines()
    row, column = holder.lc.key(path[-1])
    if lines[row][:column].strip():  # between braces
        del holder[path[-1]]
        return _dumped(content)
    end = _end(lines, row)
    while len(path) == 1 and end < len(lines) and not lines[end].strip():  # the gap to the next section
        end += 1
    return "\n".join([*lines[:row], *lines[end:]]) + "\n"


def _put(text: str, path: _Path, value: Any) -> str:
    """Set a key, which comes after those of its section where it is new."""
    content = _yaml().load(text) or CommentedMap()
    holder = _find(content, path[:-1])
    if isinstance(holder, CommentedMap) and (path[-1] in holder or holder.fa.flow_style()):
        if path[-1] in holder and holder[path[-1]] == value:
            return text
        return _replace(text, content, holder, path[-1], value)
    if isinstance(holder, CommentedMap) and holder:
        lines = text.splitlines()
        row, column = max(holder.lc.key(key) for key in holder)
        row = _end(lines, row)
        return "\n".join([*lines[:row], *_lines(column, path[-1], value), *lines[row:]]) + "\n"
    if len(path) == 1:
        return f"{text.rstrip()}\n\n{path[0]}: {_flow(value)}\n".lstrip()
    if len(path) == 2:
        return f"{text.rstrip()}\n\n{path[0]}:\n{' ' * INDENT}{path[1]}: {_flow(value)}\n".lstrip()
    return _put(text, path[:-1], {path[-1]: value})


def _replace(text: str, content: CommentedMap, holder: CommentedMap, key: str, value: Any) -> str:
    """Give a key another value; one that takes several lines becomes one line."""
    if key in holder:
        lines = text.splitlines()
        row, column = holder.lc.key(key)
        end = _end(lines, row)
        if end - row > 1 and not lines[row][:column].strip():
            return "\n".join([*lines[:row], *_lines(column, key, value), *lines[end:]]) + "\n"
    holder[key] = _written(value)
    return _dumped(content)


def _end(lines: list[str], row: int) -> int:
    """Return the row after a key and what is below it."""
    indent = _indent(lines[row])
    end = row + 1
    while end < len(lines) and lines[end].strip() and _is_below(lines[end], indent):
        end += 1
    return end


def _is_below(line: str, indent: int) -> bool:
    return _indent(line) > indent or (_indent(line) == indent and line.lstrip().startswith("- "))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _written(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        written = CommentedSeq(value)
        if len(_flow(value)) <= LONGEST:
            written.fa.set_flow_style()
        return written
    return value


def _lines(column: int, key: str, value: Any) -> list[str]:
    """Return a key and its value: on one line, or a long list with a line for each entry."""
    indent = " " * column
    if isinstance(value, (list, tuple)) and len(_flow(value)) > LONGEST:
        return [f"{indent}{key}:", *(f"{indent}{' ' * INDENT}- {_flow(entry)}" for entry in value)]
    return [f"{indent}{key}: {_flow(value)}"]


def _flow(value: Any) -> str:
    """Return a value on one line."""
    yaml = _yaml()
    yaml.width = 10**6
    yaml.default_flow_style = True
    out = io.StringIO()
    yaml.dump({"key": value}, out)
    return out.getvalue().strip().removeprefix("{key: ").removesuffix("}")


def _dumped(content: CommentedMap) -> str:
    out = io.StringIO()
    _yaml().dump(content, out)
    return out.getvalue()
