"""Which labels are doubted, and in which order."""

import numpy as np
import pandas as pd
import pytest

from specimen.advice.likeness import intraclass_correlation, sharpened
from specimen.advice.suspects import rank_claims
from specimen.models.predictions import as_columns, format_set
from specimen.models.task import Classification, Regression

NUMBERS = Regression(0.0, 1.0, "none", "mse")
ROOTS = Regression(0.0, 1.0, "sqrt", "mse")
CLASSES = Classification(("ash", "oak", "yew"), 0.0)


RIGHT = [(f"right {n}", 0.0, error) for n, error in enumerate(np.linspace(-0.5, 0.5, 201))]
"""Objects whose labels are right, and whose folds are off by half a gram at most: 90 % by up to 0.45 g."""


def numbers(rows: list[tuple[str, float, float]], half: float = 1.0) -> pd.DataFrame:
    table = pd.DataFrame([*rows, *RIGHT], columns=["group", "target", "prediction"]).assign(fold=0)
    return table.assign(low=table["prediction"] - half, high=table["prediction"] + half)


def classes(rows: list[tuple[str, str, list[float]]]) -> pd.DataFrame:
    table = pd.DataFrame([(group, label) for group, label, _ in rows], columns=["group", "target"])
    probabilities = np.array([values for *_, values in rows])
    best = np.array(CLASSES.class_names, dtype=object)[probabilities.argmax(axis=1)]
    return table.assign(prediction=best, **as_columns(probabilities, CLASSES.class_names))


def test_the_label_farthest_from_its_prediction_comes_first() -> None:
    ranked = rank_claims(NUMBERS, numbers([("a", 5.0, 5.9), ("b", 5.0, 9.0), ("c", 5.0, 3.5)])).head(3)
    assert ranked["group"].to_list() == ["b", "c", "a"]
    assert ranked["outside"].to_list() == [True, True, False]
    assert ranked["score"].to_list() == pytest.approx([4 / 0.45, 1.5 / 0.45, 0.9 / 0.45], rel=0.03)


def test_the_scale_is_that_which_is_trained_on() -> None:
    table = numbers([("heavy", 90.25, 100.0), ("light", 0.0, 1.0)])
    table.loc[2:, "target"] = 1.0
    table.loc[2:, "prediction"] = (1 + 0.2 * table.loc[2:, "prediction"]) ** 2
    table = table.assign(low=0.0, high=(np.sqrt(table["prediction"]) + 0.6) ** 2)
    ranked = rank_claims(ROOTS, table).head(2)
    # In grams the heavy one is further off; of the roots that are trained on, the light one is.
    assert ranked["group"].to_list() == ["light", "heavy"]
    assert ranked["score"].iloc[0] == pytest.approx(2 * ranked["score"].iloc[1], rel=0.02)
    assert ranked["outside"].to_list() == [True, False]


def test_each_fold_has_errors_and_an_interval_of_its_own() -> None:
    rough = numbers([("a", 0.0, 3.0)], half=4.0)
    rough["prediction"] *= 2
    fine = numbers([("b", 0.0, 3.0)]).assign(fold=1)
    ranked = rank_claims(NUMBERS, pd.concat([rough, fine], ignore_index=True)).head(2)
    assert ranked["score"].to_list() == pytest.approx([3 / 0.45, 3 / 0.45], rel=0.03)
    assert ranked.set_index("group")["outside"].to_dict() == {"a": True, "b": True}


def test_a_fold_that_predicts_all_objects_too_light_is_not_a_reason_to_doubt_a_label() -> None:
    light = numbers([("light", 0.0, 0.0)])
    light["prediction"] -= 3
    ranked = rank_claims(NUMBERS, pd.concat([light, numbers([("a", 0.0, 2.0)]).assign(fold=1)], ignore_index=True))
    assert ranked["group"].iloc[0] == "a"
    assert ranked["outside"].sum() == 1


