"""Names of classes that look like two spellings of one."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable


def find_alike(names: Iterable[str]) -> list[tuple[str, ...]]:
    """Return the sets of names that differ only in case, or in blanks (`_` counts as one); sorted."""
    spellings: dict[str, set[str]] = defaultdict(set)
    for name in names:
        spellings[re.sub(r"[\s_]+", "", unicodedata.normalize("NFKC", name)).casefold()].add(name)
    return sorted(tuple(sorted(same)) for same in spellings.values() if len(same) > 1)
