"""The server keeps numbers of each photo, and a photo's prediction never depends on that."""

import errno
import io
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from specimen.common.errors import SpecimenError
from specimen.drift.photo_record import PhotoRecord
from specimen.serving import photo_log
from specimen.serving.app import make_app
from specimen.serving.model_watcher import MetricsRecord

NOWHERE = MetricsRecord(Path("no/dvc.lock"), Path("no/test.json"))
WriteOnnx = Callable[..., Path]


def photo(red: int, sides: tuple[int, int] = (40, 40)) -> tuple[str, tuple[str, bytes]]:
    file = io.BytesIO()
    Image.new("RGB", sides, (red, 0, 0)).save(file, "PNG")
    return "images", ("secret name.png", file.getvalue())


def served(model: Path, statistics: Path) -> TestClient:
    app = make_app(model, metrics_record=NOWHERE, statistics=statistics)
    return TestClient(app, base_url="http://localhost")


def metric(client: TestClient, name: str) -> float:
    lines = client.get("/metrics").text.splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))


def test_each_predicted_photo_is_a_line_of_numbers(tmp_path: Path, write_onnx: WriteOnnx) -> None:
    model = write_onnx(tmp_path / "model.onnx", features=True, novelty=True)
    statistics = tmp_path / "statistics.jsonl"
    broken = ("images", ("b.png", b"no image"))
    with served(model, statistics) as client:
        features = json.dumps([{"age": 6, "soil": "clay"}, {}, {}])
        sent = [photo(50, (60, 30)), broken, photo(120)]
        answer = client.post("/predict", files=sent, data={"features": features}).json()
        assert metric(client, "specimen_unlike_images_total") == 1
    text = statistics.read_text()
    records = [PhotoRecord.model_validate_json(line) for line in text.splitlines()]
    results = answer["results"]
    assert [record.prediction for record in records] == [results[0]["prediction"], results[2]["prediction"]]
    assert [(record.width, record.height) for record in records] == [(60, 30), (40, 40)]
    assert [record.distance for record in records] == pytest.approx([0.25, 1.2])
    assert records[0].features == {"age": 6.0, "soil": "clay"}
    assert records[1].features == {"age": None, "soil": None}
    assert records[1].brightness == pytest.approx(0.299 * 120 / 255, rel=1e-3)
    assert {record.model for record in records} == {answer["version"]}
    assert all(datetime.now(UTC) - record.time < timedelta(minutes=10) for record in records)
    assert "secret" not in text
    assert "testclient" not in text


def test_an_explanation_is_no_further_photo(tmp_path: Path, write_onnx: WriteOnnx) -> None:
    statistics = tmp_path / "statistics.jsonl"
    with served(write_onnx(tmp_path / "model.onnx", classes=True), statistics) as client:
        assert client.post("/predict", files=[photo(200)]).status_code == 200
        assert client.post("/explain", files=[photo(200)]).status_code == 200
    [record] = map(json.loads, statistics.read_text().splitlines())
    assert record["prediction"] == "red"
    assert 0.3 < record["confidence"] <= 1
    assert "distance" not in record


def test_a_full_disk_is_a_warning_and_a_count(
    tmp_path: Path, write_onnx: WriteOnnx, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    statistics = tmp_path / "statistics.jsonl"
    append = photo_log.append_lines
    # A server of another test in this process leaves the log silent.
    caplog.set_level(logging.WARNING, logger="uvicorn.error")
    with served(write_onnx(tmp_path / "model.onnx"), statistics) as client:
        monkeypatch.setattr(photo_log, "append_lines", full)
        for _ in range(2):
            assert client.post("/predict", files=[photo(100), photo(50)]).status_code == 200
        wait_for_the_log(client)
        assert metric(client, "specimen_statistics_lost_total") == 4
        monkeypatch.setattr(photo_log, "append_lines", append)
        assert client.post("/predict", files=[photo(100)]).status_code == 200
    assert len(statistics.read_text().splitlines()) == 1
    warnings = [record.getMessage() for record in caplog.records]
    assert warnings == [
        f"{statistics}: photos are predicted, but not noted here: No space left on device",
        f"{statistics}: grows again; 4 photos are missing in it",
    ]


def wait_for_the_log(client: TestClient) -> None:
    """Return once the thread that writes has nothing left to do."""
    [log] = [one for one in photo_logs if one._path.name == "statistics.jsonl"]
    log._thread.submit(lambda: None).result()


photo_logs: list[photo_log.PhotoLog] = []


@pytest.fixture(autouse=True)
def known_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    photo_logs.clear()
    start = photo_log.PhotoLog.__init__

    def started(self: photo_log.PhotoLog, *arguments: Any) -> None:
        start(self, *arguments)
        photo_logs.append(self)

    monkeypatch.setattr(photo_log.PhotoLog, "__init__", started)


def test_a_disk_that_hangs_does_not_fill_the_memory(
    tmp_path: Path, write_onnx: WriteOnnx, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photo_log, "MOST_WAITING", 32 * 32 * 3)
    statistics = tmp_path / "statistics.jsonl"
    with served(write_onnx(tmp_path / "model.onnx"), statistics) as client:
        log = photo_logs[0]
        with log._lock:
            log._waiting = 1  # a picture is being written
        assert client.post("/predict", files=[photo(100)]).status_code == 200
        assert metric(client, "specimen_statistics_lost_total") == 1


def test_a_file_that_cannot_be_written_is_refused_at_the_start(tmp_path: Path, write_onnx: WriteOnnx) -> None:
    model = write_onnx(tmp_path / "model.onnx")
    with pytest.raises(SpecimenError, match=r"--keep-statistics .*missing/a.jsonl: No such file"):
        served(model, tmp_path / "missing/a.jsonl")
