"""Objects that the names of photos tell: `Leaf 259.1.JPG`, `apple001S(2).JPG`, a folder for each plant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from specimen.data.preparation.group_pattern import find_groups
from specimen.data.proposal.looks import Kinship, say
from specimen.data.proposal.reasons import Reason

PATTERNS = {
    r"^[^/]+/(?P<group>[^/]+)/": "a folder for each object",
    r"/(?:[0-9a-f-]{36}___)?(?P<group>[^/]+? +\d+)": "a word and a number, and what comes after them",
    r"/(?P<group>[^/]+?) ?\(\d+\)\.\w+$": "a number in brackets",
    r"/(?P<group>[^/]*\d[^/]*?)[._-]\d{1,3}\.\w+$": "a second number at the end",
    r"/(?P<group>[^/]+?)(?:(?: copy| - Copy| - Kopie| Kopie)(?: ?\(?\d+\)?)?)?\.\w+$": "copies",
}
"""Ways to number the photos of one object, as `data.group_pattern`; what comes after the group is that of the photo."""
FEWEST_MATCHED = 0.5
LARGEST_SHARE = 0.25
"""Share of a class that one object may have at most; else the pattern rather finds the class."""
MOST_TORN = 0.1
"""Share of the objects that may be in two classes."""
FEW = 1.5
"""Photos of an object on average up to which they need not speak for the pattern: little is lost if it is wrong."""
LIFT = 2.0


@dataclass(frozen=True)
class _Found:
    pattern: str
    several: int
    """Photos of objects with several."""
    because: str


def choose_pattern(names: Sequence[str], classes: Sequence[str | None], kinship: Kinship) -> list[Reason]:
    """Return the pattern that finds objects in the paths of photos, none where nothing speaks for one."""
    found = [one for pattern, words in PATTERNS.items() if (one := _try(pattern, words, names, classes, kinship))]
    if not found:
        return [Reason("data.group_pattern", None, _say_nothing(names, kinship), doubt=True)]
    best = max(found, key=lambda one: one.several)
    return [Reason("data.group_pattern", best.pattern, best.because, doubt=True)]


def _try(
    pattern: str, words: str, names: Sequence[str], classes: Sequence[str | None], kinship: Kinship
) -> _Found | None:
    table = pd.DataFrame({"name": list(names), "class": list(classes)}, dtype=object)
    table["group"], _ = find_groups(table["name"], pattern)
    named = table.dropna(subset=["group"])
    sizes = named.groupby(["class", "group"]).size()
    several = int(sizes[sizes > 1].sum())
    share = sizes / table.groupby("class").size().reindex(sizes.index.get_level_values("class")).to_numpy()
    if not several or len(named) < FEWEST_MATCHED * len(table):
        return None
    torn = named.groupby("group")["class"].nunique() > 1
    if share[sizes > 1].max() > LARGEST_SHARE or torn.mean() > MOST_TORN:
        return None
    groups = pd.Series(table["group"].to_numpy(), index=table["name"].to_numpy(), dtype=object)
    together = kinship.judge(groups)
    if sizes.mean() > FEW and together.neighbours < LIFT * together.chance:
        return None
    because = (
        f"names tell {len(sizes):,} objects ({words}), {int((sizes > 1).sum()):,} of them with several photos; "
        f"{say(together)}. Other photos of one object may have other names"
    )
    return _Found(pattern, several, because)


def _say_nothing(names: Sequence[str], kinship: Kinship) -> str:
    alone = kinship.judge(pd.Series(None, index=list(names), dtype=object))
    twins = f"; {alone.twins} pairs of photos are nearly the same, look at them" if alone.twins else ""
    return f"the names tell no objects: each photo counts for itself{twins}"
