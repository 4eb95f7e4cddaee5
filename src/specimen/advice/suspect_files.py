"""What is written about suspicious labels: the sheet to correct, a picture, a table and their part of the JSON."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from specimen.advice.suspect_rows import RANK, advice_columns, sheet_rows, suspect_rows
from specimen.advice.suspect_sheet import write_suspect_sheet
from specimen.advice.suspects import rank_claims
from specimen.common.markdown_table import markdown_table
from specimen.config.data import Data
from specimen.data.dataset.store import Store
from specimen.data.preparation.raw_dataset import RawDataset
from specimen.models.predictions import HIGH, LOW, PREDICTION_SET
from specimen.models.task import AnyTask
from specimen.plotting.style import draw_gallery, shortened, with_both_ends

SHARE, FEWEST, MOST = 0.1, 10, 200
"""Labels in the sheet: this share of all, within these bounds; whoever has corrected these asks again."""
FIRST = 10
"""Labels in the table and in the JSON."""
SHOWN = 12


@dataclass(frozen=True)
class Suspects:
    """The labels that fit least to what the folds say, the most doubtful first."""

    claims: int
    outside: int
    """How many are outside the interval or the set of their fold."""
    expected: int | None
    """How many would be if all labels were right, as far as intervals and sets keep their promise."""
    rows: pd.DataFrame
    """Of `suspect_rows`."""

    @classmethod
    def find(cls, task: AnyTask, predictions: pd.DataFrame, coverage: float) -> Suspects:
        """Rank the labels of a table of `read_fold_predictions`, whose intervals or sets promise `coverage`."""
        ranked = rank_claims(task, predictions)
        doubted = ranked[ranked["score"] > 0]
        listed = doubted.head(min(max(FEWEST, round(SHARE * len(ranked))), MOST))
        promised = HIGH in predictions or PREDICTION_SET in predictions
        expected = round((1 - coverage) * len(ranked)) if promised else None
        return cls(len(ranked), int(ranked["outside"].sum()), expected, suspect_rows(predictions, listed))

    def to_json(self) -> dict[str, Any]:
        """Return the section of `metrics/advice.json`."""
        first = self._first(FIRST)
        table = advice_columns(first)
        table.columns = table.columns.str.removeprefix("advice: ")
        named = first[["image", "row", "group", "target"]]
        return {
            "labels": self.claims,
            "outside": self.outside,
            **({} if self.expected is None else {"expected": self.expected}),
            "first": pd.concat([table, named], axis=1).to_dict("records"),
        }

    def _first(self, count: int) -> pd.DataFrame:
        return self.rows.drop_duplicates(RANK).head(count)

    def as_markdown(self, unit: str) -> str:
        """Return the first ones as a table for the terminal."""
        lines = [
            [row["image"], _with_unit(row["target"], unit), _says(row, unit), str(count)]
            for (_, row), count in zip(self._first(FIRST).iterrows(), self._photos(), strict=False)
        ]
        return markdown_table(["label to check", "label", "model says", "photos"], lines, aligned=True)

    def _photos(self) -> list[int]:
        return [int(count) for count in self.rows.groupby(RANK, sort=True).size()]

    def summary(self) -> str:
        """Return how many there are, in a sentence."""
        of_right = f"; about {self.expected} would be if all were right" if self.expected is not None else ""
        return f"{self.outside} of {self.claims} labels are outside what the folds hold likely{of_right}."

    def write(self, folder: Path, store: Store, raw: RawDataset, data: Data, target: str) -> None:
        """Write `suspects.xlsx`, and `suspects.png` where there are photos. Raises as `sheet_rows` does."""
        positions = store.samples.index.get_indexer(self.rows.index)
        pictures = [np.asarray(store.images[row]) for row in positions] if store.meta.image_size else None
        cells = sheet_rows(raw, data, self.rows)
        write_suspect_sheet(folder / "suspects.xlsx", advice_columns(self.rows), cells, target, pictures)
        if pictures:
            unit = store.meta.unit
            captions = [caption(row, unit) for _, row in self.rows.head(SHOWN).iterrows()]
            title = "Labels to check first: what the sheet and the folds say"
            draw_gallery(folder / "suspects.png", pictures[:SHOWN], captions, title)


def _with_unit(value: Any, unit: str) -> str:
    return f"{value:.4g} {unit}".rstrip() if isinstance(value, (float, int)) else str(value)


def _says(row: pd.Series[Any], unit: str) -> str:
    return " ".join(filter(None, (_with_unit(row["prediction"], unit), _how_sure(row))))


def _how_sure(row: pd.Series[Any]) -> str:
    if HIGH in row:
        return f"({row[LOW]:.3g} to {row[HIGH]:.3g})"
    return f"({100 * row['confidence']:.0f} %)" if "confidence" in row else ""


def caption(row: pd.Series[Any], unit: str) -> str:
    """Return lines that fit over a picture."""
    label, said = (with_both_ends(_with_unit(row[name], unit), 22) for name in ("target", "prediction"))
    lines = (shortened(row["image"]), f"label {label}", f"model {said}", _how_sure(row))
    return "\n".join(filter(None, lines))