def test_two_photos_that_agree_against_the_label_count_more_than_one() -> None:
    alone, pair = ("alone", 0.0, 3.0), ("pair", 0.0, 3.0)
    others = [("c", 0.0, 0.5), ("c", 0.0, -0.5), ("d", 0.0, 0.5), ("d", 0.0, -0.5)]
    ranked = rank_claims(NUMBERS, numbers([alone, pair, pair, *others]))
    assert ranked["group"].to_list()[:2] == ["pair", "alone"]
    assert ranked["photos"].to_list()[:2] == [2, 1]
    assert ranked["score"].iloc[0] > ranked["score"].iloc[1]


def test_two_photos_that_disagree_with_each_other_are_no_evidence() -> None:
    ranked = rank_claims(NUMBERS, numbers([("torn", 0.0, 3.0), ("torn", 0.0, -3.0), ("alone", 0.0, 1.2)]))
    assert ranked["group"].iloc[0] == "alone"
    assert "torn" not in ranked["group"].head(50).to_list()


def test_two_labels_of_one_object_are_two_claims() -> None:
    ranked = rank_claims(NUMBERS, numbers([("a", 5.0, 5.0), ("a", 9.0, 5.0)]))
    assert ranked.loc[ranked["group"] == "a", "target"].to_list() == [9.0, 5.0]
    assert ranked["group"].iloc[0] == "a"


def test_without_intervals_the_errors_of_the_folds_take_their_place() -> None:
    ranked = rank_claims(NUMBERS, numbers([("far", 0.0, 4.0)]).drop(columns=["low", "high"]))
    assert ranked["group"].iloc[0] == "far"
    assert ranked["outside"].sum() == 20  # a tenth of all


def test_a_label_is_suspicious_by_how_much_more_probable_another_class_is() -> None:
    sure, torn = ("sure", "ash", [0.02, 0.96, 0.02]), ("torn", "ash", [0.4, 0.5, 0.1])
    right = ("right", "oak", [0.1, 0.8, 0.1])
    ranked = rank_claims(CLASSES, classes([torn, right, sure]))
    assert ranked["group"].to_list() == ["sure", "torn", "right"]
    assert ranked["says"].to_list() == ["oak", "oak", "oak"]
    # Oak is usually 0.8 where it is the label, so that 0.5 is no reason to doubt.
    assert ranked["outside"].to_list() == [True, False, False]


def test_photos_that_name_the_same_other_class_count_more_than_those_that_name_two() -> None:
    same = [("same", "ash", [0.1, 0.8, 0.1]), ("same", "ash", [0.1, 0.8, 0.1])]
    two = [("two", "ash", [0.1, 0.8, 0.1]), ("two", "ash", [0.1, 0.1, 0.8])]
    ranked = rank_claims(CLASSES, classes([*two, *same]))
    assert ranked["group"].to_list() == ["same", "two"]


def test_a_label_in_the_prediction_set_is_not_outside() -> None:
    table = classes([("a", "ash", [0.1, 0.9, 0.0]), ("b", "ash", [0.1, 0.9, 0.0]), ("c", "oak", [0.2, 0.8, 0.0])])
    sets = [format_set(["oak", "ash"]), format_set(["oak"]), format_set(["oak"])]
    ranked = rank_claims(CLASSES, table.assign(prediction_set=sets))
    assert ranked.set_index("group")["outside"].to_dict() == {"a": False, "b": True, "c": False}


def test_photos_that_say_the_same_are_one_witness_and_independent_ones_are_two() -> None:
    rng = np.random.default_rng(0)
    plants = pd.Series(np.repeat(np.arange(300), 2))
    own = np.repeat(rng.normal(size=300), 2)
    assert intraclass_correlation(own, plants) == pytest.approx(1)
    assert intraclass_correlation(rng.normal(size=600), plants) == pytest.approx(0, abs=0.12)
    assert intraclass_correlation(own + rng.normal(size=600), plants) == pytest.approx(0.5, abs=0.1)
    assert sharpened(np.array([1, 4]), 0.0).tolist() == [1, 2]
    assert sharpened(np.array([1, 4]), 1.0).tolist() == [1, 1]


def test_likeness_of_objects_with_one_photo_each_is_not_known_and_taken_for_whole() -> None:
    assert intraclass_correlation(np.array([1.0, 2.0, 3.0]), pd.Series(["a", "b", "c"])) == 1
