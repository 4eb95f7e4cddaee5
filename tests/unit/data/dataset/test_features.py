"""Features: what the sheet says next to the picture becomes floats without gaps."""

from typing import Any

import builders
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from specimen.common.errors import SpecimenError
from specimen.data.dataset.features import (
    MAX_CATEGORIES,
    CategoryFeature,
    Features,
    NumberFeature,
    describe,
    encode,
    width,
)
from specimen.data.dataset.meta import DatasetMeta


def table(**columns: list[Any]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()}).infer_objects()


def median_of(features: Features, name: str) -> float:
    feature = features[name]
    assert isinstance(feature, NumberFeature)
    return feature.median


def through_json(features: Features) -> Features:
    """Return features as they come back from `meta.json`."""
    return DatasetMeta.model_validate_json(builders.dataset_meta(features=features).model_dump_json()).features


def test_a_number_becomes_its_standard_score_and_a_missing_flag() -> None:
    train = table(age=[1.0, 2.0, 3.0, 10.0])
    encoded = encode(train, describe(train, ["age"]))
    ages = train["age"].to_numpy()
    np.testing.assert_allclose(encoded[:, 0], (ages - ages.mean()) / ages.std(), rtol=1e-6)
    assert encoded[:, 1].tolist() == [0, 0, 0, 0]
    assert encoded.dtype == np.float32


def test_a_missing_number_is_the_median_of_train_and_flagged() -> None:
    train = table(age=[1.0, 2.0, 30.0, None])
    description = describe(train, ["age"])
    with_gap, with_median = encode(table(age=[None]), description), encode(table(age=[2.0]), description)
    assert median_of(description, "age") == 2.0
    assert with_gap[0, 0] == with_median[0, 0]
    assert (with_gap[0, 1], with_median[0, 1]) == (1, 0)


def test_other_splits_are_scaled_by_train() -> None:
    description = describe(table(age=[0.0, 2.0]), ["age"])
    assert encode(table(age=[5.0]), description).tolist() == [[4.0, 0.0]]


@pytest.mark.parametrize("constant", [0.1, 0.0, 1e9])
def test_a_constant_is_not_divided_by_the_noise_of_rounding(constant: float) -> None:
    description = describe(table(age=[constant] * 7), ["age"])
    np.testing.assert_allclose(encode(table(age=[constant, constant + 1]), description)[:, 0], [0, 1], atol=1e-6)


def test_a_category_becomes_one_flag_each() -> None:
    train = table(condition=["wet", "dry", "wet"])
    description = describe(train, ["condition"])
    assert description["condition"] == CategoryFeature(categories=("dry", "wet"))
    assert encode(train, description).tolist() == [[0, 1], [1, 0], [0, 1]]


@pytest.mark.parametrize("value", [None, "", "frozen", float("nan")])
def test_a_missing_or_unseen_category_sets_no_flag(value: Any) -> None:
    description = describe(table(condition=["wet", "dry"]), ["condition"])
    assert encode(table(condition=[value, "dry"]), description).tolist() == [[0, 0], [1, 0]]


def test_a_category_is_found_again_however_the_sheet_types_it() -> None:
    description = describe(table(tray=[1, "2", 3.0, "x"]), ["tray"])
    assert description["tray"] == CategoryFeature(categories=("1", "2", "3", "x"))
    assert encode(table(tray=[3, 2.0, "1"]), description).argmax(axis=1).tolist() == [2, 1, 0]


@pytest.mark.parametrize("yes_and_no", [["WAHR", "FALSCH"], ["true", "False"], [True, False], ["1", "0"]])
def test_yes_and_no_are_numbers_in_german_too(yes_and_no: list[Any]) -> None:
    description = describe(table(lit=[1.0, 0.0]), ["lit"])
    assert encode(table(lit=yes_and_no), description).tolist() == [[1, 0], [-1, 0]]


def test_text_where_train_had_numbers_is_missing() -> None:
    description = describe(table(age=[1.0, 3.0]), ["age"])
    assert encode(table(age=["unknown", "3"]), description).tolist() == [[0, 1], [1, 0]]


def test_an_infinite_number_is_missing() -> None:
    train = table(age=[1.0, 3.0, float("inf"), float("-inf")])
    description = describe(train, ["age"])
    assert median_of(description, "age") == 2.0
    assert encode(train, description)[:, 1].tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize("empty", [[None, None], [float("nan")] * 2, ["", " "]])
def test_a_column_that_is_empty_in_train_is_refused(empty: list[Any]) -> None:
    with pytest.raises(SpecimenError, match=r"data.features: 'age' is empty in every sample of the train split"):
        describe(table(age=empty), ["age"])


def test_fifty_texts_are_categories_and_one_more_is_no_feature() -> None:
    texts = [f"plant {number}" for number in range(MAX_CATEGORIES + 1)]
    assert width(describe(table(id=texts[:-1]), ["id"])) == MAX_CATEGORIES
    with pytest.raises(SpecimenError, match=r"data.features: 'id' has 51 texts, more than 50"):
        describe(table(id=texts), ["id"])


def test_a_missing_column_is_reported_with_the_nearest() -> None:
    description = describe(table(age_days=[1.0, 2.0]), ["age_days"])
    with pytest.raises(SpecimenError, match=r"needs 'age_days'. Did you mean 'age_day'\? Columns: age_day, weight"):
        encode(table(age_day=[1.0], weight=[2.0]), description)


def test_without_features_there_is_a_table_without_columns() -> None:
    samples = table(age=[1.0, 2.0, 3.0])
    assert describe(samples, []) == {}
    assert encode(samples, {}).shape == (3, 0)
    assert width({}) == 0


def test_features_are_in_the_order_of_the_description() -> None:
    train = table(condition=["wet", "dry"], age=[0.0, 2.0])
    encoded = encode(train[["age", "condition"]], describe(train, ["condition", "age"]))
    assert encoded.tolist() == [[0, 1, -1, 0], [1, 0, 1, 0]]


CELL = st.none() | st.floats(-1e6, 1e6) | st.sampled_from(["wet", "dry", "", "nan", "1,5", "WAHR", "3"])


@settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(CELL, min_size=1), st.lists(CELL, min_size=1))
def test_no_gap_ever_comes_out_and_json_changes_nothing(train: list[Any], later: list[Any]) -> None:
    try:
        description = describe(table(cell=train), ["cell"])
    except SpecimenError:
        return  # empty in train
    for samples in (table(cell=train), table(cell=later)):
        encoded = encode(samples, description)
        assert np.isfinite(encoded).all()
        assert encoded.shape == (len(samples), width(description))
        assert np.array_equal(encoded, encode(samples, through_json(description)))


def test_a_number_that_is_too_large_to_compute_with_is_refused() -> None:
    with pytest.raises(SpecimenError, match=r"^data\.features: 'age' holds 1e\+300, which is too large"):
        describe(pd.DataFrame({"age": [1.0, 1e300, 2.0]}), ["age"])
