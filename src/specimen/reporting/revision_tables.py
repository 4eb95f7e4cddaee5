"""The tables of a revision, as `prepare` and `evaluate` write them."""

from __future__ import annotations

import io

import pandas as pd

from specimen.models.predictions import text_columns
from specimen.versioning.errors import NotAvailableError, first_line
from specimen.versioning.revisions import Revision


def read_table(revision: Revision, path: str, *, classes: bool = False) -> pd.DataFrame:
    """Return a CSV; with `classes` the labels are text, else numbers. Raises `NotAvailableError`."""
    text = dict.fromkeys([*text_columns(classes=classes), "value"], str)
    content = io.BytesIO(revision.read(path))
    try:
        # A class named "NA" or "null" is a name, so only an empty cell is missing.
        return pd.read_csv(content, dtype=text, keep_default_na=False, na_values=[""])
    except ValueError as error:  # pandas' errors on empty and on ragged tables are such, too
        raise NotAvailableError(f"{path} of {revision.label} is not a table: {first_line(error)}") from error
