"""What changed in the data between two revisions."""

from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from specimen.reporting.collect.data import collect_data
from specimen.reporting.data_diff import compare, target_shift
from specimen.reporting.sections.data import data_section
from specimen.versioning.errors import NotAvailableError

NONE = pd.DataFrame(columns=["row", "image", "rule", "value"])


def samples(count: int = 10, **columns: object) -> pd.DataFrame:
    table = {"row": range(2, count + 2), "image": [f"{n}.jpg" for n in range(count)], "split": "train"}
    return pd.DataFrame(table | {"target": np.arange(count, dtype=float)} | columns)


def rejected(rules: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"row": range(len(rules)), "image": [f"bad {n}.jpg" for n in range(len(rules))], "rule": rules})


def test_nothing_changed() -> None:
    diff = compare(samples(), samples(), NONE, NONE)
    assert (len(diff.added), len(diff.removed), len(diff.relabelled), len(diff.moved)) == (0, 0, 0, 0)
    assert diff.rejected.empty
    assert diff.shift.distance == 0


def test_samples_are_known_by_their_image_not_by_their_row() -> None:
    head = samples().iloc[::-1].assign(row=range(100, 110))
    diff = compare(samples(), head, NONE, NONE)
    assert (len(diff.added), len(diff.relabelled)) == (0, 0)


def test_added_and_removed() -> None:
    diff = compare(samples(8), samples(10).iloc[1:], NONE, NONE)
    assert diff.added.index.tolist() == ["8.jpg", "9.jpg"]
    assert diff.removed.index.tolist() == ["0.jpg"]
    assert (diff.before, diff.after) == (8, 9)


def test_relabelled_and_moved() -> None:
    head = samples()
    head.loc[3, "target"], head.loc[4, "split"] = 99.0, "test"
    diff = compare(samples(), head, NONE, NONE)
    assert diff.relabelled.to_numpy().tolist() == [[3.0, 99.0]]
    assert diff.moved.to_numpy().tolist() == [["train", "test"]]


def test_another_photo_under_the_same_name_is_named() -> None:
    hashes = [f"{n:032x}" for n in range(10)]
    base = samples(image_md5=hashes)
    head = samples(image_md5=["f" * 32, *hashes[1:]])
    assert compare(base, head, NONE, NONE).replaced.tolist() == ["0.jpg"]
    assert compare(samples(), head, NONE, NONE).replaced.empty


def test_an_image_in_several_rows_is_known_by_image_and_row() -> None:
    diff = compare(samples(image="one.jpg"), samples(8, image="one.jpg"), NONE, NONE)
    assert diff.removed.index.tolist() == [("one.jpg", 10), ("one.jpg", 11)]


def test_rejected_rows_are_counted_by_rule() -> None:
    diff = compare(samples(), samples(), rejected(["a", "b"]), rejected(["a", "c", "c"]))
    assert diff.rejected.loc["a"].tolist() == [1, 1]
    assert diff.rejected.loc["b"].tolist() == [1, 0]
    assert diff.rejected.loc["c"].tolist() == [0, 2]
    assert diff.newly_rejected.tolist() == ["bad 2.jpg"]


def test_batches_that_are_new_or_gone_are_named_with_their_samples() -> None:
    old, kept, new = (
        samples(3, row=[f"{b}:{n}" for n in range(3)], image=[f"{b}/{n}" for n in range(3)]) for b in "abc"
    )
    tables = (pd.concat([old, kept]), pd.concat([kept, new.head(2)]), NONE, NONE)
    diff = compare(*tables)
    assert diff.new_batches.to_dict() == {"c": 2}
    assert diff.gone_batches.to_dict() == {"a": 3}
    assert compare(samples(), samples(), NONE, NONE).new_batches.empty


def test_a_shift_of_numbers_is_seen_and_noise_is_not() -> None:
    random = np.random.default_rng(0)
    before, same, other = (pd.Series(random.normal(mean, 1, 300)) for mean in (0, 0, 1))
    assert target_shift(before, same).p_value > 0.05
    shift = target_shift(before, other)
    assert shift.p_value < 0.001
    assert shift.distance > 0.3


def test_a_shift_of_classes_names_the_largest_change_first() -> None:
    shift = target_shift(pd.Series(["a"] * 5 + ["b"] * 5), pd.Series(["a"] * 5 + ["c"] * 4 + ["b"]))
    assert shift.distance == pytest.approx(0.4)
    assert shift.shares is not None
    assert shift.shares.index[:2].tolist() == ["b", "c"]
    assert shift.shares.loc["c"].tolist() == pytest.approx([0, 0.4])


def test_a_target_that_became_a_class_is_a_shift_too() -> None:
    assert target_shift(pd.Series([1.0, 2.0]), pd.Series(["a", "b"])).distance == 1


def outputs(unused: int | None, table: pd.DataFrame | None = None) -> Any:
    """Return a revision with so many files that nothing uses; None: it is not known."""
    tables: dict[str, Future[pd.DataFrame]] = {name: Future() for name in ("samples", "rejected", "ignored")}
    tables["samples"].set_result(samples() if table is None else table)
    tables["rejected"].set_result(NONE)
    if unused is None:
        tables["ignored"].set_exception(NotAvailableError("made by an older version"))
    else:
        tables["ignored"].set_result(pd.DataFrame({"name": range(unused)}))
    return SimpleNamespace(**tables)


def section(base_unused: int | None, head_unused: int | None) -> str:
    """Return the text on two revisions with so many files that nothing uses."""
    return data_section(collect_data(outputs(base_unused), outputs(head_unused))).render(10)


def test_another_number_of_files_that_nothing_uses_is_said() -> None:
    assert "- **Files that nothing uses: 12, 3 in the base.** `data/prepared/ignored.csv` names them." in section(3, 12)


def test_new_batches_are_said() -> None:
    weeks = samples(3, row=["week-1:2", "week-2:2", "week-2:3"])
    both = data_section(collect_data(outputs(0, weeks.head(1)), outputs(0, weeks))).render(10)
    assert "- **New batches: 1.** `week-2` (2 samples)\n" in both
    assert "gone" not in both
    assert "New batches" not in section(0, 0)


@pytest.mark.parametrize(("base", "head"), [(3, 3), (None, 3), (3, None)])
def test_the_same_number_or_none_to_compare_with_is_not(base: int | None, head: int | None) -> None:
    assert "Files that nothing uses" not in section(base, head)
