"""Are the photos that the server gets still like those that the model was trained on?

    python src/serve.py --keep-statistics statistics.jsonl     # here the numbers come from
    python tools/drift.py statistics.jsonl                     # the last 14 days

Compares the days of a period with the training photos and with the days before, and writes drift/drift.md with a plot,
summary.md without, and drift.json. Ends with status 0 if nothing has drifted or there is too little to tell, 1 if
something has, 2 after an error. How it is done: src/specimen/drift/comparison.py.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import date, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd

from specimen.common import errors
from specimen.common.errors import SpecimenError
from specimen.common.files import replace_atomically, write_json
from specimen.common.hashing import file_md5
from specimen.data.dataset.store import Store
from specimen.drift.comparison import FEWEST_UNITS, compare
from specimen.drift.finding import Finding, too_few
from specimen.drift.period import Period, read_records, record_files
from specimen.drift.photo_record import PhotoRecord
from specimen.drift.photo_table import PhotoTable, served_table, training_table
from specimen.drift.plot import draw_days
from specimen.inference.load import load_predictor

DRIFT = 1
"""Exit status."""


def main() -> None:
    """Compare, write the page, print its first sentence and the notes."""
    options = parse_options()
    zone = _zone(options.zone)
    period = Period.until(options.until or datetime.now(zone).date(), options.days)
    records, unreadable = read_records(record_files(options.files))
    notes = [f"{unreadable} lines of the statistics could not be read."] if unreadable else []
    finding = find_drift(records, period, zone, options, notes)
    print(finding.headline())
    for note in finding.notes:
        print(f"note: {note}")
    print(f"See {options.output / 'drift.md'}.")
    if finding.drifted and not options.exit_zero:
        sys.exit(DRIFT)


def find_drift(
    records: Sequence[PhotoRecord], period: Period, zone: tzinfo, options: argparse.Namespace, notes: list[str]
) -> Finding:
    """Compare a period, and write what is found into the folder `options.output`.

    Raises `SpecimenError` where no photo is of the period.
    """
    now, before = period.of(records, zone), period.before.of(records, zone)
    if not now:
        last = max((record.time for record in records), default=None)
        ends = f"the last photo is of {last.astimezone(zone).date()}" if last else "there are no photos at all"
        raise SpecimenError(
            f"drift: no photo of {period}; {ends}. Does the server run with --keep-statistics, and is this its file?"
        )
    predictor, version = load_predictor(options.model), file_md5(options.model)
    meta = predictor.meta
    served = served_table([*before, *now], meta, version, zone)
    first_now = served.units.index >= len(before)
    tables = (served.part(pd.Series(~first_now)), served.part(pd.Series(first_now)))
    training = training_table(Store.load(options.prepared), predictor)
    days_before, days = (int(table.units.nunique()) for table in tables)
    notes = [*notes, *_notes(now, version, days, days_before)]
    finding = Finding(
        period, len(now), days, days_before, compare(training, *tables, new_objects=options.new_objects), notes
    )
    _write(options.output, finding, training, served)
    return finding


def _notes(now: Sequence[PhotoRecord], version: str, days: int, days_before: int) -> list[str]:
    """Return what was left out, and why."""
    notes = [too_few(days)] if days < FEWEST_UNITS else []
    if days_before < FEWEST_UNITS:
        notes.append(too_few(days_before, "before"))
    if others := sum(record.model != version for record in now):
        notes.append(f"{others:,} of {len(now):,} photos were predicted by another model; only their pictures count.")
    return notes


def _write(folder: Path, finding: Finding, training: PhotoTable, served: PhotoTable) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    drifted = frozenset(shift.measure for shift in finding.drifted)
    measures = list(dict.fromkeys([shift.measure for shift in finding.drifted] + [s.measure for s in finding.shifts]))
    if measures:
        draw_days(folder / "days.png", measures, drifted, training, served, str(finding.period.first))
    picture = "\n![The measures day by day](days.png)\n" if measures else ""
    for name, text in (("drift.md", finding.summary() + picture), ("summary.md", finding.summary())):
        with replace_atomically(folder / name) as aside:
            aside.write_text(text, encoding="utf-8")
    write_json(folder / "drift.json", finding.facts())


def parse_options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options of the command line, or of `arguments`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="statistics of a server, or a folder of them"
    )
    parser.add_argument("--days", type=_days, default=14, help="length of the period; default 14")
    parser.add_argument("--until", type=_date, metavar="YYYY-MM-DD", help="its last day; default today")
    parser.add_argument("--zone", default="UTC", help="time zone of the days, such as Europe/Berlin; default UTC")
    parser.add_argument(
        "--new-objects", action="store_true", help="each day shows other objects, so that smaller shifts can be found"
    )
    parser.add_argument("--model", type=Path, default=Path("models/model.onnx"), help="the model that is served")
    parser.add_argument("--prepared", type=Path, default=Path("data/prepared"), help="the data that it was trained on")
    parser.add_argument("--output", type=Path, default=Path("drift"), help="folder for the page; default drift")
    parser.add_argument("--exit-zero", action="store_true", help="end with status 0 also if something has drifted")
    return parser.parse_args(arguments)


def _days(text: str) -> int:
    if not text.isdecimal() or not FEWEST_UNITS <= int(text) <= 3650:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of days from {FEWEST_UNITS} to 3650")
    return int(text)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a date such as 2026-03-31") from None


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise SpecimenError(f"--zone: '{name}' is not a time zone of this machine, such as Europe/Berlin.") from None


if __name__ == "__main__":
    errors.run_cli(main)
