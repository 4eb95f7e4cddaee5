"""From rows to samples: what a photo without a group is called."""

import pandas as pd

from specimen.data.preparation.samples import name_groups


def rows(names: list[str], images: list[str], groups: list[str | None] | None = None) -> pd.DataFrame:
    return pd.DataFrame({"image_name": names, "image": images, "group": groups or [None] * len(names)}, dtype=object)


def test_moving_a_photo_to_another_folder_or_another_case_moves_no_sample() -> None:
    before = name_groups(rows(["a.png", "b\\c.png"], ["a.png", "b/c.png"]))["group"]
    after = name_groups(rows(["a.png", "b\\c.png"], ["2024/A.PNG", "2024/b/c.png"]))["group"]
    assert before.tolist() == after.tolist() == ["a.png", "b/c.png"]


def test_rows_that_mean_one_photo_are_one_group() -> None:
    assert name_groups(rows(["a.png", "./A.png"], ["x/a.png"] * 2))["group"].nunique() == 1


def test_a_group_that_is_named_stays() -> None:
    assert name_groups(rows(["a.png", "b.png"], ["a.png", "b.png"], ["p", None]))["group"].tolist() == ["p", "b.png"]
