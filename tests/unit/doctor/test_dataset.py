"""What the doctor says of prepared data."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import builders
import numpy as np
import pandas as pd
import projects
import pytest

from specimen.common.files import write_csv, write_json
from specimen.data.dataset.meta import Counts
from specimen.doctor import dataset
from specimen.doctor.findings import Check, Finding
from specimen.doctor.place import Place

Write = Callable[..., Place]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A function that writes a repository with prepared data of 24 groups, 8 in each split, and its params."""

    def write_place(samples: dict[str, Any] | None = None, data: dict[str, Any] | None = None, **counts: Any) -> Place:
        rows = np.arange(24)
        table: dict[str, Any] = {
            "row": rows + 2,
            "image": [f"photos/{row}.png" for row in rows],
            "image_md5": [f"md5 {row}" for row in rows],
            "group": [f"plant {row}" for row in rows],
            "split": ["train", "val", "test"] * 8,
            "target": rows / 10,
        }
        folder = tmp_path / "data/prepared"
        folder.mkdir(parents=True, exist_ok=True)
        write_csv(folder / "samples.csv", pd.DataFrame(table | (samples or {})))
        facts: dict[str, Any] = {
            "rows": 24, "kept": 24, "without_group": 0, "rejected": {}, "warned": {},
            "split": {"train": 8, "val": 8, "test": 8}, "groups": 24,
        }  # fmt: skip
        meta = builders.dataset_meta(image_size=2, counts=Counts(**facts | counts))
        write_json(folder / "meta.json", meta.model_dump(mode="json"))
        builders.write_pictures(folder, np.zeros((24, 2, 2, 3), np.uint8), table["image"])
        projects.write_params(tmp_path, data=data or {})
        return Place(tmp_path)

    return write_place


def found_by(check: Check, place: Place) -> Finding:
    found = check(place)
    assert found is not None
    return found


def test_good_data_have_no_warning(write: Write) -> None:
    place = write()
    statuses = {name: found_by(check, place).status for name, check in dataset.CHECKS.items()}
    assert set(statuses.values()) == {"ok"}, statuses


def test_without_prepared_data_only_the_params_are_looked_at(tmp_path: Path) -> None:
    projects.write_params(tmp_path)
    found = {name: check(Place(tmp_path)) for name, check in dataset.CHECKS.items()}
    assert {name for name, finding in found.items() if finding} == {"samples", "groups"}
    assert found_by(dataset.check_prepared, Place(tmp_path)).status == "warning"


def test_photos_without_a_group_are_a_warning_unless_the_split_is_given(write: Write) -> None:
    assert found_by(dataset.check_groups, write()).what == "group: plant"
    found = found_by(dataset.check_groups, write(data={"group": []}))
    assert (found.status, found.what) == ("warning", "no groups: each photo counts as an object of its own")
    given = write(data={"group": [], "split_column": "part"})
    assert found_by(dataset.check_groups, given).status == "ok"
    assert "3 of 24 samples name no group" in found_by(dataset.check_groups, write(without_group=3)).what


def test_rejected_rows_are_counted_by_rule_and_many_are_a_warning(write: Write) -> None:
    few = found_by(dataset.check_rejected, write(rows=40, rejected={"missing_label": 1, "missing_image": 3}))
    assert (few.status, few.what) == ("ok", "4 of 40 rows rejected: 3 by missing_image, 1 by missing_label")
    many = found_by(dataset.check_rejected, write(rows=40, rejected={"missing_image": 16}))
    assert many.status == "warning"


def test_one_file_in_two_splits_is_a_fault(write: Write) -> None:
    hashes = [f"md5 {row}" for row in range(24)]
    hashes[3] = hashes[0]  # both in train
    assert found_by(dataset.check_twins, write({"image_md5": hashes})).status == "ok"
    hashes[1] = hashes[0]
    found = found_by(dataset.check_twins, write({"image_md5": hashes}))
    assert found.status == "fault"
    assert found.what.startswith("1 files")


def test_near_twins_are_a_warning_that_names_a_pair_across_splits(write: Write) -> None:
    place = write()
    warned = {"row": [5, 6], "image": ["3.png", "4.png"], "rule": "near_duplicate", "value": ["like 0.png"] * 2}
    write_csv(place.root / "data/prepared/warned.csv", pd.DataFrame(warned))
    found = found_by(dataset.check_twins, place)
    assert found.status == "warning"
    assert found.what == "2 photos look like one in another group, 1 of them in another split"
    assert found.way_out.startswith("Compare '4.png' with '0.png'.")


def test_near_twins_that_nobody_looked_for_are_not_called_none(write: Write) -> None:
    assert found_by(dataset.check_twins, write()).what == "none across groups"
    place = write()
    projects.write_params(place.root, prepare={"rules": {"near_duplicate": "off"}})
    assert "not looked for" in found_by(dataset.check_twins, Place(place.root)).what


def test_a_test_split_of_five_groups_is_a_fault_and_such_a_val_split_a_warning(write: Write) -> None:
    splits = ["train"] * 14 + ["val"] * 5 + ["test"] * 5
    place = write({"split": splits})
    assert found_by(dataset.check_val, place).status == "warning"
    found = found_by(dataset.check_test, place)
    assert found.status == "fault"
    assert "no change can be found" in found.what


@pytest.mark.parametrize(("groups", "status"), [(20, "warning"), (2000, "ok")])
def test_with_predictions_the_answer_is_that_of_make_power(write: Write, groups: int, status: str) -> None:
    place = write()
    random = np.random.default_rng(3)
    target = random.uniform(1, 2, groups)
    predictions = {"group": [f"plant {row}" for row in range(groups)], "split": "test", "target": target}
    table = pd.DataFrame(predictions | {"prediction": target + random.normal(size=groups)})
    write_csv(place.root / "plots/predictions.csv", table)
    found = found_by(dataset.check_test, place)
    assert found.status == status
    assert "in 8 of 10 cases" in found.what
    if status == "warning":
        assert "`make power`" in found.way_out
