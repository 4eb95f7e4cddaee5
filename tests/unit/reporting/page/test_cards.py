"""Which photos a reviewer is shown, and what is said of each."""

from collections.abc import Sequence
from typing import cast

import numpy as np
import pandas as pd
import pytest

from specimen.models.predictions import format_set
from specimen.reporting.data_diff import compare
from specimen.reporting.facts.advice import Advice, Suspect
from specimen.reporting.page.cards import Card, changed_groups, data_groups, rejected_group, suspects_group, worst_group
from specimen.reporting.page.side import Side
from specimen.reporting.page.stored_pictures import Pictures
from specimen.reporting.shared_predictions import SharedPredictions

NAMES = ["a.jpg", "b.jpg", "c.jpg"]


class Shown:
    """A side whose pictures say whose they are: row of the sample, and 100 for heat."""

    def __init__(self, sign: int) -> None:
        self.sign = sign

    def pictures(self, wanted: pd.DataFrame, key: Sequence[str]) -> list[Pictures | None]:
        return [np.full((2, 2, 3), NAMES.index(name) + self.sign, np.uint8) for name in wanted["image"]]

    def explained(
        self, wanted: pd.DataFrame, key: Sequence[str], pictures: Sequence[Pictures | None]
    ) -> list[Pictures | None]:
        return [picture + 100 for picture in pictures if picture is not None]


BASE, HEAD = (cast(Side, Shown(sign)) for sign in (50, 0))


def values(card: Card) -> list[tuple[str, int]]:
    return [(panel.title, -1 if panel.picture is None else int(panel.picture[0, 0, 0])) for panel in card.panels]


def test_errors_that_grew_and_fell_are_shown_with_both_predictions() -> None:
    pairs = pd.DataFrame({
        "image": NAMES, "target": [1.0, 2.0, 3.0], "prediction": [1.5, 2.0, 3.0], "low": 0.5, "high": 4.0,
        "target (base)": [1.0, 2.0, 3.0], "prediction (base)": [1.0, 2.25, 3.0],
        "low (base)": 0.123456, "high (base)": 5.0,
    })  # fmt: skip
    grew, fell = changed_groups(SharedPredictions(pairs, "regression", "g"), BASE, HEAD)
    assert (grew.title, fell.title) == ("Errors that grew most (of 1)", "Errors that fell most (of 1)")
    (card,) = grew.cards
    assert (card.name, card.text) == ("a.jpg", "true 1 g")
    assert values(card) == [("photo", 0), ("base", 100), ("this", 100)]
    assert [panel.lines for panel in card.panels] == [(), ("1 g", "0.123 to 5"), ("1.5 g", "0.5 to 4")]
    assert [card.name for card in fell.cards] == ["b.jpg"]


def test_the_worst_class_is_said_with_its_set() -> None:
    table = pd.DataFrame({
        "image": NAMES, "target": ["x", "x", "y"], "prediction": ["x", "y", "y"], "confidence": [0.9, 0.8, 0.6],
        "prediction_set": format_set(["y", "x"]), "p: x": [0.9, 0.2, 0.4], "p: y": [0.1, 0.8, 0.6],
    })  # fmt: skip
    group = worst_group(table, "classification", "", HEAD)
    assert [card.name for card in group.cards] == ["b.jpg", "c.jpg", "a.jpg"]
    assert group.cards[0].panels[1].lines == ("y 80%", "set of 2: y, x")
    assert group.note.startswith("Bright areas of the grey copies speak for the prediction")


def test_the_labels_to_check_are_shown_with_what_the_folds_say() -> None:
    first = (Suspect(name="b.jpg", label=2.0, says=0.123456), Suspect(name="c.jpg", label=1.0, says=3.0))
    advice = Advice(metric="rmse", unit="g", labels=9, outside=2, first=first, tested=0, larger=())
    group = suspects_group(advice, HEAD)
    assert [(card.name, card.text) for card in group.cards] == [("b.jpg", "label 2 g"), ("c.jpg", "label 1 g")]
    assert values(group.cards[1]) == [("photo", 2)]
    assert group.cards[0].panels[0].lines == ("the folds say 0.123 g",)


def samples(targets: Sequence[float], names: Sequence[str] = NAMES, photo: str = "1") -> pd.DataFrame:
    return pd.DataFrame({"image": names, "target": targets, "split": "train", "image_md5": photo})


def test_photos_that_are_new_relabelled_or_other_ones_are_shown() -> None:
    nothing = pd.DataFrame({"image": [], "rule": []})
    old, new = samples([1.0, 2.0], NAMES[:2]), samples([1.0, 2.5, 3.0])
    new.loc[0, "image_md5"] = "2"
    groups = {group.title: group for group in data_groups(compare(old, new, nothing, nothing), "g", BASE, HEAD)}
    assert list(groups) == ["Added: 1", "Relabelled: 1", "Another photo under the same name: 1"]
    assert [(card.name, card.text) for card in groups["Added: 1"].cards] == [("c.jpg", "true 3 g")]
    assert [(card.name, card.text) for card in groups["Relabelled: 1"].cards] == [("b.jpg", "2 to 2.5")]
    (other,) = groups["Another photo under the same name: 1"].cards
    assert values(other) == [("base", 50), ("this", 0)]


def test_a_thousand_photos_are_counted_and_some_shown() -> None:
    rejected = pd.DataFrame({"image": [f"{place}.jpg" for place in range(1000)], "rule": "label_out_of_range"})
    group = rejected_group(rejected, pd.Index(rejected["image"]), lambda name: None)
    assert group is not None
    assert group.title == "Newly rejected: 1,000, of which 12 are shown"
    assert len(group.cards) == 12
    assert group.cards[0].text == "rule label_out_of_range"


def test_a_rejected_photo_is_shown_unless_it_is_lost() -> None:
    rejected = pd.DataFrame({"image": ["a.jpg", "lost.jpg"], "rule": ["dark_image", "missing_image"]})
    photos = {"a.jpg": np.zeros((2, 2, 3), np.uint8)}
    group = rejected_group(rejected, pd.Index(rejected["image"]), photos.get)
    assert group is not None
    assert [len(card.panels) for card in group.cards] == [1, 0]


@pytest.mark.parametrize("newly", [[], ["other.jpg"]])
def test_nothing_is_shown_of_what_was_rejected_before(newly: list[str]) -> None:
    rejected = pd.DataFrame({"image": ["a.jpg"], "rule": ["missing_label"]})
    assert rejected_group(rejected, pd.Index(newly), lambda name: None) is None
