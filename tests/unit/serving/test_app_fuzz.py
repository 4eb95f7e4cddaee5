"""Whatever a request contains, the server answers as its OpenAPI document promises, and never with status 500."""

import io
import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from PIL import Image
from schemathesis import GenerationMode, checks
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from specimen.serving.app import make_app
from specimen.serving.limits import Limits
from specimen.serving.model_watcher import MetricsRecord

WriteOnnx = Callable[..., Path]

IMAGES = int(os.environ.get("FUZZ_IMAGES", "200"))
"""How many mutated images are sent; to send more: FUZZ_IMAGES=2000 pytest tests/unit/serving/test_app_fuzz.py"""
NOWHERE = MetricsRecord(Path("no/dvc.lock"), Path("no/test.json"))


@pytest.fixture
def app(tmp_path: Path, write_onnx: WriteOnnx) -> Any:
    return make_app(
        write_onnx(tmp_path / "model.onnx", features=True),
        Limits(pixels=1_000_000),
        metrics_record=NOWHERE,
        hosts=["testserver"],
    )


@pytest.fixture
def client(app: Any) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


CHECKS = [checks.not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


OPERATIONS = ["GET /model", "GET /health", "GET /metrics", "POST /predict", "POST /explain"]


def test_every_operation_of_the_document_is_tried(app: Any) -> None:
    found = [result.ok() for result in schemathesis.openapi.from_asgi("/openapi.json", app).get_all_operations()]
    assert {f"{one.method.upper()} {one.path}" for one in found} == set(OPERATIONS)


@pytest.mark.parametrize(
    ("operation", "mode"),
    [(one, GenerationMode.POSITIVE) for one in OPERATIONS]
    + [(one, GenerationMode.NEGATIVE) for one in OPERATIONS if one.startswith("POST")],  # GET has nothing to get wrong
)
def test_the_openapi_document_holds(app: Any, operation: str, mode: GenerationMode) -> None:
    method, path = operation.split()
    document = schemathesis.openapi.from_asgi("/openapi.json", app)

    @given(document[path][method].as_strategy(generation_mode=mode))
    @settings(derandomize=True, deadline=None, max_examples=25, database=None, suppress_health_check=list(HealthCheck))
    def ask(case: Any) -> None:
        case.call_and_validate(checks=CHECKS)

    ask()


def whole_images() -> list[bytes]:
    """Return one good image of each kind."""
    spots = Image.fromarray(np.random.default_rng(1).integers(0, 256, (23, 37, 3), dtype=np.uint8))
    kinds = [("PNG", "RGB"), ("PNG", "P"), ("PNG", "I;16"), ("JPEG", "RGB"), ("JPEG", "CMYK"), ("TIFF", "RGBA"),
             ("TIFF", "F"), ("WEBP", "RGBA"), ("BMP", "P"), ("GIF", "P")]  # fmt: skip
    contents = []
    for kind, mode in kinds:
        file = io.BytesIO()
        spots.convert(mode).save(file, kind)
        contents.append(file.getvalue())
    return contents


def mutated(content: bytes, rng: np.random.Generator) -> bytes:
    """Change, cut, double or insert a few bytes; the first ones, where the formats keep their sizes, more often."""
    copy = bytearray(content)
    for _ in range(rng.integers(1, 6)):
        place = int(len(copy) * rng.random() ** 3)
        match rng.integers(4):
            case 0:
                copy[place : place + 1] = rng.bytes(1)
            case 1:
                del copy[place : place + int(rng.integers(1, 50))]
            case 2:
                copy[place:place] = copy[place : place + int(rng.integers(1, 50))]
            case _:
                copy[place : place + 4] = bytes([255, 255, 255, 255]) if rng.random() < 0.5 else rng.bytes(4)
        copy = copy or bytearray(b"\0")
    return bytes(copy)


def test_mutated_images_get_a_prediction_or_a_reason(client: TestClient) -> None:
    rng, statuses, contents = np.random.default_rng(0), Counter[int](), whole_images()
    for number in range(IMAGES):
        content = mutated(contents[number % len(contents)], rng)
        response = client.post("/predict", files=[("images", (f"{number}.png", content))])
        statuses[response.status_code] += 1
        assert response.status_code in (200, 413, 415, 422), response.text
        answer = response.json()
        assert "prediction" in answer["results"][0] or answer["message"]
    assert statuses[200] > IMAGES / 20
    assert statuses[415] + statuses[422] > IMAGES / 20
