"""Which photos of which files belong to a period."""

import json
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from specimen.common.errors import SpecimenError
from specimen.drift.period import Period, read_records, record_files

RECORD = {"model": "a", "prediction": 1.0, "width": 4, "height": 3}


def line(time: str) -> str:
    return json.dumps(RECORD | {"time": time})


def test_a_period_and_the_one_before_are_whole_days_side_by_side() -> None:
    period = Period.until(date(2026, 3, 31), 14)
    assert str(period) == "2026-03-18 to 2026-03-31"
    assert str(period.before) == "2026-03-04 to 2026-03-17"


def test_the_day_of_a_photo_is_that_of_the_time_zone(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(line("2026-03-30T22:30:00Z") + "\n" + line("2026-03-31T22:30:00Z") + "\n")
    records, _ = read_records([file])
    day = Period.until(date(2026, 3, 31), 1)
    assert [record.time.day for record in day.of(records, ZoneInfo("UTC"))] == [31]
    assert [record.time.day for record in day.of(records, ZoneInfo("Europe/Berlin"))] == [30]


def test_what_is_no_photo_is_counted_and_what_a_later_version_adds_is_not(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    whole = line("2026-03-30T22:30:00Z")
    strange = ['{"time": "2026-03-3', '{"time": "yesterday"}', "\xff", whole.replace("1.0", "NaN")]
    later = whole.replace("}", ', "blur": 3}')
    file.write_text("\n".join([whole, *strange, "", later]) + "\n", encoding="latin-1")
    records, unreadable = read_records([file])
    assert (len(records), unreadable) == (2, 4)


def test_the_older_part_of_a_file_and_all_files_of_a_folder_are_read_once(tmp_path: Path) -> None:
    for name in ("a.jsonl", "a.jsonl.1", "b.jsonl", "notes.txt"):
        (tmp_path / name).write_text("")
    found = record_files([tmp_path / "a.jsonl", tmp_path])
    assert [file.name for file in found] == ["a.jsonl.1", "a.jsonl", "b.jsonl"]


@pytest.mark.parametrize("name", ["missing.jsonl", ""])
def test_a_file_that_is_not_there_is_named_with_the_way_to_get_one(tmp_path: Path, name: str) -> None:
    with pytest.raises(SpecimenError, match=r"no statistics here.*--keep-statistics FILE"):
        record_files([tmp_path / name])
