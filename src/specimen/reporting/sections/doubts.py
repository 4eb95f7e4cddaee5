"""What to know of the numbers of a report besides the numbers: why they are in doubt, and where they come from."""

from __future__ import annotations

from specimen.reporting.facts.base import Names, NotKnown, first_names
from specimen.reporting.facts.reproducibility import Reproducibility
from specimen.reporting.markdown import Section, code_list


def doubts_section(state: Reproducibility | NotKnown) -> Section:
    """Return why the numbers may not be what code, params and data give; nothing in most reports."""
    if isinstance(state, NotKnown):
        return Section("", "")
    doubts = []
    if _count(state.unexplained):
        doubts.append("outputs changed although command, deps and params did not")
    if state.recomputed and not isinstance(state.recomputed, NotKnown):
        doubts.append("metrics are not what the predictions give")
    if _count(state.missing) or _count(state.edited):
        doubts.append("metrics in Git are not those of the run")
    return Section(
        "", f"**Do not rely on these numbers:** {'; '.join(doubts)}. See *Reproducible?* below." if doubts else ""
    )


def cached_section(state: Reproducibility | NotKnown) -> Section:
    """Return which stages were not run but taken from the run cache, which whoever may write to the bucket fills."""
    if isinstance(state, NotKnown):
        return Section("", "")
    cached = first_names(name for name, became in state.last_run.items() if became == "from cache")
    return Section("", f"Taken from the run cache instead of being run: {code_list(cached)}." if cached.count else "")


def _count(names: Names | NotKnown) -> int:
    return 0 if isinstance(names, NotKnown) else names.count
