"""From usable rows to the table of samples: which split each is in, and whether anything can be learnt from them."""

from __future__ import annotations

from pathlib import PureWindowsPath

import pandas as pd

from specimen.config.data import Data
from specimen.config.prepare import Prepare, Split
from specimen.data.dataset import features
from specimen.data.preparation import rules
from specimen.data.preparation.raw_dataset import RawDataset, no_usable_rows
from specimen.data.preparation.rejections import blame_rejected
from specimen.data.preparation.splits import assign_splits, check_splits


def name_groups(rows: pd.DataFrame) -> pd.DataFrame:
    """Let each photo that names no group be its own, by its name in the sheet: photos may move to another folder.

    Rows that mean one photo are one group, however they write its name.
    """
    without = rows[rows["group"].isna()]
    named = [
        image if name == image else PureWindowsPath(name).as_posix()
        for name, image in zip(without["image_name"], without["image"], strict=True)
    ]
    own = pd.Series(named, index=without.index, dtype=object).groupby(without["image"]).transform("min")
    return rows.assign(group=rows["group"].fillna(own))


def make_samples(kept: pd.DataFrame, rejected: pd.DataFrame, data: Data, split: Split) -> pd.DataFrame:
    """Return the table of samples, one row a picture: row, image, image_md5, group, split, target, features.

    Raises `SpecimenError` where a split is empty, or a class or a feature has nothing to be learnt from; the message
    says what the rules `rejected`.
    """
    samples = pd.DataFrame({"row": kept.index, "image": kept["image"]}, index=kept.index)
    if "image_md5" in kept:  # not before the photos were read
        samples["image_md5"] = kept["image_md5"]
    samples["group"] = kept["group"]
    samples["split"] = assign_splits(kept["group"], split, kept["split"])
    samples["target"] = kept["target"]
    for name in data.features:
        samples[name] = kept[name]
    with blame_rejected(rejected, len(kept) + len(rejected)):
        check_splits(samples, classes=data.task == "classification")
        features.describe(samples[samples["split"] == "train"], data.features)  # raises for what it cannot describe
    return samples


def foresee_samples(raw: RawDataset, data: Data, prepare: Prepare, split: Split) -> pd.DataFrame:
    """Return the samples that there are if all photos turn out to be good.

    Raises what `prepare` would raise for these; also in the rare case that a fault would vanish with an unreadable
    photo, such as the 51st text of a feature.
    """
    checks = rules.picture_checks(data.task, pictures=False)
    kept, rejected, _ = rules.apply(checks, name_groups(raw.usable), prepare.rules)
    rejected = pd.concat([raw.rejected, rejected], ignore_index=True)
    if kept.empty:
        raise no_usable_rows(data, raw.labels, rejected)
    return make_samples(kept, rejected, data, split)
