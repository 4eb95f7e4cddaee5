"""Proposed values put into params.yaml: what belonged to other data goes, and what is left must be able to run."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from specimen.common import sample_stage
from specimen.common.errors import SpecimenError
from specimen.config.base import PARAMS_FILE, WITHOUT_PICTURES
from specimen.config.data import Data
from specimen.config.params import Params, check_params
from specimen.config.params_edit import edit_params
from specimen.data.preparation.raw_dataset import read_raw_dataset
from specimen.data.preparation.samples import foresee_samples
from specimen.data.proposal.reasons import Reason, values_of

KEPT = frozenset({"decimal", "missing"})
"""Params of `data` that say how people write, whatever the data are."""
NEEDED: dict[str, dict[str, Any]] = {
    "split": {"seed": 1, "val": 0.15, "test": 0.15},
    "train": {"launcher": "python", "backbone": "resnet18", "weights": "none", "epochs": 10},
    "export": {"samples": 64},
}
"""What `dvc.yaml` asks for by name, or as a section that must be there, in a params file that begins empty."""
SEEDS = 100
NETWORK = "resnet18"


@dataclass(frozen=True)
class NewParams:
    """A params file with proposed values."""

    text: str
    reasons: list[Reason]
    """For what follows from the proposal, or stands against it."""


def complete(before: str, reasons: list[Reason]) -> NewParams:
    """Return the params file with the proposed values. Raises `SpecimenError` where it is not valid."""
    present = yaml.safe_load(before) or {}
    values = values_of(reasons)
    changes = _stale(present, values) | values
    changes["data"] = dict.fromkeys(Data.model_fields.keys() - values["data"].keys() - KEPT) | values["data"]
    known = present.get("data") or {}
    if values["data"].get("unit") is None and known.get("target") == values["data"]["target"]:
        changes["data"]["unit"] = known.get("unit")
    changes["train"] = _of_other_data(present.get("train") or {}, values) | values.get("train", {})
    needed = {name: keys for name, keys in NEEDED.items() if name not in present}
    text = edit_params(edit_params(before, needed), changes)
    params = check_params(yaml.safe_load(text), f"the proposed {PARAMS_FILE}")
    seed = _find_seed(params)
    return NewParams(edit_params(text, {"split": {"seed": seed.value}}), [seed] if seed.doubt else [])


def starts_from_weights(before: str) -> bool:
    """Tell whether a params file names weights to start from."""
    train = (yaml.safe_load(before) or {}).get("train") or {}
    return str(train.get("weights", "none")) != "none"


def _stale(present: dict[str, Any], values: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the params of other sections that name columns, or belong to the embedded sample."""
    stale: dict[str, Any] = {"evaluate": {"by": None} | values.get("evaluate", {})}
    values.pop("evaluate", None)
    if "sample" in present and Path(values["data"]["root"]) != sample_stage.OUTPUT:
        stale["sample"] = None
    return stale


def _of_other_data(train: dict[str, Any], values: dict[str, dict[str, Any]]) -> dict[str, Any]:
    changes: dict[str, Any] = {"features": None}
    if train.get("backbone") in WITHOUT_PICTURES and "backbone" not in values.get("train", {}):
        changes["backbone"] = NETWORK
    if values["data"]["task"] == "regression":
        changes["augment"] = {"mixup": None, "cutmix": None}
    return changes


def _find_seed(params: Params) -> Reason:
    """Return the first seed with which each split and class has something to learn from; today's, if it will do."""
    today = params.split.seed
    try:
        raw = read_raw_dataset(params.data, params.prepare.rules)
    except SpecimenError as error:
        return Reason("split.seed", today, f"the run will stop: {error}", doubt=True)
    fault = ""
    for seed in (today, *range(SEEDS)):
        split = params.split.model_copy(update={"seed": seed})
        try:
            foresee_samples(raw, params.data, params.prepare, split)
        except SpecimenError as error:
            fault = fault or str(error)
            continue
        if seed == today:
            return Reason("split.seed", seed, "each split has samples")
        return Reason("split.seed", seed, f"with {today}: {fault}", doubt=True)
    with suppress(IndexError):
        fault = fault.splitlines()[0]
    return Reason("split.seed", today, f"the run will stop, whatever the seed: {fault}", doubt=True)
