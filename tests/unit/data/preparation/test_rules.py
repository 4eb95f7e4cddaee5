"""Each rule rejects what it should and spares what it should; no row is lost on the way."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from builders import with_targets
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from specimen.common.errors import SpecimenError
from specimen.config.base import TaskName
from specimen.config.prepare import Rules
from specimen.data.preparation import picture_rules
from specimen.data.preparation import rules as clean

THUMBNAIL = bytes(288)


def table(**columns: list[Any]) -> pd.DataFrame:
    """Return a table of good rows, numbered from 2, with these columns put over it."""
    count = len(next(iter(columns.values())))
    names = [f"{n}.png" for n in range(count)]
    good = {
        "image_name": names,
        "target_text": ["1"] * count,
        "group": [None] * count,
        "image": names,
        "image_error": [None] * count,
        "decode_error": [None] * count,
        "image_width": [64] * count,
        "image_height": [64] * count,
        "value_range": [200] * count,
        "image_darkest": [0.1] * count,
        "image_brightest": [0.9] * count,
        "image_sharpness": [0.5] * count,
        "pixels": names,
        "perceptual_hash": [2**n for n in range(0, 3 * count, 3)],
        "thumbnail": [THUMBNAIL] * count,
    }
    frame = pd.DataFrame(good | columns, index=range(2, count + 2), dtype=object)
    light = dict.fromkeys(("image_darkest", "image_brightest", "image_sharpness"), float)
    return frame.astype({"image_width": int, "image_height": int, "value_range": int, **light})


def broken(rule: str, rows: pd.DataFrame, task: TaskName = "regression", **settings: object) -> dict[int, str]:
    """Return the rows that one rule rejects, with their values."""
    checks = clean.table_checks(task) | clean.picture_checks(task)
    rules = Rules.model_validate({rule: {"action": "reject"} | settings})
    rejected = clean.apply({rule: checks[rule]}, with_targets(rows, task), rules)[1]
    return dict(zip(rejected["row"], rejected["value"], strict=True))


def test_missing_label() -> None:
    assert broken("missing_label", table(target_text=["1", None, "0"])) == {3: ""}


def test_label_not_a_number() -> None:
    assert broken("label_not_a_number", table(target_text=["0,5", "12 g", "inf", "-3"])) == {3: "12 g", 4: "inf"}


def test_label_out_of_range_spares_its_bounds() -> None:
    rows = table(target_text=["-0.1", "0", "2", "2 g"])
    assert broken("label_out_of_range", rows, min=0, max=2) == {2: "-0.1"}


def test_label_out_of_range_of_one_bound() -> None:
    assert broken("label_out_of_range", table(target_text=["-1", "1e9"]), min=0) == {2: "-1"}


def test_label_out_of_range_without_bounds_spares_all_that_can_be_computed_with() -> None:
    rows = table(target_text=["-1e30", "1e30", "-1e300", "1e300"])
    assert broken("label_out_of_range", rows) == {4: "-1e300", 5: "1e300"}


def test_missing_image() -> None:
    assert broken("missing_image", table(image_error=[None, "no such file"])) == {3: "no such file"}


def test_missing_group_keeps_the_row_and_says_so_or_rejects_it() -> None:
    rows = table(group=["p", None])
    kept, _, warned = clean.apply(clean.table_checks("regression"), rows.assign(target=1.0), Rules())
    assert len(kept) == 2
    assert warned["row"].tolist() == [rows.index[1]]
    assert list(broken("missing_group", rows)) == [rows.index[1]]
    assert "missing_group" not in clean.table_checks("regression", groups=False)


def test_duplicate_row_keeps_the_first_where_labels_agree() -> None:
    assert broken("duplicate_row", table(image=["a", "b", "a"])) == {4: "same as 0.png"}


@pytest.mark.parametrize(
    "apart", [{"target_text": ["1", "1", "2"]}, {"group": ["p", "p", "q"]}, {"group": ["p", "p", None]}]
)
def test_duplicate_row_rejects_all_where_labels_or_groups_differ(apart: dict[str, list[str]]) -> None:
    value = "same as 0.png, but labelled otherwise"
    assert broken("duplicate_row", table(image=["a", "b", "a"], **apart)) == {2: value, 4: value}


def test_a_label_that_is_written_in_two_ways_is_one() -> None:
    rows = table(image=["a", "a"], pixels=["x", "x"], target_text=["3", "3.0"])
    assert broken("duplicate_row", rows) == {3: "same as 0.png"}
    assert broken("duplicate_image", rows) == {3: "same as 0.png"}


def test_twin_labels_rejects_the_whole_group() -> None:
    rows = table(target_text=["1", "1,5", "1", "9"], group=["p", "p", "q", None])
    assert broken("twin_labels", rows, tolerance=0.4) == {2: "1", 3: "1,5"}


def test_twin_labels_spares_what_differs_by_the_tolerance() -> None:
    assert broken("twin_labels", table(target_text=["1", "1.5"], group=["p", "p"]), tolerance=0.5) == {}


def test_twin_labels_of_classes() -> None:
    rows = table(target_text=["ill", "well", "ill", "ill"], group=["p", "p", "q", "q"])
    assert broken("twin_labels", rows, "classification") == {2: "ill", 3: "well"}


def test_twin_labels_of_classes_that_look_like_numbers_know_no_tolerance() -> None:
    rows = table(target_text=["1", "2"], group=["p", "p"])
    assert broken("twin_labels", rows, "classification", tolerance=5) == {2: "1", 3: "2"}


def test_twin_labels_without_groups_spares_all() -> None:
    assert broken("twin_labels", table(target_text=["1", "2"])) == {}


def test_unreadable_image() -> None:
    assert broken("unreadable_image", table(decode_error=[None, "OSError: cut off"])) == {3: "OSError: cut off"}


def test_small_image() -> None:
    rows = table(image_width=[32, 31, 400], image_height=[32, 400, 8])
    assert broken("small_image", rows, min_side=32) == {3: "31 x 400", 4: "400 x 8"}


def test_low_contrast_is_a_picture_that_uses_hardly_any_of_the_range() -> None:
    rows = table(value_range=[32, 16, 255])  # 16: 12 bits that are taken for 16
    assert broken("low_contrast", rows) == {3: "from its darkest to its brightest value 16 of 255"}
    assert Rules().low_contrast.action == "warn"


def test_duplicate_image_keeps_the_first_where_labels_agree() -> None:
    assert broken("duplicate_image", table(pixels=["p", "q", "p"])) == {4: "same as 0.png"}


def test_duplicate_image_rejects_all_where_labels_differ() -> None:
    rows = table(pixels=["p", "q", "p"], target_text=["1", "1", "2"])
    assert sorted(broken("duplicate_image", rows)) == [2, 4]


def near(hashes: list[int], thumbnails: list[bytes] | None = None, groups: list[str] | None = None) -> dict[int, str]:
    rows = table(
        perceptual_hash=hashes,
        thumbnail=thumbnails or [THUMBNAIL] * len(hashes),
        group=groups or [str(n) for n in range(len(hashes))],
    )
    return broken("near_duplicate", rows, distance=1)


def test_near_duplicate_rejects_the_later() -> None:
    assert near([0b0111, 0b1000, 0b0110]) == {4: "like 0.png"}


def test_near_duplicate_spares_a_hash_that_is_far() -> None:
    assert near([0b0111, 0b0100]) == {}


def test_near_duplicate_spares_pictures_of_one_group() -> None:
    assert near([1, 1], groups=["p", "p"]) == {}


def test_near_duplicate_spares_pictures_whose_thumbnails_differ() -> None:
    assert near([1, 1, 1], [bytes(256), bytes([1] * 256), bytes([9] * 256)]) == {3: "like 0.png"}


def test_near_duplicate_looks_beyond_the_first_with_the_same_hash() -> None:
    assert near([1, 1, 1], [bytes([90] * 256), bytes(256), bytes(256)]) == {4: "like 1.png"}


def test_near_duplicate_uses_all_64_bits() -> None:
    assert near([2**63 + 2**62, 2**63]) == {3: "like 0.png"}


def test_small_class() -> None:
    rows = table(target_text=["a", "b", "a", "a"])
    assert broken("small_class", rows, "classification", min_samples=2) == {3: "b: 1 samples"}


def with_action(action: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    rules = Rules.model_validate({"small_image": {"action": action, "min_side": 32}})
    return clean.apply({"small_image": picture_rules.small_image}, table(image_width=[64, 8]), rules)


def test_action_reject_drops_the_row_and_says_why() -> None:
    kept, rejected, warned = with_action("reject")
    assert (kept.index.tolist(), len(warned)) == ([2], 0)
    assert rejected.to_dict("list") == {"row": [3], "image": ["1.png"], "rule": ["small_image"], "value": ["8 x 64"]}


def test_action_warn_keeps_the_row_and_says_why() -> None:
    kept, rejected, warned = with_action("warn")
    assert (kept.index.tolist(), len(rejected)) == ([2, 3], 0)
    assert warned["value"].tolist() == ["8 x 64"]


def test_action_off_does_not_look() -> None:
    kept, rejected, warned = with_action("off")
    assert (len(kept), len(rejected), len(warned)) == (2, 0, 0)


def test_action_fail_names_rule_row_and_value() -> None:
    with pytest.raises(SpecimenError, match=r"(?s)prepare\.rules\.small_image: 1 rows break it.*3.*1\.png.*8 x 64"):
        with_action("fail")


def test_a_row_is_rejected_by_the_first_rule_that_it_breaks() -> None:
    rows = with_targets(table(target_text=[None], image_error=["no"]), "regression")
    rejected = clean.apply(clean.table_checks("regression"), rows, Rules())[1]
    assert rejected["rule"].tolist() == ["missing_label"]


@pytest.mark.parametrize("task", ["regression", "classification"])
def test_every_rule_of_the_params_is_looked_at(task: str) -> None:
    spared = {"regression": {"small_class"}, "classification": {"label_not_a_number", "label_out_of_range"}}
    checks = clean.table_checks(task) | clean.picture_checks(task)
    assert set(checks) == set(Rules.model_fields) - spared[task]


def test_all_rules_accept_an_empty_table() -> None:
    rules = Rules.model_validate({"twin_labels": "reject"})
    checks = clean.table_checks("classification") | clean.picture_checks("classification")
    kept, rejected, _ = clean.apply(checks, with_targets(table(target_text=["x"]).iloc[:0], "classification"), rules)
    assert (len(kept), len(rejected)) == (0, 0)


ROWS = st.fixed_dictionaries(
    {
        "target_text": st.sampled_from([None, "1", "2", "0,5", "x", "nan"]),
        "group": st.sampled_from([None, "p", "q"]),
        "image": st.sampled_from(["a", "b", "c"]),
        "image_error": st.sampled_from([None, None, "no such file"]),
        "decode_error": st.sampled_from([None, None, "cut off"]),
        "image_width": st.sampled_from([8, 64]),
        "value_range": st.sampled_from([16, 200]),
        "pixels": st.sampled_from(["p", "q", "r"]),
        "perceptual_hash": st.sampled_from([0, 1, 3, 2**63]),
    }
)


@given(st.lists(ROWS, min_size=1, max_size=12), st.sampled_from(["regression", "classification"]))
@settings(derandomize=True, deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
def test_every_row_is_kept_or_rejected_once(rows: list[dict[str, Any]], task: TaskName) -> None:
    drawn = with_targets(table(**{name: [row[name] for row in rows] for name in rows[0]}), task)
    rules = Rules.model_validate({"twin_labels": "reject", "low_contrast": "reject", "near_duplicate": "reject"})
    kept, rejected, warned = clean.apply(clean.table_checks(task) | clean.picture_checks(task), drawn, rules)
    assert sorted([*kept.index, *rejected["row"]]) == drawn.index.tolist()
    assert warned["rule"].isin(["missing_group"]).all()
    assert np.isin(kept.index, drawn.index).all()


def test_blurred_image_is_one_much_less_sharp_than_the_others() -> None:
    rows = table(image_sharpness=[0.5, 0.24, 0.26, 0.6, 0.5])
    assert broken("blurred_image", rows) == {3: "sharpness 0.48 of the median"}


def test_photos_without_any_edge_are_not_blurred_next_to_each_other() -> None:
    assert broken("blurred_image", table(image_sharpness=[0.0, 0.0])) == {}


def test_dark_image() -> None:
    assert broken("dark_image", table(image_brightest=[0.29, 0.3])) == {2: "99 % of it darker than 0.29 of 1"}


def test_overexposed_image() -> None:
    assert broken("overexposed_image", table(image_darkest=[0.95, 0.9])) == {2: "95 % of it brighter than 0.95 of 1"}


def test_odd_shape_lying_or_standing() -> None:
    rows = table(image_width=[100, 34, 100], image_height=[34, 100, 35])
    assert broken("odd_shape", rows) == {2: "100 x 34", 3: "34 x 100"}


def test_odd_size_is_one_that_the_others_are_not() -> None:
    rows = table(image_width=[64, 64, 64, 15, 257, 16], image_height=[64, 64, 64, 16, 256, 16])
    assert broken("odd_size", rows) == {5: "15 x 16", 6: "257 x 256"}


def test_faults_of_photos_are_warned_of_and_no_row_is_lost() -> None:
    rows = with_targets(table(image_brightest=[0.1, 0.9], image_width=[64, 200]), "regression")
    kept, rejected, warned = clean.apply(clean.picture_checks("regression"), rows, Rules())
    assert (len(kept), len(rejected)) == (2, 0)
    assert warned["rule"].to_list() == ["dark_image", "odd_shape"]
