"""The photos of the suspicious labels: what the model says of each, and their rows of the raw sheet."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from specimen.advice.suspects import claims_of
from specimen.common.errors import SpecimenError
from specimen.config.data import Data
from specimen.data.dataset.batch_rows import batches_of
from specimen.data.preparation.blank_cells import fill_down
from specimen.data.preparation.raw_dataset import RawDataset
from specimen.models.predictions import CONFIDENCE, HIGH, LOW, PREDICTION, PREDICTION_SET

RANK = "advice: rank"
SAYS = {
    PREDICTION: "advice: model says",
    LOW: "advice: from",
    HIGH: "advice: to",
    CONFIDENCE: "advice: sure",
    PREDICTION_SET: "advice: may be",
}
"""Headings of the advice, by the columns of the predictions."""
SCORE = "advice: score"
OUTSIDE = "advice: outside"


def suspect_rows(predictions: pd.DataFrame, ranked: pd.DataFrame) -> pd.DataFrame:
    """Return the predictions that make the claims of `ranked`, in its order, with rank, score and outside."""
    order = {claim: place for place, claim in enumerate(ranked.index)}
    places = claims_of(predictions).map(order)
    rows = predictions[places.notna()].assign(**{RANK: places[places.notna()].astype(np.int64) + 1})
    rows = rows.sort_values(RANK, kind="stable")
    of_claims = ranked.iloc[rows[RANK] - 1]
    outside = np.where(of_claims["outside"], "yes", "no")
    return rows.assign(**{SCORE: of_claims["score"].round(2).to_numpy(), OUTSIDE: outside})


def advice_columns(rows: pd.DataFrame) -> pd.DataFrame:
    """Return what people read of rows of `suspect_rows`, under headings for people."""
    said = [name for name in SAYS if name in rows]
    return rows[[RANK, *said, OUTSIDE, SCORE]].rename(columns=SAYS)


def sheet_rows(raw: RawDataset, data: Data, rows: pd.DataFrame) -> pd.DataFrame:
    """Return these rows of the raw sheet as it is written, in this order; cells that mean the value above have it.

    Raises `SpecimenError` where the raw sheet has changed since `prepare`.
    """
    sheet = raw.sheet.copy()
    for name in data.fill_down or ():
        sheet[name] = _filled(sheet[name])
    numbers = rows["row"]
    if not numbers.isin(sheet.index).all() or _moved(raw.labels, rows):
        raise SpecimenError(f"{data.root}: the table has changed since its photos were prepared. Run `make cv` first.")
    return sheet.loc[numbers]


def _filled(cells: pd.Series[Any]) -> pd.Series[Any]:
    """Fill a column from above, in each batch by itself, as `prepare` does."""
    batches = batches_of(cells.index.to_frame(index=False, name="row"))
    parts = [cells[(batches == batch).to_numpy()] for batch in batches.unique()] or [cells]
    # `prepare` leaves empty rows as they are; none of them is a sample.
    filled: pd.Series[Any] = pd.concat([fill_down(part, pd.Series(True, index=part.index))[0] for part in parts])
    return filled


def _moved(labels: pd.DataFrame, rows: pd.DataFrame) -> bool:
    """Return whether a row of the sheet names another photo than it did."""
    now: pd.Series[Any] = labels.loc[rows["row"], "image"]
    return now.to_list() != rows["image"].to_list()
