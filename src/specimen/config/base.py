"""Reading `params.yaml`: typed once at the door, frozen, ranges checked, unknown keys refused.

A stage reads the sections that it lists in `dvc.yaml`, by `load_section`; the whole file is known to `params.py` alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from specimen.common.errors import SpecimenError, accepted_hint
from specimen.common.yaml_versions import differing_places, read_by_yaml_12, value_at

PARAMS_FILE = Path("params.yaml")

Fraction = Annotated[float, Field(ge=0, lt=1)]
Share = Annotated[float, Field(gt=0, lt=1)]
Probability = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[int, Field(ge=1)]
PositiveFloat = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
TaskName = Literal["regression", "classification"]
Resize = Literal["pad", "crop", "stretch"]
WITHOUT_PICTURES = ("none", "forest")
"""What `train.backbone` may be besides a network that looks at pictures: these learn from the features alone."""


class Section(BaseModel):
    """A section of `params.yaml`: read once, never changed, no key but the known ones."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)


S = TypeVar("S", bound=Section)


def load_section(name: str, kind: type[S], path: Path = PARAMS_FILE) -> S:
    """Read and check one section of a params file; one that is not there has its defaults.

    Raises `SpecimenError` that lists every fault with its key.
    """
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise SpecimenError(f"{path}: expected sections such as {name}, found {content!r}.")
    section = check(kind, content.get(name, {}), str(path), name)
    require_one_reading(section, path, name)
    return section


def read_yaml(path: Path = PARAMS_FILE) -> Any:
    """Return what a params file holds, unchecked. Raises `SpecimenError` where it cannot be read."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SpecimenError(f"{path} not found; run from the root of the repository.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SpecimenError(f"{path} is not valid YAML: {error}") from error


def require_one_reading(checked: Section, path: Path, *prefix: str) -> None:
    """Raise `SpecimenError` where DVC, which reads by another version of YAML, reads something else than was checked.

    `prefix` are the keys above the section. See `yaml_versions`.
    """
    ours = read_yaml(path)
    dvcs = read_by_yaml_12(path.read_text(encoding="utf-8"))
    for key in prefix:
        ours, dvcs = (content.get(key, {}) for content in (ours, dvcs))
    places = list(differing_places(ours, dvcs))
    if not places:
        return
    try:
        other = type(checked).model_validate(dvcs)
    except ValidationError:
        faults = places
    else:  # `1e-3` is a text to one of them, but the same number to the section
        one, two = checked.model_dump(), other.model_dump()
        faults = [place for place in places if value_at(one, place) != value_at(two, place)]
    if faults:
        lines = (
            f"  {'.'.join(map(str, (*prefix, *place)))}: read as {value_at(ours, place)!r} by YAML 1.1, but as "
            f"{value_at(dvcs, place)!r} by YAML 1.2, as DVC does. Write the one that you mean, a text in quotes."
            for place in faults
        )
        raise SpecimenError(f"{path}:\n" + "\n".join(lines))


def check(kind: type[S], content: object, where: str, *prefix: str) -> S:
    """Check plain values against a section; `prefix` are the keys above it, `where` the file, for messages.

    Raises `SpecimenError` that lists every fault with its key.
    """
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        faults = "\n".join(f"  {_describe(dict(fault), kind, prefix)}" for fault in error.errors())
        raise SpecimenError(f"{where}:\n{faults}") from None


_PLAIN = {
    "tuple_type": "Input should be a list, such as [a, b]",
    "model_type": "Input should be keys and values; to keep the defaults, leave the section out",
    "invalid_key": "Keys should be text",
}
"""What pydantic says in the words of Python, in the words of YAML."""


def _describe(fault: dict[str, Any], kind: type[BaseModel], prefix: tuple[str, ...]) -> str:
    """Turn one pydantic fault into `key: what is wrong, what is accepted`."""
    location = [str(key) for key in fault["loc"]]
    path = [*prefix, *location]
    key = ".".join(path) or "params"
    if fault["type"] == "extra_forbidden":
        return f"{key}: unknown key. {accepted_hint(location[-1], _known_keys(kind, location[:-1]))}"
    if fault["type"] == "missing":
        return f"{key}: missing."
    message = _PLAIN.get(fault["type"], str(fault["msg"]).removeprefix("Value error, "))
    if fault["type"] == "string_type" and isinstance(fault["input"], bool):
        message = "YAML takes yes, no, on and off for true and false; put a text in quotes"
    return f"{key}: {message}, got {fault['input']!r}." if path[1:] else f"{key}: {message}."


def _known_keys(section: type[BaseModel], location: list[str]) -> list[str]:
    """Return the keys that are known at a location below a section."""
    for key in location:
        section = section.model_fields[key].annotation  # type: ignore[assignment]
    return list(section.model_fields)
