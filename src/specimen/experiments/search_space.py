"""What a sweep searches: `train.lr=1e-4..1e-2:log`, `train.epochs=5..20` or `train.loss=mse,huber`."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from specimen.common.errors import SpecimenError
from specimen.config.base import PARAMS_FILE
from specimen.config.params import Params, check_params

if TYPE_CHECKING:
    from optuna import Trial

SECTIONS = ("prepare", "train")
"""What may be searched. Another split or other data would change what val measures."""
HOW = "Write KEY=LOW..HIGH, KEY=LOW..HIGH:log or KEY=A,B,C, such as train.lr=1e-4..1e-2:log."


@dataclass(frozen=True)
class Range:
    """All numbers from low to high, whole ones where both ends are whole."""

    low: float
    high: float
    log: bool

    def suggest(self, trial: Trial, key: str) -> float:
        """Let a trial choose."""
        if isinstance(self.low, int) and isinstance(self.high, int):
            return int(trial.suggest_int(key, self.low, self.high, log=self.log))
        return float(trial.suggest_float(key, self.low, self.high, log=self.log))

    def examples(self) -> list[Any]:
        """Return values at the ends, to be checked before a sweep begins."""
        return [self.low, self.high]


@dataclass(frozen=True)
class Choice:
    """One of some values."""

    values: tuple[Any, ...]

    def suggest(self, trial: Trial, key: str) -> Any:
        """Let a trial choose."""
        return trial.suggest_categorical(key, self.values)

    def examples(self) -> list[Any]:
        """Return all values."""
        return list(self.values)


Space = dict[str, Range | Choice]


def read_space(texts: list[str]) -> Space:
    """Read what to search, one text for each param. Raises `SpecimenError` for one that names nothing to search."""
    space: Space = {}
    for text in texts:
        key, _, values = text.partition("=")
        if key.split(".")[0] not in SECTIONS or not values:
            raise SpecimenError(f"sweep: cannot search '{text}'. {HOW} Sections: {', '.join(SECTIONS)}.")
        space[key] = _range(text, values) if ".." in values else _choice(values)
    return space


def _range(text: str, values: str) -> Range:
    bounds, _, scale = values.partition(":")
    try:
        low, high = (_number(bound) for bound in bounds.split(".."))
    except ValueError:
        raise SpecimenError(f"sweep: '{text}' does not have two numbers as ends. {HOW}") from None
    if scale not in ("", "log") or low >= high or (scale and low <= 0):
        raise SpecimenError(f"sweep: '{text}': the low end must be below the high end, and above 0 for log. {HOW}")
    return Range(low, high, scale == "log")


def _number(text: str) -> float:
    try:
        return int(text)
    except ValueError:
        return float(text)


def _choice(values: str) -> Choice:
    return Choice(tuple(_plain(value) for value in values.split(",")))


def _plain(text: str) -> Any:
    try:
        return _number(text)
    except ValueError:
        return yaml.safe_load(text)


def check_space(space: Space, path: Path = PARAMS_FILE) -> Params:
    """Check the ends and choices against what params accept, and return the params as they are.

    Raises `SpecimenError` as `load_params` does: better now than in the tenth trial.
    """
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    for key, dimension in space.items():
        for value in dimension.examples():
            check_params(_with_value(content, key, value), f"sweep: {key} = {value}")
    return check_params(content, str(path))


def _with_value(content: dict[str, Any], key: str, value: object) -> dict[str, Any]:
    """Return a copy of params with one value changed; `key` joins the names of sections by dots."""
    changed = copy.deepcopy(content)
    section = changed
    *sections, name = key.split(".")
    for outer in sections:
        section = section.setdefault(outer, {})
    section[name] = value
    return changed
