"""The prepared data: groups, rejected rows, twins across groups, and splits large enough to decide by."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from specimen.data.dataset.store import Store
from specimen.doctor.findings import Finding, fault, ok, warning
from specimen.doctor.place import Place
from specimen.evaluation.exchange_test import FEWEST_GROUPS
from specimen.models.metric_registry import METRICS
from specimen.models.predictions import read_predictions
from specimen.reporting.expected_power import expected_power, single_model
from specimen.reporting.sections.verdict import round_count, size_of_change
from specimen.reporting.verdict import default_metric

PREPARED = Path("data/prepared")
PREDICTIONS = Path("plots/predictions.csv")
MOST_REJECTED = 0.1
"""Share of rejected rows from which on it may be the params and not the rows that are wrong."""
LARGE = 2
"""A test split that finds no change below so many times what `make power` aims at is small."""
ALIKE = 0.9
"""Correlation of the errors of two models that differ in a param or two."""
FIND = "`git checkout . && dvc checkout`, `dvc pull` or `dvc repro` bring them."


def check_prepared(place: Place) -> Finding:
    """Are there prepared data to look at?"""
    store = _store(place)
    if store is None:
        return warning(f"no {PREPARED}, so the data are not examined", FIND)
    counts = store.meta.counts
    splits = ", ".join(f"{name} {count:,}" for name, count in counts.split.items())
    return ok(f"{counts.kept:,} samples in {counts.groups:,} groups: {splits}")


def check_groups(place: Place) -> Finding | None:
    """Do the params say which photos show one object?"""
    if place.params is None or place.params.data.image_column is None:
        return None
    data = place.params.data
    if data.split_folders or data.split_column:
        given = "folders" if data.split_folders else f"column '{data.split_column}'"
        return ok(f"the split is given by the {given}")
    if not data.group and data.group_pattern is None:
        way_out = (
            "If some photos show one object, name it: data.group (columns) or data.group_pattern (file names). Else "
            "train and test share objects, and the metrics flatter."
        )
        return warning("no groups: each photo counts as an object of its own", way_out)
    store = _store(place)
    named = f"group: {', '.join(data.group)}" if data.group else f"group_pattern: {data.group_pattern}"
    if store is None:
        return ok(named)
    without, kept = store.meta.counts.without_group, store.meta.counts.kept
    if without:
        way_out = "Fill the cells, or widen the pattern; `prepare.rules.missing_group: reject` leaves such rows out."
        return warning(f"{named}; {without:,} of {kept:,} samples name no group", way_out)
    return ok(named)


def check_rejected(place: Place) -> Finding | None:
    """Are most rows usable?"""
    store = _store(place)
    if store is None:
        return None
    counts = store.meta.counts
    rules = {rule: count for rule, count in counts.rejected.items() if count}
    rejected = sum(rules.values())
    shown = ", ".join(f"{count:,} by {rule}" for rule, count in sorted(rules.items(), key=lambda item: -item[1]))
    what = f"{rejected:,} of {counts.rows:,} rows rejected" + (f": {shown}" if shown else "")
    if rejected > MOST_REJECTED * counts.rows:
        return warning(what, f"Look at {PREPARED}/rejected.csv: is a column, a folder or a limit wrong?")
    return ok(what)


def check_twins(place: Place) -> Finding | None:
    """Are photos of two groups, or even of two splits, one and the same?"""
    store = _store(place)
    if store is None or place.params is None or "image_md5" not in store.samples:
        return None
    samples = store.samples
    torn = _torn(samples)
    if torn:
        way_out = "Set prepare.rules.duplicate_image: reject, and name the object in data.group."
        return fault(f"{torn:,} files are byte for byte in two splits: test measures memory", way_out)
    near = _near_twins(place.root / PREPARED / "warned.csv", samples)
    if near.empty:
        off = place.params.prepare.rules.near_duplicate.action == "off"
        return ok("near twins not looked for: prepare.rules.near_duplicate is off" if off else "none across groups")
    across = int(near["across"].sum())
    first = near.sort_values("across", ascending=False, kind="stable").iloc[0]
    what = f"{len(near):,} photos look like one in another group, {across:,} of them in another split"
    way_out = (
        f"Compare '{first['image']}' with '{first['other']}'. If they show one object, data.group or "
        "data.group_pattern is too narrow; else set prepare.rules.near_duplicate: off."
    )
    return warning(what, way_out)


def _torn(samples: pd.DataFrame) -> int:
    """Return how many contents of files are in more than one split."""
    return int((samples.dropna(subset=["image_md5"]).groupby("image_md5")["split"].nunique() > 1).sum())


def _near_twins(path: Path, samples: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs that the rule near_duplicate warned of: image and other by their names, across splits or not."""
    if not path.is_file():
        return pd.DataFrame()
    warned = pd.read_csv(path, dtype={"image": str, "value": str}, keep_default_na=False)
    pairs = warned[warned["rule"] == "near_duplicate"]
    other = pairs["value"].str.removeprefix("like ")
    split = pairs["row"].map(samples.set_index("row")["split"])
    # The other photo goes by its name in the sheet, which may leave out folders.
    names = samples["image"].astype(str)
    by_name = dict(zip(names.str.rpartition("/")[2], samples["split"], strict=True)) | dict(
        zip(names, samples["split"], strict=True)
    )
    split_of_other = other.map(by_name)
    known = split.notna() & split_of_other.notna()
    return pairs.assign(other=other, across=known & (split != split_of_other))


