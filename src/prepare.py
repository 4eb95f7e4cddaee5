"""Stage prepare: the label table and its images -> the packed store in data/prepared."""

from pathlib import Path
from typing import Any

import pandas as pd

from specimen import clean, errors, explore, tables
from specimen.errors import SpecimenError
from specimen.files import write_csv, write_json, written_aside
from specimen.images import Finder, ImageNotFoundError, Images, open_images
from specimen.labels import read_labels
from specimen.masks import open_masks, pack_masks
from specimen.memory import keep_freed_memory
from specimen.meta import describe
from specimen.pack import keep_rows, pack, pack_none
from specimen.params import Data, Params, load_params
from specimen.split import assign_splits, check_splits
from specimen.store import Store

PREPARED, PLOTS = Path("data/prepared"), Path("plots/data")


def main() -> None:
    """Read, clean, split and pack; print what became of the rows."""
    keep_freed_memory()
    params = load_params()
    root, data = Path(params.data.root), params.data
    images = None if data.image_column is None else open_images(root, data.images)
    masks = open_masks(root, data.masks, images, data.images) if data.masks and images else None
    labels, sheet = read_labels(params.data, images)
    with written_aside(PREPARED) as folder, written_aside(PLOTS) as plots:
        folder.mkdir()
        plots.mkdir()
        meta = prepare(labels, images, params, folder, masks)
        store = Store.load(folder)
        explore.draw(plots, store.images, store.samples, sheet, meta)
    print(_summary(meta))


def prepare(
    labels: pd.DataFrame, images: Images | None, params: Params, folder: Path, masks: Images | None = None
) -> dict[str, Any]:
    """Write the store of the rows that pass the rules into `folder`; return its meta. No `images`: a table alone."""
    rules, task = params.prepare.rules, params.data.task
    with_pictures = images is not None
    labels = _find_files(labels, images)
    listed, rejected, warned = clean.apply(clean.table_checks(task, pictures=with_pictures), labels, rules)
    pictures = folder / "images.npy"
    if listed.empty:
        raise SpecimenError(_nothing_left(params.data, labels, rejected))
    if images is not None:
        listed = listed.join(pack(images, listed["file"], pictures, params.prepare.image_size, params.prepare.resize))
    listed["group"] = listed["group"].fillna(listed["file"])
    kept, rejected_later, warned_later = clean.apply(clean.picture_checks(task, pictures=with_pictures), listed, rules)
    rejected = pd.concat([rejected, rejected_later], ignore_index=True)
    warned = pd.concat([warned, warned_later], ignore_index=True)
    if kept.empty:
        raise SpecimenError(_nothing_left(params.data, labels, rejected))
    if with_pictures:
        keep_rows(pictures, listed.index[listed["decode_error"].isna()].get_indexer(kept.index))
    else:
        pack_none(pictures, len(kept))
    if masks:
        pack_masks(masks, kept, folder / "masks.npy", params.prepare.image_size, params.prepare.resize)

    samples = _samples(kept, params)
    counts = {
        "rows": len(labels),
        "kept": len(samples),
        "without_group": int(labels.loc[kept.index, "group"].isna().sum()) if params.data.group else 0,
        "rejected": {name: int((rejected["rule"] == name).sum()) for name in type(rules).model_fields},
        "warned": {name: int((warned["rule"] == name).sum()) for name in type(rules).model_fields},
    }
    meta = describe(samples, counts, params)
    write_csv(folder / "samples.csv", samples)
    write_csv(folder / "rejected.csv", rejected)
    write_csv(folder / "warned.csv", warned)
    write_json(folder / "meta.json", meta)
    return meta


def _find_files(labels: pd.DataFrame, images: Images | None) -> pd.DataFrame:
    """Add `file`, the image that a row means, and `file_error`, why there is none; without images, the row's name."""
    if images is None:
        return labels.assign(file=labels["image"], file_error=None)
    finder = Finder(images.names)

    def look_up(written: str | None) -> tuple[str | None, str | None]:
        try:
            return (finder.find(written), None) if written else (None, "no image named")
        except ImageNotFoundError as error:
            return None, str(error)

    found = pd.DataFrame(list(map(look_up, labels["image"])), columns=["file", "file_error"], index=labels.index)
    return labels.join(found.astype(object).where(found.notna(), None))


def _samples(kept: pd.DataFrame, params: Params) -> pd.DataFrame:
    """Return the table of samples, one row a picture: row, image, group, split, target, features."""
    number = params.data.task == "regression"
    samples = pd.DataFrame({"row": kept.index, "image": kept["file"], "group": kept["group"]}, index=kept.index)
    samples["split"] = assign_splits(kept["group"], params.split, kept["split"])
    samples["target"] = tables.to_number(kept["target"]) if number else tables.to_text(kept["target"])
    for name in params.data.features:
        numbers, text = tables.to_number(kept[name]), tables.to_text(kept[name])
        samples[name] = text if (numbers.isna() & text.notna()).any() else numbers
    check_splits(samples, classes=not number)
    return samples


def _nothing_left(data: Data, labels: pd.DataFrame, rejected: pd.DataFrame) -> str:
    firsts = rejected.groupby("rule", sort=False).first()
    lines = [
        f"  {(rejected['rule'] == rule).sum()} by {rule}, the first in row {first['row']}: "
        f"image {first['image']!r}, {first['value'] or 'empty'}"
        for rule, first in firsts.iterrows()
    ]
    return f"{data.root}: none of {len(labels)} rows is usable. Rejected by prepare.rules:\n" + "\n".join(lines)


def _summary(meta: dict[str, Any]) -> str:
    counts = meta["counts"]
    rejected = ", ".join(f"{n} by {rule}" for rule, n in counts["rejected"].items() if n) or "none"
    lines = [f"{counts['kept']} of {counts['rows']} rows kept, in {counts['groups']} groups; rejected: {rejected}"]
    lines += [f"warning: {n} rows kept although {rule}, see warned.csv" for rule, n in counts["warned"].items() if n]
    if counts["without_group"]:
        lines.append(f"warning: {counts['without_group']} rows name no group; each of these photos is its own group")
    lines.append(", ".join(f"{name} {n}" for name, n in counts["split"].items()))
    return "\n".join(lines)


if __name__ == "__main__":
    errors.run(main)
