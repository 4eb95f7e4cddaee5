"""From the raw data set to the packed store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from specimen.common.files import write_csv, write_json
from specimen.config.data import Data
from specimen.config.prepare import Prepare, Rules, Split
from specimen.data.dataset.meta import DatasetMeta, RowCounts
from specimen.data.dataset.shards import IMAGES, MANIFEST, MANIFEST_COLUMNS, MASKS
from specimen.data.preparation import rules
from specimen.data.preparation.last_store import DECODER, NOTHING, describe_decoder, open_last_store
from specimen.data.preparation.masks import pack_masks
from specimen.data.preparation.meta import describe_dataset
from specimen.data.preparation.packing import pack
from specimen.data.preparation.raw_dataset import RawDataset, has_groups, no_usable_rows
from specimen.data.preparation.samples import make_samples, name_groups


class Built(NamedTuple):
    """A store, and how many photos had to be decoded for it."""

    meta: DatasetMeta
    decoded: int
    taken: int
    """From the last store."""
    colours: npt.NDArray[np.float64]
    """Mean red, green and blue of each sample, N x 3; N x 0 without pictures."""


def build_dataset(
    raw: RawDataset, data: Data, prepare: Prepare, split: Split, folder: Path, *, clean: bool = False
) -> Built:
    """Write the store of the rows that pass all rules into `folder`; with `clean` all photos are decoded."""
    listed = name_groups(raw.usable)
    last = NOTHING
    if raw.images is not None:
        decoder = describe_decoder(prepare, listed["image"])
        (folder / DECODER).write_text(json.dumps(decoder, indent=2) + "\n", encoding="utf-8")
        last = NOTHING if clean else open_last_store(decoder)
        listed = listed.join(pack(raw.images, listed, folder / IMAGES, prepare, last))
    checks = rules.picture_checks(data.task, pictures=raw.images is not None)
    kept, rejected, warned = rules.apply(checks, listed, prepare.rules)
    rejected = pd.concat([raw.rejected, rejected], ignore_index=True)
    warned = pd.concat([raw.warned, warned], ignore_index=True)
    if kept.empty:
        raise no_usable_rows(data, raw.labels, rejected)
    samples = make_samples(kept, rejected, data, split)
    if raw.images is not None:
        # Of the rejected rows as well: a changed rule takes other pictures out of the same shards.
        manifest = listed[MANIFEST_COLUMNS].drop_duplicates("image")
        if raw.masks is not None:
            manifest = pack_masks(raw.masks, manifest, kept["image"], folder / MASKS, prepare, last)
        write_csv(folder / MANIFEST, manifest)

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
    if raw.images is None:
        return Built(meta, 0, 0, np.empty((len(kept), 0)))
    photos = listed[listed["decode_error"].isna()].drop_duplicates("image")
    colours = kept[["mean_red", "mean_green", "mean_blue"]].to_numpy()
    return Built(meta, int((~photos["taken"]).sum()), int(photos["taken"].sum()), colours)


def _by_rule(rows: pd.DataFrame, row_rules: Rules) -> dict[str, int]:
    return {name: int((rows["rule"] == name).sum()) for name in type(row_rules).model_fields}
