"""Photos and heat of one revision: the right ones, and a reason where there are none."""

from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from specimen.reporting.page import side as module
from specimen.reporting.page.side import Side
from specimen.reporting.revision_outputs import RevisionOutputs
from specimen.versioning.errors import NotAvailableError

SAMPLES = pd.DataFrame({"image": ["a.jpg", "b.jpg", "c.jpg"], "row": [2, 3, 4]})
WANTED = pd.DataFrame({"image": ["c.jpg", "lost.jpg", "a.jpg"]})
PICTURES = np.arange(3, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 3), np.uint8)


def done(value: object) -> Future[Any]:
    future: Future[Any] = Future()
    future.set_result(value)
    return future


@pytest.fixture
def side(monkeypatch: pytest.MonkeyPatch) -> Side:
    stored = dict(zip(SAMPLES["image"], PICTURES, strict=True))
    reader = SimpleNamespace(read=lambda images: [stored[image] for image in images])
    monkeypatch.setattr(module, "StoredPictures", lambda revision: reader)
    revision = SimpleNamespace(label="base", read=lambda path: b"no model")
    return Side(cast(RevisionOutputs, SimpleNamespace(revision=done(revision), samples=done(SAMPLES))))


def test_each_sample_gets_its_own_picture_and_a_lost_one_none(side: Side) -> None:
    pictures = side.pictures(WANTED, ["image"])
    assert [None if picture is None else int(picture[0, 0, 0]) for picture in pictures] == [2, None, 0]
    assert side.missing == {}


def test_two_rows_that_name_one_photo_take_no_picture_from_another(side: Side) -> None:
    twice = pd.concat([SAMPLES.iloc[[0]], SAMPLES], ignore_index=True)
    side.outputs = cast(RevisionOutputs, SimpleNamespace(revision=side.outputs.revision, samples=done(twice)))
    pictures = side.pictures(pd.DataFrame({"image": ["a.jpg", "c.jpg"]}), ["image"])
    assert [None if picture is None else int(picture[0, 0, 0]) for picture in pictures] == [0, 2]


def test_a_store_that_is_not_there_is_named_and_costs_nothing_else(side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(images: object) -> None:
        raise NotAvailableError("no credentials")

    monkeypatch.setattr(module, "StoredPictures", lambda revision: SimpleNamespace(read=fail))
    assert side.pictures(WANTED, ["image"]) == [None, None, None]
    assert side.missing == {"photos": "no credentials"}


def test_a_model_that_cannot_be_loaded_is_named(side: Side) -> None:
    pictures = side.pictures(WANTED, ["image"])
    assert side.explained(WANTED, ["image"], pictures) == [None, None, None]
    assert side.missing["where the model looks"].startswith("models/model.pt of base: ")


def test_heat_belongs_to_its_picture(side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def glow(self: Side, pictures: np.ndarray[Any, Any], samples: pd.DataFrame) -> list[Any]:
        seen.append((pictures[:, 0, 0, 0].tolist(), samples["image"].tolist()))
        return [picture + 100 for picture in pictures]

    monkeypatch.setattr(Side, "_glow", glow)
    shown = side.explained(WANTED, ["image"], side.pictures(WANTED, ["image"]))
    assert seen == [([2, 0], ["c.jpg", "a.jpg"])]
    assert [None if picture is None else int(picture[0, 0, 0]) for picture in shown] == [102, None, 100]
