"""prepare and predict on a Ray cluster of two nodes on this machine: the same bytes, also when a node is lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import DrawPhotos, WriteOnnx
from projects import SMALL, run_script, write_params

ray = pytest.importorskip("ray", reason="needs the extra ray")
from ray.cluster_utils import Cluster  # noqa: E402

from specimen.common import ray_map  # noqa: E402
from specimen.common.errors import SpecimenError  # noqa: E402
from specimen.common.ray_map import ADDRESS, shared_map  # noqa: E402

PHOTOS = 60


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A cluster of a head, which works on nothing, and a node of two cores."""
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    made.add_node(num_cpus=2)
    made.wait_for_nodes()
    yield made
    ray.shutdown()
    made.shutdown()


@pytest.fixture
def on_cluster(cluster: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv(ADDRESS, cluster.address)
    return cluster


@pytest.fixture
def project(tmp_path: Path, draw_photos: DrawPhotos) -> Path:
    table = draw_photos(tmp_path / "data/raw", PHOTOS)
    (tmp_path / "data/raw/photo_7.png").write_bytes(b"not a photo")
    table.to_csv(tmp_path / "data/raw/labels.csv", index=False)
    write_params(tmp_path, SMALL)
    return tmp_path


def written(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_prepare_writes_the_same_bytes(project: Path, cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run_script(project, "prepare")
    alone = written(project / "data/prepared")
    assert len(pd.read_csv(project / "data/prepared/rejected.csv")) == 1
    monkeypatch.setenv(ADDRESS, cluster.address)
    run_script(project, "prepare")
    assert written(project / "data/prepared") == alone


def test_predict_writes_the_same_bytes(
    project: Path, cluster: Any, write_onnx: WriteOnnx, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = write_onnx(project / "model.onnx", features=True)
    words = ("predict", "data/raw", "--model", str(model), "-o")
    run_script(project, *words, "alone.csv")
    monkeypatch.setenv(ADDRESS, cluster.address)
    run_script(project, *words, "shared.csv")
    assert (project / "shared.csv").read_bytes() == (project / "alone.csv").read_bytes()
    assert pd.read_csv(project / "shared.csv")["error"].notna().sum() == 1


def test_a_node_that_is_killed_costs_no_result(on_cluster: Any, tmp_path: Path) -> None:
    """What it is killed over is done again on the other."""
    begun = tmp_path / "begun"
    second = on_cluster.add_node(num_cpus=2)
    lost = second.node_id

    def work(item: int) -> int:
        if ray.get_runtime_context().get_node_id() == lost:
            begun.touch()
            time.sleep(600)
        while not begun.exists():  # so that the first node does not do it all
            time.sleep(0.05)
        return item * item

    with ThreadPoolExecutor() as pool:
        results = pool.submit(list, shared_map(lambda item: item, work, range(24)))
        while not begun.exists():
            assert not results.done(), results.result()
            time.sleep(0.05)
        on_cluster.remove_node(second, allow_graceful=False)
        assert results.result(300) == [item * item for item in range(24)]


def test_an_error_of_a_node_is_that_of_the_work(on_cluster: Any) -> None:
    def fail(item: int) -> int:
        raise MemoryError(f"photo {item}")

    with pytest.raises(MemoryError, match="photo 1"):
        list(shared_map(lambda item: item, fail, [1]))


def test_a_node_with_other_libraries_is_refused(on_cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The node knows nothing of what is patched here."""
    versions = {**ray_map._versions(), "pillow": "1.0"}
    monkeypatch.setattr(ray_map, "_versions", lambda: versions)
    with pytest.raises(SpecimenError, match=r"SPECIMEN_RAY: pillow is .* on .*, and 1\.0 where the results go"):
        list(shared_map(abs, abs, [1]))
