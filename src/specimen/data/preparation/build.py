"""From the raw data set to the packed store."""

from pathlib import Path
from typing import Any

import pandas as pd

from specimen.common import cells
from specimen.common.errors import SpecimenError
from specimen.common.files import write_csv, write_json
from specimen.config.params import Params
from specimen.data.preparation import rules as clean
from specimen.data.preparation.masks import pack_masks
from specimen.data.preparation.meta import describe
from specimen.data.preparation.packing import keep_rows, pack, pack_none
from specimen.data.preparation.raw_dataset import Listing, nothing_left
from specimen.data.preparation.splits import assign_splits, check_splits


def prepare(listing: Listing, params: Params, folder: Path) -> dict[str, Any]:
    """Write the store of the rows that pass all rules into `folder`; return its meta."""
    rules, images, listed = params.prepare.rules, listing.images, listing.usable
    pictures = folder / "images.npy"
    if images is not None:
        listed = listed.join(pack(images, listed["file"], pictures, params.prepare.image_size, params.prepare.resize))
    listed = listed.assign(group=listed["group"].fillna(listed["file"]))
    checks = clean.picture_checks(params.data.task, pictures=images is not None)
    kept, rejected, warned = clean.apply(checks, listed, rules)
    rejected = pd.concat([listing.rejected, rejected], ignore_index=True)
    warned = pd.concat([listing.warned, warned], ignore_index=True)
    if kept.empty:
        raise SpecimenError(nothing_left(params.data, listing.labels, rejected))
    if images is not None:
        keep_rows(pictures, listed.index[listed["decode_error"].isna()].get_indexer(kept.index))
    else:
        pack_none(pictures, len(kept))
    if listing.masks:
        pack_masks(listing.masks, kept, folder / "masks.npy", params.prepare.image_size, params.prepare.resize)

    samples = _samples(kept, params)
    counts = {
        "rows": len(listing.labels),
        "kept": len(samples),
        "without_group": int(listing.labels.loc[kept.index, "group"].isna().sum()) if params.data.group else 0,
        "rejected": {name: int((rejected["rule"] == name).sum()) for name in type(rules).model_fields},
        "warned": {name: int((warned["rule"] == name).sum()) for name in type(rules).model_fields},
    }
    meta = describe(samples, counts, params)
    write_csv(folder / "samples.csv", samples)
    write_csv(folder / "rejected.csv", rejected)
    write_csv(folder / "warned.csv", warned)
    write_json(folder / "meta.json", meta)
    return meta


def _samples(kept: pd.DataFrame, params: Params) -> pd.DataFrame:
    """Return the table of samples, one row a picture: row, image, group, split, target, features."""
    number = params.data.task == "regression"
    samples = pd.DataFrame({"row": kept.index, "image": kept["file"], "group": kept["group"]}, index=kept.index)
    samples["split"] = assign_splits(kept["group"], params.split, kept["split"])
    samples["target"] = cells.to_number(kept["target"]) if number else cells.to_text(kept["target"])
    for name in params.data.features:
        numbers, text = cells.to_number(kept[name]), cells.to_text(kept[name])
        samples[name] = text if (numbers.isna() & text.notna()).any() else numbers
    check_splits(samples, classes=not number)
    return samples
