"""Where in a file the table is: as the user says it, or in the only place that has the columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from specimen.common.errors import SpecimenError, accepted_hint
from specimen.data.readers.headers import Header, find_headers, first_filled, match
from specimen.data.readers.sheets import Sheets


@dataclass(frozen=True)
class Place:
    """Where in a file the table is, as the user says it."""

    sheet: str | None = None
    """None: the first, or the one that has the columns."""
    header_row: int | None = None
    """As the spreadsheet counts; None: the first row that is filled, or the one that has the columns."""
    sheet_key: str = "data.sheet"
    """The parameter or option that says so, for messages; likewise `header_key`."""
    header_key: str = "data.header_row"


def choose_header(sheets: Sheets, wanted: Sequence[str], place: Place, notes: list[str]) -> Header:
    """Return the first filled row if it has all that is wanted, else the only one that has, else the nearest to it.

    A choice that the user should know of is added to `notes`. Raises `SpecimenError` where several rows have it all,
    and for a sheet or a row that is not there.
    """
    if place.sheet is not None and place.sheet not in sheets.names:
        raise SpecimenError(f"{place.sheet_key}: no sheet '{place.sheet}'. {_sheets_hint(place.sheet, sheets)}")
    searched = [place.sheet] if place.sheet is not None else sheets.names
    if place.header_row is not None:
        return _given_header(sheets, searched[0], wanted, place)
    first = sheets.read(searched[0]).cells
    row = first_filled(first)
    default = Header(searched[0], row + 1, match(first[row], wanted) if first else {})
    if len(default.found) == len(wanted):
        chosen = default
    else:
        headers = [header for name in searched for header in find_headers(sheets.read(name).cells, wanted, name)]
        whole = [header for header in headers if len(header.found) == len(wanted)]
        if len(whole) > 1:
            places = ", ".join(describe(header, sheets) for header in whole)
            keys = [place.header_key] if len({header.sheet for header in whole}) == 1 else [place.sheet_key]
            raise SpecimenError(f"the columns are in {places}; say which with {' and '.join(keys)}.")
        chosen = max([default, *headers], key=lambda header: len(header.found))
        if not whole:
            return chosen
    if len(sheets.names) > 1 and place.sheet is None:
        notes.append(f"the header is {describe(chosen, sheets)}; {place.sheet_key} chooses another sheet")
    elif chosen.row > 1:
        notes.append(f"the header is in row {chosen.row}, and what is above is ignored")
    return chosen


def _given_header(sheets: Sheets, sheet: str | None, wanted: Sequence[str], place: Place) -> Header:
    cells = sheets.read(sheet).cells
    row = 1 if place.header_row is None else place.header_row
    if not 1 <= row <= len(cells):
        raise SpecimenError(f"{place.header_key}: {row}, but the table has {len(cells)} rows.")
    return Header(sheet, row, match(cells[row - 1], wanted))


def find_elsewhere(sheets: Sheets, missing: Sequence[str], header: Header, place: Place) -> dict[str, str]:
    """Return for missing columns where in the file they are, and what to do."""
    hints: dict[str, str] = {}
    for name in sheets.names:
        rows = sheets.read(name).cells
        for found in find_headers(rows, missing, name):
            only_here = [known for known in header.found if known not in match(rows[found.row - 1], [known])]
            key, value = (place.header_key, found.row) if name == header.sheet else (place.sheet_key, f"'{name}'")
            hint = f"It is in {describe(found, sheets)}: if the table is there, set {key} to {value}."
            if name == header.sheet and only_here:
                hint = f"It is in row {found.row}, and '{only_here[0]}' in row {header.row}: write all into one row."
            hints = dict.fromkeys(found.found, hint) | hints
    return hints


def describe(header: Header, sheets: Sheets) -> str:
    """Return where a header is, for messages."""
    row = f"row {header.row}"
    return f"{row} of sheet '{header.sheet}'" if len(sheets.names) > 1 else row


def _sheets_hint(sheet: str, sheets: Sheets) -> str:
    if list(sheets.names) == [None]:
        return "Only an .xlsx file has sheets."
    return accepted_hint(sheet, sheets.names, "sheets")
