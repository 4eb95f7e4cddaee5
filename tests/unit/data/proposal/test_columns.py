"""Which columns of a sheet are proposed: what is learnt, what names one object, what gives the target away."""

import numpy as np
import pandas as pd
import pytest

from specimen.common.errors import SpecimenError
from specimen.data.proposal.column_groups import Rows, choose_group
from specimen.data.proposal.leaks import find_leaks
from specimen.data.proposal.reasons import values_of
from specimen.data.proposal.target import choose_target
from specimen.data.proposal.words import unit_of, words


def sheet(**columns: object) -> pd.DataFrame:
    return pd.DataFrame(columns, dtype=object)


def target_of(table: pd.DataFrame, wanted: str | None = None) -> dict[str, object]:
    return {reason.key: reason.value for reason in choose_target(table, {"file"}, wanted)}


def group_of(table: pd.DataFrame, target: str = "weight") -> list[str] | None:
    images = table["file"] if "file" in table else pd.Series(table.index.map(str), index=table.index)
    rows = Rows(table, images, table[target], None)
    return choose_group(rows, {"file", target}, None).value


NUMBERS = [round(0.37 * number % 5 + 0.01 * number, 3) for number in range(40)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("PlantNumber", ["plant", "number"]),
        ("fresh_weight_total", ["fresh", "weight", "total"]),
        ("Höhe (cm)", ["höhe", "cm"]),
    ],
)
def test_names_are_read_word_by_word(name: str, expected: list[str]) -> None:
    assert words(name) == expected


@pytest.mark.parametrize(
    ("name", "unit"), [("weight_g", "g"), ("Höhe (cm)", "cm"), ("share [%]", "%"), ("bag", ""), ("plant_id", "")]
)
def test_the_unit_is_at_the_end_of_a_name(name: str, unit: str) -> None:
    assert unit_of(name) == unit


def test_a_weight_is_learnt_as_a_number_and_its_total_before_its_parts() -> None:
    table = sheet(file=range(40), age=[7] * 20 + [14] * 20, weight_shoot=NUMBERS, weight_total=NUMBERS)
    found = target_of(table)
    assert (found["data.target"], found["data.task"]) == ("weight_total", "regression")
    assert found["prepare.rules.label_out_of_range"] == {"min": 0}


def test_german_numbers_are_numbers() -> None:
    found = target_of(sheet(file=range(40), gewicht_g=[f"{value:.3f}".replace(".", ",") for value in NUMBERS]))
    assert (found["data.target"], found["data.task"], found["data.unit"]) == ("gewicht_g", "regression", "g")


def test_texts_and_few_whole_numbers_are_classes() -> None:
    found = target_of(sheet(file=range(40), disease=["rust", "scab"] * 20))
    assert (found["data.task"], found["evaluate.predictions_plot"]) == ("classification", "confusion")
    assert target_of(sheet(file=range(40), label=[0, 1] * 20))["data.task"] == "classification"


def test_negative_numbers_keep_their_sign_unless_a_few_are_faults_of_an_amount() -> None:
    signed = [value - 2 for value in NUMBERS]
    assert target_of(sheet(target=signed))["prepare.rules.label_out_of_range"] is None
    assert target_of(sheet(target=signed))["train.target_transform"] == "none"
    faulty = [*(NUMBERS * 3)[:119], -0.01]
    assert target_of(sheet(weight=faulty))["prepare.rules.label_out_of_range"] == {"min": 0}


def test_what_the_user_says_is_taken_and_a_typing_error_is_named() -> None:
    table = sheet(file=range(40), weight=NUMBERS, height=NUMBERS)
    assert target_of(table, "height")["data.target"] == "height"
    with pytest.raises(SpecimenError, match=r"--target: no column 'heigth'\. Did you mean 'height'"):
        target_of(table, "heigth")


def test_a_sheet_without_anything_to_learn_is_refused() -> None:
    with pytest.raises(SpecimenError, match="no column can be learnt"):
        target_of(sheet(file=range(40), note=[f"text {number}" for number in range(40)], same=["a"] * 40))


