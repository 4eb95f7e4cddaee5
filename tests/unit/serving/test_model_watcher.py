"""A server follows its model file; a file that cannot be loaded changes nothing but `problem`."""

import asyncio
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from specimen.common.errors import SpecimenError
from specimen.serving.model_watcher import MetricsRecord, ModelWatcher

WriteOnnx = Callable[..., Path]
NOWHERE = MetricsRecord(Path("no/dvc.lock"), Path("no/test.json"))


def version(path: Path) -> str:
    return hashlib.md5(path.read_bytes()).hexdigest()


def check(watcher: ModelWatcher) -> None:
    asyncio.run(watcher.check())


def test_another_file_takes_the_place_of_the_first(tmp_path: Path, write_onnx: WriteOnnx) -> None:
    seen = []
    path = write_onnx(tmp_path / "model.onnx")
    watcher = ModelWatcher(path, NOWHERE, lambda loaded: seen.append(loaded.version))
    first = watcher.loaded
    check(watcher)
    assert watcher.loaded is first
    write_onnx(tmp_path / "new.onnx", scale=0.02).replace(path)
    check(watcher)
    assert watcher.loaded.version == version(path) != first.version
    assert seen == [first.version, watcher.loaded.version]
    assert watcher.problem is None


@pytest.mark.parametrize("damage", ["cut off", "text", "empty", "gone", "not a number"])
def test_a_broken_file_leaves_the_model_and_says_so(tmp_path: Path, write_onnx: WriteOnnx, damage: str) -> None:
    path = write_onnx(tmp_path / "model.onnx")
    whole = path.read_bytes()
    watcher = ModelWatcher(path, NOWHERE)
    first = watcher.loaded
    if damage == "gone":
        path.unlink()
    elif damage == "not a number":
        write_onnx(tmp_path / "nan.onnx", scale=float("nan")).replace(path)
    else:
        path.write_bytes({"cut off": whole[: len(whole) // 2], "text": b"a model", "empty": b""}[damage])
    check(watcher)
    assert watcher.loaded is first
    assert str(path) in (watcher.problem or "")
    assert "server still uses" in (watcher.problem or "")
    path.write_bytes(whole)
    check(watcher)
    assert watcher.problem is None
    assert watcher.loaded.version == first.version


def test_no_model_is_an_error_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(SpecimenError, match=r"model\.onnx: no such model\. `dvc pull` fetches it"):
        ModelWatcher(tmp_path / "model.onnx", NOWHERE)


def test_a_model_for_other_pictures_is_an_error(tmp_path: Path, write_onnx: WriteOnnx) -> None:
    path = write_onnx(tmp_path / "model.onnx", image_size=64)  # its network wants 32
    with pytest.raises(SpecimenError, match="cannot be used as a model"):
        ModelWatcher(path, NOWHERE)


@pytest.fixture
def repository(tmp_path: Path, write_onnx: WriteOnnx) -> Path:
    """A model with its `dvc.lock` and its metrics."""
    (tmp_path / "models").mkdir()
    model = write_onnx(tmp_path / "models/model.onnx")
    out = f"{{path: models/model.onnx, hash: md5, md5: {version(model)}, size: 1}}"
    (tmp_path / "dvc.lock").write_text(
        f"schema: '2.0'\nstages:\n  train:\n    cmd: x\n  export:\n    outs:\n    - {out}\n"
    )
    (tmp_path / "test.json").write_text(json.dumps({"rmse": 0.5}))
    return tmp_path


def metrics(folder: Path, model: str = "models/model.onnx") -> object:
    records = MetricsRecord(folder / "dvc.lock", folder / "test.json")
    return ModelWatcher(folder / model, records).loaded.metrics


def test_metrics_belong_to_the_model_that_dvc_lock_names(repository: Path, write_onnx: WriteOnnx) -> None:
    assert metrics(repository) == {"rmse": 0.5}
    shutil.copy(repository / "models/model.onnx", repository / "copy.onnx")
    assert metrics(repository, "copy.onnx") is None
    write_onnx(repository / "models/model.onnx", scale=0.02)
    assert metrics(repository) is None


def test_without_dvc_lock_the_metrics_are_those_of_the_model(repository: Path) -> None:
    (repository / "dvc.lock").unlink()
    assert metrics(repository) == {"rmse": 0.5}


@pytest.mark.parametrize("name", ["dvc.lock", "test.json"])
@pytest.mark.parametrize("content", ["", "<<<<<<< HEAD\n", "[]", "stages: 3", "stages: {a: {outs: [3]}}", "\x00", None])
def test_damaged_records_cost_the_metrics_and_no_more(repository: Path, name: str, content: str | None) -> None:
    (repository / name).unlink()
    if content is not None:
        (repository / name).write_text(content)
    assert metrics(repository) in (None, {"rmse": 0.5})


def test_a_pipe_in_the_place_of_the_model_is_not_read(tmp_path: Path, write_onnx: WriteOnnx) -> None:
    path = write_onnx(tmp_path / "model.onnx")
    watcher = ModelWatcher(path, NOWHERE)
    path.unlink()
    os.mkfifo(path)
    check(watcher)
    assert "model.onnx: not a file, so it cannot be used as a model. The server still uses" in (watcher.problem or "")
