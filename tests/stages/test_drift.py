"""From a server's numbers to a page: planted shifts are found, and a redrawn sample has none."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import builders
import drift
import numpy as np
import pandas as pd
import pytest

from specimen.common.errors import SpecimenError
from specimen.common.hashing import file_md5
from specimen.data.readers.decode import Picture
from specimen.drift.photo_record import photo_record
from specimen.inference.load import load_predictor

WriteOnnx = Callable[..., Path]
TODAY = date(2026, 3, 31)
SIZE = 32
DRAW = drift.draw_days
POT = (110, 80, 60)


class Greenhouse:
    """Photos of plants in pots: the heavier a plant, the redder (so that the model of the tests can weigh it)."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def photo(self, *, light: float = 1.0, pot: tuple[int, int, int] = POT, weight: float = 0.0) -> Picture:
        half = SIZE // 4
        values = self.rng.normal(0, 6, (SIZE, SIZE, 3)) + np.array(pot)
        plant = np.array([120 + 40 * weight + self.rng.normal(0, 15), 150, 60])
        values[half:-half, half:-half] = plant + self.rng.normal(0, 12, (2 * half, 2 * half, 3))
        return (values * light * self.rng.normal(1, 0.05)).clip(0, 255).astype(np.uint8)


@pytest.fixture
def project(tmp_path: Path, write_onnx: WriteOnnx, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a model and the data that it was trained on: 60 plants, two photos of each."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    write_onnx(tmp_path / "models/model.onnx", novelty=True)
    prepared = tmp_path / "data/prepared"
    prepared.mkdir(parents=True)
    greenhouse = Greenhouse(0)
    builders.write_pictures(prepared, np.stack([greenhouse.photo() for _ in range(120)]))
    plants = np.repeat(np.arange(60), 2)
    samples = {"row": range(120), "image": range(120), "image_md5": plants, "group": plants, "target": 1.0}
    split = np.array(["train", "val", "test"])[(plants > 30).astype(int) + (plants > 50)]
    pd.DataFrame(samples | {"split": split}).to_csv(prepared / "samples.csv", index=False)
    meta = builders.dataset_meta(unit="g")
    (prepared / "meta.json").write_text(meta.model_dump_json())
    monkeypatch.setattr(drift, "draw_days", lambda *_: None)  # one test draws
    return tmp_path


def serve(folder: Path, seed: int, days: int = 20, per_day: int = 8, model: str | None = None, **today: object) -> None:
    """Write what a server would have kept of so many days; the last ten are as `today` says."""
    greenhouse = Greenhouse(seed)
    predictor = load_predictor(folder / "models/model.onnx")
    lines = []
    for ago in range(days - 1, -1, -1):
        pictures = np.stack([greenhouse.photo(**(today if ago < 10 else {})) for _ in range(per_day)])  # type: ignore[arg-type]
        table = predictor.predict(pictures, pd.DataFrame(index=range(per_day))).to_dict("records")
        time = datetime(TODAY.year, TODAY.month, TODAY.day, 9, tzinfo=UTC) - timedelta(days=ago)
        version = model or file_md5(folder / "models/model.onnx")
        lines += [
            photo_record(time, version, picture, (40, 30), row, {}).model_dump_json()
            for picture, row in zip(pictures, table, strict=True)
        ]
    (folder / "statistics.jsonl").write_text("\n".join(lines) + "\n")


def run(monkeypatch: pytest.MonkeyPatch, *options: str) -> int:
    """Run `tools/drift.py` on the last ten days; return its status."""
    monkeypatch.setattr("sys.argv", ["drift.py", "statistics.jsonl", "--days=10", f"--until={TODAY}", *options])
    try:
        drift.main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def drifted(folder: Path) -> set[tuple[str, str]]:
    facts = json.loads((folder / "drift/drift.json").read_text())
    return {(shift["measure"], shift["against"]) for shift in facts["shifts"] if shift["drifts"]}


def test_darker_photos_are_found(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift, "draw_days", DRAW)
    serve(project, 1, light=0.8)
    assert run(monkeypatch) == drift.DRIFT
    assert drifted(project) >= {("brightness", "training"), ("brightness", "before"), ("distance", "training")}
    assert (project / "drift/days.png").stat().st_size > 10_000
    assert "![The measures day by day](days.png)" in (project / "drift/drift.md").read_text()
    assert "](days.png)" not in (project / "drift/summary.md").read_text()


def test_another_pot_is_found(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(project, 1, pot=(70, 80, 100))
    assert run(monkeypatch) == drift.DRIFT
    assert drifted(project) >= {("warmth", "training"), ("warmth", "before")}


def test_heavier_plants_are_found(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(project, 1, weight=1.0)
    assert run(monkeypatch) == drift.DRIFT
    assert drifted(project) >= {("prediction", "training"), ("prediction", "before")}


def test_a_drift_is_no_failure_where_that_is_asked_for(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(project, 1, light=0.8)
    assert run(monkeypatch, "--exit-zero", "--output=page") == 0
    assert json.loads((project / "page/drift.json").read_text())["drift"] is True


@pytest.mark.parametrize("seed", range(2))
def test_a_redrawn_sample_has_no_drift(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], seed: int
) -> None:
    serve(project, 100 + seed)
    assert run(monkeypatch) == 0
    assert drifted(project) == set()
    said = capsys.readouterr().out
    assert "No drift found in 16 comparisons: 80 photos of 10 days, 2026-03-22 to 2026-03-31." in said


def test_photos_of_another_model_count_for_their_pictures_alone(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    serve(project, 1, model="older", light=0.8)
    assert run(monkeypatch) == drift.DRIFT
    said = capsys.readouterr().out
    assert "note: 80 of 80 photos were predicted by another model; only their pictures count." in said
    facts = json.loads((project / "drift/drift.json").read_text())
    measures = {shift["measure"] for shift in facts["shifts"]}
    assert "brightness" in measures
    assert not measures & {"prediction", "distance"}


def test_few_days_are_said_to_be_few(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    serve(project, 1, days=4, light=0.5)
    assert run(monkeypatch) == 0
    said = capsys.readouterr().out
    assert "Nothing could be compared: 32 photos of 4 days" in said
    assert "note: The period has photos of 4 days" in said


def test_no_photo_in_the_period_is_an_error_that_names_the_last_one(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(project, 1)
    with pytest.raises(SpecimenError, match="no photo of 2027-03-18 to 2027-03-31; the last photo is of 2026-03-31"):
        run(monkeypatch, "--days=14", "--until=2027-03-31")


@pytest.mark.parametrize(
    ("option", "said"),
    [("--days=3", "from 5 to 3650"), ("--until=31.3.2026", "2026-03-31"), ("--zone=Mars", "Europe/Berlin")],
)
def test_a_wrong_option_is_refused_with_a_right_one(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], option: str, said: str
) -> None:
    serve(project, 1)
    try:
        status = run(monkeypatch, option)
        message = capsys.readouterr().err
    except SpecimenError as error:
        status, message = 2, str(error)
    assert status == 2
    assert said in message
