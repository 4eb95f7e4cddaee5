"""Collect what the page shows, and write it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pydantic import ValidationError

from specimen.common.errors import SpecimenError
from specimen.config.data import Data
from specimen.data.readers.batches import find_batches, open_photos
from specimen.data.readers.decode import DecodeError, decode
from specimen.data.readers.images import ImageNotFoundError
from specimen.reporting.comment import report_sections
from specimen.reporting.data_diff import compare
from specimen.reporting.facts.advice import Advice
from specimen.reporting.page.cards import (
    Group,
    changed_groups,
    data_groups,
    rejected_group,
    suspects_group,
    worst_group,
)
from specimen.reporting.page.charts import class_charts, curve_charts, prediction_charts, table_charts
from specimen.reporting.page.document import LARGEST, Content, render_page
from specimen.reporting.page.side import Side
from specimen.reporting.page.stored_pictures import Pictures
from specimen.reporting.page.vega import vega_script
from specimen.reporting.report import Comparison
from specimen.reporting.revision_outputs import PARAMS, read_target
from specimen.reporting.shared_samples import NotComparableError
from specimen.versioning.errors import NotAvailableError


def build_page(comparison: Comparison, *, pictures: bool) -> str:
    """Return `report.html`: all that the comment says, charts of both revisions and, with `pictures`, the photos."""
    facts = comparison.facts
    missing: dict[str, str] = {}
    charts = [*curve_charts(facts.charts), *class_charts(facts.charts)]
    with _noted(missing, "predicted against true"):
        charts += prediction_charts(comparison.shared.result())
    with _noted(missing, "errors, calibration and groups"):
        charts += table_charts(comparison.base, comparison.head)
    vega = None
    with _noted(missing, "charts"):
        vega = vega_script()
    groups = _groups(comparison, missing) if pictures else []
    if not pictures:
        missing["photos"] = "report.pictures is false"
    return render_page(Content("Specimen report", report_sections(facts), charts, groups, _notes(missing), vega))


def _notes(missing: Mapping[str, str]) -> list[str]:
    """Return a sentence for each reason, with all that is missing for it."""
    reasons = dict.fromkeys(missing.values())
    return [
        f"Not shown: {'; '.join(what for what, why in missing.items() if why == reason)}, because {reason}."
        for reason in reasons
    ]


@contextmanager
def _noted(missing: dict[str, str], what: str) -> Iterator[None]:
    """Keep the reason why something cannot be shown."""
    try:
        yield
    except (NotAvailableError, NotComparableError, SpecimenError) as error:
        missing.setdefault(what, str(error).rstrip("."))
    # What nobody has foreseen must not cost the reviewer the rest of the page.
    except Exception as error:
        missing.setdefault(what, f"{type(error).__name__}: {error}")


def _groups(comparison: Comparison, missing: dict[str, str]) -> list[Group]:
    base, head = Side(comparison.base), Side(comparison.head)
    groups: list[Group] = []
    with _noted(missing, "photos that changed most"):
        groups += changed_groups(comparison.shared.result(), base, head)
    with _noted(missing, "largest errors"):
        said = comparison.head.predictions.result()
        groups.append(worst_group(said.predictions, said.task, said.unit, head))
    advice = comparison.facts.advice
    if isinstance(advice, Advice):
        with _noted(missing, "labels to check first"):
            groups.append(suspects_group(advice, head))
    with _noted(missing, "photos that are new, relabelled or rejected"):
        groups += _changes_of_data(comparison, base, head)
    for name, side in (("base", base), ("this", head)):
        for what, why in side.missing.items():
            missing.setdefault(f"{what} of {name}" if name == "base" else what, why.rstrip("."))
    return [group for group in groups if group.cards]


def _changes_of_data(comparison: Comparison, base: Side, head: Side) -> list[Group]:
    old, new = base.outputs, head.outputs
    rejected = new.rejected.result()
    diff = compare(old.samples.result(), new.samples.result(), old.rejected.result(), rejected)
    params = new.params.result()
    groups = data_groups(diff, read_target(params, PARAMS).unit, base, head)
    newly = rejected_group(rejected, diff.newly_rejected, _raw_reader(params))
    return [*groups, *([newly] if newly else [])]


def _raw_reader(params: Mapping[str, Any]) -> Callable[[str], Pictures | None]:
    """Return what reads a photo of the data in the workspace, which is not in the store; None where that fails."""
    try:
        data = Data.model_validate(params["data"])
        images = open_photos(data, find_batches(data))
    except (SpecimenError, ValidationError):
        return lambda name: None

    def read(name: str) -> Pictures | None:
        try:
            return decode(images.read(name), LARGEST, "pad")[0]
        except (DecodeError, ImageNotFoundError, OSError):
            return None

    return read