def test_classes_of_one_photo_need_a_rule_less() -> None:
    found = target_of(sheet(label=["a", "b", "c", "c", "c", "d", "d", "d"]))
    assert found["prepare.rules.small_class"] == "off"


def test_the_object_is_found_by_its_name() -> None:
    table = sheet(
        weight=NUMBERS, condition=["wet", "dry"] * 20, object_id=[f"apple{number // 4:03}" for number in range(40)]
    )
    assert group_of(table) == ["object_id"]


def test_numbers_that_start_again_in_each_experiment_need_the_experiment() -> None:
    plant = [number // 2 % 10 + 1 for number in range(40)]
    experiment = [number // 20 for number in range(40)]
    weight = [round(1.1**number, 4) for number in range(20) for _ in (0, 1)]
    table = sheet(
        experiment_id=experiment, farmbot_name=["a"] * 40, plant_number=plant, weight=weight, view=["s", "t"] * 20
    )
    assert group_of(table) == ["experiment_id", "farmbot_name", "plant_number"]


def test_a_place_that_would_part_photos_of_one_label_is_left_out() -> None:
    plant = [number // 2 + 1 for number in range(40)]
    weight = [round(1.1**number, 4) for number in range(20) for _ in (0, 1)]
    assert group_of(sheet(plant=plant, batch=["first", "second"] * 20, weight=weight)) == ["plant"]


def test_a_plant_holds_its_leaves() -> None:
    table = sheet(
        leaf_id=[f"leaf{number // 2}" for number in range(40)],
        plant_id=[f"plant{number // 4}" for number in range(40)],
        weight=NUMBERS,
    )
    assert group_of(table) == ["plant_id"]


def test_a_counter_that_the_names_of_photos_have_is_the_object() -> None:
    shrimp = [number % 10 + 1 for number in range(40)]
    state = [["whole", "head_off", "shell_off", "tail_off"][number // 10] for number in range(40)]
    files = [f"{kind}_{number:03}.jpg" for kind, number in zip(state, shrimp, strict=True)]
    assert group_of(sheet(file=files, weight=NUMBERS, shrimp=shrimp, state=state)) == ["shrimp"]


def test_measurements_and_kinds_are_no_objects() -> None:
    kinds = ["apple", "pear"] * 20
    random = np.random.default_rng(1)
    table = sheet(
        weight=NUMBERS, food=kinds, temperature=random.integers(10, 20, 40), pixels=random.integers(0, 9999, 40)
    )
    assert group_of(table) is None


def test_leaks_follow_the_target_and_age_does_not_count_as_one() -> None:
    random = np.random.default_rng(2)
    weight = random.uniform(1, 2, 60)
    table = sheet(
        weight=weight,
        weight_dry=random.uniform(1, 2, 60),
        surface=weight**3 + random.normal(scale=0.1, size=60),
        age_days=weight + random.normal(scale=0.2, size=60),
        humidity=random.uniform(size=60),
        grade=[f"{value:.1f}" for value in weight],
        bed=["a", "b", "c"] * 20,
    )
    reason = find_leaks(table, "weight", "regression", ())
    assert reason.value == ["weight_dry", "surface", "grade"]
    assert reason.doubt
    assert find_leaks(table, "weight", "regression", {"surface", "weight_dry", "grade"}).value is None


def test_a_column_that_tells_the_class_is_a_leak() -> None:
    classes = ["rust", "scab", "none"] * 20
    random = np.random.default_rng(3)
    table = sheet(
        label=classes,
        code=[{"rust": "R", "scab": "S", "none": "N"}[name] for name in classes],
        spots=[{"rust": 40, "scab": 80, "none": 0}[name] + random.normal() for name in classes],
        bed=[f"bed {number}" for number in random.integers(5, size=60)],
    )
    assert find_leaks(table, "label", "classification", ()).value == ["code", "spots"]


def test_reasons_become_sections() -> None:
    table = sheet(file=range(40), weight_g=NUMBERS)
    values = values_of(choose_target(table, {"file"}, None))
    assert values["data"] == {"target": "weight_g", "task": "regression", "unit": "g"}
    assert values["prepare"] == {"rules": {"label_out_of_range": {"min": 0}}}
