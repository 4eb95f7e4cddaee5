"""The lines that a sweep reads while a training runs."""

from pathlib import Path

import pytest

from specimen.training.epoch_records import append_epoch_record


def test_epochs_go_to_the_file_that_a_sweep_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPECIMEN_RECORDS", str(tmp_path / "records"))
    append_epoch_record({"val_rmse": 1.0}, 1)
    append_epoch_record({"val_rmse": 0.5}, 2)
    assert (tmp_path / "records").read_text() == '{"epoch": 1, "val_rmse": 1.0}\n{"epoch": 2, "val_rmse": 0.5}\n'


def test_nothing_is_written_where_nobody_watches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPECIMEN_RECORDS", raising=False)
    monkeypatch.chdir(tmp_path)
    append_epoch_record({"val_rmse": 1.0}, 1)
    assert not list(tmp_path.iterdir())
