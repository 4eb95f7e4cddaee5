"""Stage prepare: the label table and its images -> the packed store in data/prepared."""

from pathlib import Path
from typing import Any

from specimen.common import errors
from specimen.common.files import written_aside
from specimen.common.memory import keep_freed_memory
from specimen.config.params import load_params
from specimen.data.dataset.store import Store
from specimen.data.exploration import explore
from specimen.data.preparation.build import prepare
from specimen.data.preparation.raw_dataset import read_listing

PREPARED, PLOTS = Path("data/prepared"), Path("plots/data")


def main() -> None:
    """Read, clean, split and pack; print what became of the rows."""
    keep_freed_memory()
    params = load_params()
    listing = read_listing(params)
    with written_aside(PREPARED) as folder, written_aside(PLOTS) as plots:
        folder.mkdir()
        plots.mkdir()
        meta = prepare(listing, params, folder)
        store = Store.load(folder)
        explore.draw(plots, store.images, store.samples, listing.sheet, meta)
    print(_summary(meta))


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
