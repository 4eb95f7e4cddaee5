"""What the doctor says of a machine."""

from collections import namedtuple
from pathlib import Path

import projects
import pytest

from specimen.doctor import machine
from specimen.doctor.place import Place

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_python_that_is_too_old_is_a_fault(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine.check_python(place).status == "ok"
    monkeypatch.setattr(machine.sys, "version_info", (3, 10, 9))
    found = machine.check_python(place)
    assert found.status == "fault"
    assert "3.11 to 3.14" in found.what


def test_packages_of_another_version_than_the_pins_are_named(place: Place) -> None:
    pins = place.root / "requirements/dev.txt"
    pins.parent.mkdir()
    pins.write_text("numpy==0.1 \\\n    --hash=sha256:ab\nnot-there==2.0\nonly-here==1 ; python_version < '3.0' \\\n")
    found = machine.check_packages(place)
    assert found is not None
    assert found.status == "warning"
    assert "2 of 2 packages" in found.what
    assert "not-there missing (2.0)" in found.what


def test_packages_that_are_pinned_are_well(place: Place) -> None:
    from importlib import metadata

    pins = place.root / "requirements/dev.txt"
    pins.parent.mkdir()
    pins.write_text(f"numpy=={metadata.version('numpy')} \\\n    --hash=sha256:ab\n")
    found = machine.check_packages(place)
    assert found is not None
    assert found.status == "ok"


@pytest.mark.parametrize(
    ("free", "status"), [(10**8, "fault"), (10**9, "warning"), (10**11, "ok")], ids=["full", "scarce", "roomy"]
)
def test_the_room_on_the_disk_decides(place: Place, monkeypatch: pytest.MonkeyPatch, free: int, status: str) -> None:
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _folder: Usage(10**12, 0, free))
    assert machine.check_disk(place).status == status


@pytest.mark.parametrize(
    ("threads", "limit", "status", "text"),
    [
        (None, "max 100000", "ok", "8 threads on 8 cores"),
        (None, "200000 100000", "warning", "Set train.threads: 2"),
        (2, "200000 100000", "ok", "2 threads on 8 cores"),
        (64, "max 100000", "warning", "Set train.threads: 8"),
    ],
    ids=["all cores", "a limited container", "params know the limit", "more threads than cores"],
)
def test_threads_beyond_what_the_machine_gives_are_a_warning(
    place: Place, monkeypatch: pytest.MonkeyPatch, threads: int | None, limit: str, status: str, text: str
) -> None:
    file = place.root / "cpu.max"
    file.write_text(limit + "\n")
    monkeypatch.setattr(machine, "_CPU_LIMIT", file)
    monkeypatch.setattr(machine, "available_cores", lambda: 8)
    projects.write_params(place.root, train={"threads": threads})
    found = machine.check_threads(place)
    assert found.status == status
    assert text in found.what + found.way_out


def test_a_gpu_that_params_ask_for_and_torch_does_not_find_is_a_fault(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(machine.shutil, "which", lambda _name: None)
    assert machine.check_gpu(place).status == "ok"
    monkeypatch.setattr(machine.shutil, "which", lambda name: f"/usr/bin/{name}")
    assert machine.check_gpu(place).status == "warning"
    projects.write_params(place.root, train={"device": "cuda"})
    assert machine.check_gpu(Place(place.root)).status == "fault"


def test_a_precision_that_the_hardware_does_not_have_is_a_warning(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from specimen.models import device

    monkeypatch.setattr(device, "_has_native_bf16", lambda _device: False)
    monkeypatch.setattr(device, "pick_device", lambda _wanted: torch.device("cpu"))
    assert machine.check_precision(place).what == "fp32: no native bf16 on cpu"
    projects.write_params(place.root, train={"precision": "bf16"})
    assert machine.check_precision(Place(place.root)).status == "warning"
