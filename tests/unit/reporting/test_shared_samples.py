"""Which test samples two revisions share, so that a comparison can rest on them."""

import pandas as pd
import pytest

from specimen.reporting.shared_samples import NotComparableError, shared_samples


def table(**columns: object) -> pd.DataFrame:
    return pd.DataFrame({"image": list("abc"), "target": [1.0, 2.0, 3.0], "prediction": [1.0, 2.0, 3.0]} | columns)


def test_a_sample_with_another_photo_under_its_name_is_left_out() -> None:
    pairs, relabelled = shared_samples(table(image_md5=["1", "2", "3"]), table(image_md5=["1", "x", "3"]))
    assert pairs["image"].tolist() == ["a", "c"]
    assert relabelled == 0


def test_where_all_photos_were_replaced_nothing_can_be_compared() -> None:
    with pytest.raises(NotComparableError, match="another photo now, under the same name"):
        shared_samples(table(image_md5=["1", "2", "3"]), table(image_md5=["4", "5", "6"]))


@pytest.mark.parametrize("base", [table(), table(image_md5=[None] * 3)])
def test_a_base_from_before_photos_had_a_hash_is_compared_by_names(base: pd.DataFrame) -> None:
    assert len(shared_samples(base, table(image_md5=["1", "2", "3"]))[0]) == 3
