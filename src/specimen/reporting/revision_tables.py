"""The tables of a revision, as `prepare` and `evaluate` write them."""

from __future__ import annotations

import io

import pandas as pd

from specimen.models.predictions import text_columns
from specimen.versioning.errors import NotAvailableError, first_line
from specimen.versioning.revisions import Revision


def read_table(revision: Revision, path: str, *, classes: bool = False) -> pd.DataFrame:
    """Return a CSV; with `classes` the labels are text, else numbers. Raises `NotAvailableError`."""
    return parse_table(revision.read(path), f"{path} of {revision.label}", classes=classes)


def parse_table(content: bytes, source: str, *, classes: bool) -> pd.DataFrame:
    """Return the CSV that was read from `source`, see `read_table`."""
    text = dict.fromkeys([*text_columns(classes=classes), "value"], str)
    try:
        # A class named "NA" or "null" is a name, so only an empty cell is missing.
        return pd.read_csv(io.BytesIO(content), dtype=text, keep_default_na=False, na_values=[""])
    except ValueError as error:  # pandas' errors on empty and on ragged tables are such, too
        raise NotAvailableError(f"{source} is not a table: {first_line(error)}") from error