def check_val(place: Place) -> Finding | None:
    """Are there enough groups in val to choose a model by?"""
    store = _store(place)
    if store is None:
        return None
    groups = _groups(store, "val")
    if groups < FEWEST_GROUPS:
        way_out = "Raise split.val, add data, or cross-validate (split.folds, `make cv`)."
        return warning(f"{groups} groups in val, by which the epoch is chosen", way_out)
    return ok(f"{groups:,} groups in val")


def check_test(place: Place) -> Finding | None:
    """Can the test split find a change worth finding? The answer is that of `make power`."""
    store = _store(place)
    if store is None or place.params is None:
        return None
    groups = _groups(store, "test")
    more = "Raise split.test, add data, or cross-validate (split.folds, `make cv`)."
    if groups < FEWEST_GROUPS:
        what = f"{groups} groups in test; with fewer than {FEWEST_GROUPS} no change can be found"
        return fault(what, more)
    predictions = place.root / PREDICTIONS
    if not predictions.is_file():
        return ok(f"{groups:,} groups in test; `make power` says more once there are predictions")
    task = place.params.data.task
    metric = place.params.report.metric or default_metric(task)
    models = single_model(read_predictions(predictions, classes=task == "classification"), task)
    label = METRICS[metric].label
    power = expected_power(models, metric, ALIKE)
    if power is None:
        return warning(f"{groups:,} groups in test, but no change of {label} can be found with them", more)
    unit = place.params.data.unit
    found, aim = (size_of_change(change, power, metric, unit) for change in (power.change, power.aim))
    what = f"{groups:,} groups in test find a change of {label} by {found} in 8 of 10 cases"
    if power.change > LARGE * power.aim:
        return warning(what, f"For {aim} it takes {round_count(power.groups):,} groups (`make power`). {more}")
    return ok(what)


def _groups(store: Store, split: str) -> int:
    return int(store.samples.loc[store.samples["split"] == split, "group"].nunique())


def _store(place: Place) -> Store | None:
    """Return the prepared data, None where there are none. Raises `SpecimenError` for damaged ones."""
    folder = place.root / PREPARED
    return Store.load(folder) if folder.is_dir() else None


CHECKS = {
    "samples": check_prepared,
    "groups": check_groups,
    "rejected": check_rejected,
    "twins": check_twins,
    "val": check_val,
    "test": check_test,
}
