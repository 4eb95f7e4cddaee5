"""What the page shows of one revision: the pictures of samples, and where its model looks."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from specimen.common.errors import SpecimenError
from specimen.reporting.page.stored_pictures import Pictures, StoredPictures
from specimen.reporting.revision_outputs import RevisionOutputs
from specimen.versioning.errors import NotAvailableError, first_line

MODEL = "models/model.pt"
HEAT = "where the model looks"


@dataclass
class Side:
    """One of the two revisions; what it cannot show is collected in `missing`, each reason once."""

    outputs: RevisionOutputs
    missing: dict[str, str] = field(default_factory=dict)
    """Reasons, by what is missing."""

    def pictures(self, wanted: pd.DataFrame, key: Sequence[str]) -> list[Pictures | None]:
        """Return the picture of each sample, named by the columns `key`; None where there is none."""
        try:
            rows = self._rows(wanted, key)
            known = np.flatnonzero(rows >= 0)
            images = self.outputs.samples.result()["image"].iloc[rows[known]]
            read = self._stored.read(list(images))
        except NotAvailableError as error:
            self.missing["photos"] = str(error)
            return [None] * len(wanted)
        pictures: list[Pictures | None] = [None] * len(wanted)
        for place, picture in zip(known, read, strict=True):
            pictures[place] = picture
        return pictures

    def explained(
        self, wanted: pd.DataFrame, key: Sequence[str], pictures: Sequence[Pictures | None]
    ) -> list[Pictures | None]:
        """Return each picture in grey with a glow where it speaks for the prediction; None where that is not known."""
        known = [place for place, picture in enumerate(pictures) if picture is not None]
        nothing: list[Pictures | None] = [None] * len(pictures)
        if not known or HEAT in self.missing:
            return nothing
        try:
            samples = self.outputs.samples.result().iloc[self._rows(wanted, key)[known]]
            glowing = self._glow(np.array([pictures[place] for place in known]), samples)
        except (NotAvailableError, SpecimenError) as error:
            self.missing[HEAT] = str(error)
            return nothing
        # A model of another version of the code may fail in any way; the page says so, and shows the rest.
        except Exception as error:
            self.missing[HEAT] = f"{type(error).__name__}: {first_line(error)}"
            return nothing
        shown = dict(zip(known, glowing, strict=True)) if glowing else {}
        return [shown.get(place) for place in range(len(pictures))]

    def _rows(self, wanted: pd.DataFrame, key: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Return the row of each sample in the store, the first of several by that name; -1 where it is not there."""
        samples = self.outputs.samples.result()
        numbered = samples[[*key]].assign(_place=np.arange(len(samples))).drop_duplicates([*key])
        places = wanted[[*key]].merge(numbered, on=[*key], how="left")["_place"]
        return places.fillna(-1).to_numpy(np.int64)

    def _glow(self, pictures: Pictures, samples: pd.DataFrame) -> list[Pictures] | None:
        from specimen.evaluation.attribution import heat_maps  # noqa: PLC0415 - torch, which takes seconds
        from specimen.evaluation.plots.galleries import glowing  # noqa: PLC0415 - and matplotlib

        heat = heat_maps(self._predictor, pictures, samples)
        return None if heat is None else [glowing(*pair) for pair in zip(pictures, heat, strict=True)]

    @cached_property
    def _stored(self) -> StoredPictures:
        return StoredPictures(self.outputs.revision.result())

    @cached_property
    def _predictor(self):  # type: ignore[no-untyped-def] # of torch
        from specimen.models.torch_network import load_torch  # noqa: PLC0415 - see above

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.pt"
            revision = self.outputs.revision.result()
            path.write_bytes(revision.read(MODEL))
            try:
                return load_torch(path)
            except SpecimenError as error:
                raise SpecimenError(str(error).replace(str(path), f"{MODEL} of {revision.label}")) from error
