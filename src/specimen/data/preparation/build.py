"""From the raw data set to the packed store."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from specimen.common.files import write_csv, write_json
from specimen.config.data import Data
from specimen.config.prepare import Prepare, Rules, Split
from specimen.data.dataset.meta import DatasetMeta, RowCounts
from specimen.data.preparation import rules
from specimen.data.preparation.masks import pack_masks
from specimen.data.preparation.meta import describe_dataset
from specimen.data.preparation.packing import keep_rows, pack, pack_none
from specimen.data.preparation.raw_dataset import RawDataset, has_groups, no_usable_rows
from specimen.data.preparation.samples import make_samples, name_groups


def build_dataset(raw: RawDataset, data: Data, prepare: Prepare, split: Split, folder: Path) -> DatasetMeta:
    """Write the store of the rows that pass all rules into `folder`; return its meta."""
    pictures = folder / "images.npy"
    listed = raw.usable
    if raw.images is not None:
        size, resize, white_level = prepare.image_size, prepare.resize, prepare.white_level
        listed = listed.join(pack(raw.images, listed["image"], pictures, size, resize, white_level))
    listed = name_groups(listed)
    checks = rules.picture_checks(data.task, pictures=raw.images is not None)
    kept, rejected, warned = rules.apply(checks, listed, prepare.rules)
    rejected = pd.concat([raw.rejected, rejected], ignore_index=True)
    warned = pd.concat([raw.warned, warned], ignore_index=True)
    if kept.empty:
        raise no_usable_rows(data, raw.labels, rejected)
    samples = make_samples(kept, rejected, data, split)
    if raw.images is not None:
        keep_rows(pictures, listed.index.get_indexer(kept.index))
    else:
        pack_none(pictures, len(kept))
    if raw.masks is not None:
        pack_masks(raw.masks, kept, folder / "masks.npy", prepare.image_size, prepare.resize)

    counts = RowCounts(
        rows=len(raw.labels),
        kept=len(samples),
        without_group=int(raw.labels.loc[kept.index, "group"].isna().sum()) if has_groups(data) else 0,
        rejected=_by_rule(rejected, prepare.rules),
        warned=_by_rule(warned, prepare.rules),
    )
    meta = describe_dataset(samples, counts, data, prepare)
    write_csv(folder / "samples.csv", samples)
    write_csv(folder / "rejected.csv", rejected)
    write_csv(folder / "warned.csv", warned)
    write_csv(folder / "ignored.csv", raw.ignored)
    write_json(folder / "meta.json", meta.model_dump(mode="json"))
    return meta


def _by_rule(rows: pd.DataFrame, row_rules: Rules) -> dict[str, int]:
    return {name: int((rows["rule"] == name).sum()) for name in type(row_rules).model_fields}
