"""Stage prepare: the label table and its images -> the packed store in data/prepared.

Pictures that the last store has are taken from there, unless it is called as `python src/prepare.py --clean`.
"""

import specimen.common.interrupts  # isort: skip # noqa: F401

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from specimen.common import errors
from specimen.common.files import replace_atomically
from specimen.common.memory import keep_freed_memory
from specimen.config.base import load_section
from specimen.config.data import Data
from specimen.config.prepare import Prepare, Split
from specimen.data.dataset.meta import Counts
from specimen.data.dataset.store import Store
from specimen.data.exploration import explore
from specimen.data.preparation.build import build_dataset
from specimen.data.preparation.raw_dataset import read_raw_dataset
from specimen.data.preparation.rejections import keep_rejected_aside
from specimen.data.readers.decode import ignore_pillow_warnings

PREPARED = Path("data/prepared")
PLOTS = Path("plots/data")


@keep_rejected_aside()
def main(arguments: Sequence[str] = ()) -> None:
    """Read, clean, split and pack; print what became of the rows."""
    parser = argparse.ArgumentParser(description="The label table and its images -> the packed store in data/prepared.")
    parser.add_argument("--clean", action="store_true", help="decode all photos, also those that were decoded before")
    clean: bool = parser.parse_args(arguments).clean
    keep_freed_memory()
    ignore_pillow_warnings()
    data = load_section("data", Data)
    prepare = load_section("prepare", Prepare)
    split = load_section("split", Split)
    raw = read_raw_dataset(data, prepare.rules)
    with replace_atomically(PREPARED) as folder, replace_atomically(PLOTS) as plots:
        folder.mkdir()
        plots.mkdir()
        meta, decoded, taken, colours = build_dataset(raw, data, prepare, split, folder, clean=clean)
        store = Store.load(folder)
        explore.draw(plots, store.images, colours, store.samples, raw.sheet, meta)
    for note in raw.notes:
        print(f"note: {note}")
    lost = sorted(set(raw.labels["target"].dropna()).difference(meta.class_names)) if meta.class_names else []
    if lost:
        print(f"warning: classes without a usable sample: {', '.join(lost)}, see {PREPARED / 'rejected.csv'}")
    if len(raw.ignored):
        print(f"not used: {len(raw.ignored)} files in all, see {PREPARED / 'ignored.csv'}")
    print(_summary(meta.counts))
    if decoded or taken:
        print(f"{decoded:,} photos decoded, {taken:,} taken from the last store")


def _summary(counts: Counts) -> str:
    """Return what became of the rows, for the screen."""
    rejected = ", ".join(f"{n} by {rule}" for rule, n in counts.rejected.items() if n) or "none"
    lines = [f"{counts.kept} of {counts.rows} rows kept, in {counts.groups} groups; rejected: {rejected}"]
    warned = {rule: n for rule, n in counts.warned.items() if n and rule != "missing_group"}
    lines += [f"warning: {n} rows kept although {rule}, see warned.csv" for rule, n in warned.items()]
    if counts.without_group:
        lines.append(f"warning: {counts.without_group} rows name no group; each of these photos is its own group")
    lines.append(", ".join(f"{name} {n}" for name, n in counts.split.items()))
    return "\n".join(lines)


if __name__ == "__main__":
    errors.run_cli(partial(main, sys.argv[1:]))
