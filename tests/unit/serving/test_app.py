"""The server answers what the model predicts, within its limits, and says what is wrong with a request."""

import base64
import errno
import io
import json
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import builders
import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from specimen.data.readers.decode import decode
from specimen.inference.load import load_predictor
from specimen.onnx.network import OnnxNetwork
from specimen.serving import decoding
from specimen.serving.app import make_app
from specimen.serving.decode_process import DecodeProcess, TooMuchTimeError
from specimen.serving.limits import Limits
from specimen.serving.model_watcher import MetricsRecord

SRC = Path(__file__).parents[3] / "src"
LIMITS = Limits()
LOCALHOST = "http://localhost"
NOWHERE = MetricsRecord(Path("no/dvc.lock"), Path("no/test.json"))

Serve = Callable[..., Any]


@pytest.fixture
def serve(tmp_path: Path, write_onnx: Callable[..., Path]) -> Serve:
    """A function that opens a client of a server with a small model; it takes options of the model and of the app."""

    @contextmanager
    def open_client(
        limits: Limits = LIMITS,
        *,
        classes: bool = False,
        features: bool = False,
        white_level: float | None = None,
        **app: Any,
    ) -> Iterator[TestClient]:
        model = write_onnx(tmp_path / "model.onnx", classes=classes, features=features, white_level=white_level)
        with TestClient(make_app(model, limits, **{"metrics_record": NOWHERE, **app}), base_url=LOCALHOST) as client:
            yield client

    return open_client


def photo(colour: tuple[int, int, int] = (200, 40, 30), sides: tuple[int, int] = (40, 40), kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", sides, colour).save(file, kind)
    return file.getvalue()


def images(*contents: bytes, suffix: str = "png") -> list[tuple[str, tuple[str, bytes]]]:
    return [("images", (f"photo_{number}.{suffix}", content)) for number, content in enumerate(contents)]


def test_a_number_is_that_of_the_predictor_with_its_interval_and_unit(serve: Serve, tmp_path: Path) -> None:
    content = photo((123, 0, 0), (60, 33), "JPEG")
    with serve() as client:
        answer = client.post("/predict", files=images(content)).json()
    predictor = load_predictor(tmp_path / "model.onnx")
    row = predictor.predict(decode(content, 32, "pad")[0][None], pd.DataFrame(index=[0])).iloc[0]
    result = answer["results"][0]
    assert result["prediction"] == pytest.approx(row["prediction"], abs=1e-5)
    assert (result["low"], result["high"]) == pytest.approx((row["low"], row["high"]), abs=1e-5)
    assert (result["file"], result["unit"]) == ("photo_0.png", "g")
    assert 0.5 < result["prediction"] < 1.3


def test_a_class_comes_with_its_confidence_its_set_and_the_three_most_probable(serve: Serve) -> None:
    with serve(classes=True) as client:
        result = client.post("/predict", files=images(photo((60, 64, 61)))).json()["results"][0]
    assert result["prediction"] == "green"
    assert [one["name"] for one in result["top"]] == ["green", "blue", "red"]
    assert result["confidence"] == result["top"][0]["probability"]
    assert sum(one["probability"] for one in result["top"]) == pytest.approx(1, abs=1e-5)
    assert set(result["prediction_set"]) == {"red", "green", "blue"}


@pytest.mark.parametrize("classes", [False, True])
def test_an_image_unlike_the_training_photos_is_marked(
    tmp_path: Path, write_onnx: Callable[..., Path], classes: bool
) -> None:
    model = write_onnx(tmp_path / "model.onnx", classes=classes, novelty=True)
    with TestClient(make_app(model, LIMITS, metrics_record=NOWHERE), base_url=LOCALHOST) as client:
        results = client.post("/predict", files=images(photo((99, 0, 0)), photo((120, 0, 0)))).json()["results"]
        heat = client.post("/explain", files=images(photo((120, 0, 0)))).json()
    assert [one["unlike"] for one in results] == [False, True]
    assert heat["result"]["unlike"] is True


def test_a_model_that_does_not_know_its_training_photos_marks_none(serve: Serve) -> None:
    with serve() as client:
        assert client.post("/predict", files=images(photo())).json()["results"][0]["unlike"] is None


def test_many_images_are_answered_in_their_order(serve: Serve) -> None:
    reds = [250, 3, 140, 77, 12] * 6
    with serve() as client:
        results = client.post("/predict", files=images(*(photo((red, 0, 0)) for red in reds))).json()["results"]
    assert [one["file"] for one in results] == [f"photo_{number}.png" for number in range(30)]
    np.testing.assert_allclose([one["prediction"] for one in results], np.array(reds) / 100, atol=1e-4)


def test_a_bad_image_has_its_reason_and_the_others_their_predictions(serve: Serve) -> None:
    with serve() as client:
        response = client.post("/predict", files=images(photo(), b"only words", photo()[:-30], photo()))
    assert response.status_code == 200
    results = response.json()["results"]
    assert ["prediction" in one for one in results] == [True, False, False, True]
    assert [one["code"] for one in results[1:3]] == ["not_an_image", "damaged"]
    assert results[1]["error"].startswith("photo_1.png: none of the formats BMP, JPEG")


@pytest.mark.parametrize(
    ("contents", "status", "code"),
    [
        ([b"only words"], 415, "not_an_image"),
        ([b""], 415, "not_an_image"),
        ([b"words", b"more words"], 415, "not_an_image"),
        ([photo()[:-30]], 422, "damaged"),
        ([photo(sides=(110, 100))], 413, "too_many_pixels"),
        ([photo() + bytes(50_000)], 413, "too_large"),
        ([b"words", photo()[:-30]], 422, "no_image"),
    ],
)
def test_when_no_image_can_be_used_the_status_says_why(
    serve: Serve, contents: list[bytes], status: int, code: str
) -> None:
    with serve(Limits(pixels=10_000, file_bytes=40_000)) as client:
        response = client.post("/predict", files=images(*contents))
    assert response.status_code == status
    answer = response.json()
    assert answer["code"] == code
    assert "photo_0.png" in answer["message"]
    assert len(answer["results"]) == len(contents)


def test_a_file_beyond_the_limit_spares_the_others(serve: Serve) -> None:
    with serve(Limits(file_bytes=40_000)) as client:
        results = client.post("/predict", files=images(photo() + bytes(300_000), photo())).json()["results"]
    assert results[0]["error"] == "photo_0.png: larger than 0.04 MB"
    assert results[1]["prediction"] == pytest.approx(2)


def test_a_request_beyond_the_limit_is_refused(serve: Serve) -> None:
    with serve(Limits(request_bytes=100_000)) as client:
        response = client.post("/predict", files=images(*[bytes(60_000)] * 2))
    assert response.status_code == 413
    assert "larger than 0.1 MB" in response.json()["message"]


def test_too_many_images_are_refused(serve: Serve) -> None:
    with serve(Limits(images=2)) as client:
        response = client.post("/predict", files=images(photo(), photo(), photo()))
    assert response.status_code == 413
    assert response.json()["message"] == "more than 2 images in one request; send several."


@pytest.mark.parametrize(
    ("given", "added"),
    [
        ({"age": 6}, [1, 1]),
        ([{"age": 6}, {"age": 8}], [1, 2]),
        ([{"age": 2, "soil": "clay"}, {}], [-1, 0]),
        ({"age": None}, [0, 0]),
        ({}, [0, 0]),
    ],
)
def test_features_reach_the_model(serve: Serve, given: Any, added: list[float]) -> None:
    with serve(features=True) as client:
        response = client.post("/predict", files=images(photo(), photo()), data={"features": json.dumps(given)})
        plain = client.post("/predict", files=images(photo(), photo()))
    predictions = [one["prediction"] for one in response.json()["results"]]
    assert [one["prediction"] for one in plain.json()["results"]] == pytest.approx([2, 2])
    assert predictions == pytest.approx([2 + one for one in added])


def test_an_image_without_a_finite_prediction_is_an_error(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    compute = OnnxNetwork.__call__

    def break_dark_ones(network: OnnxNetwork, pictures: Any, features: Any) -> Any:
        logits, distance = compute(network, pictures, features)
        return np.where(pictures.max(axis=(1, 2, 3))[:, None] < 200, np.nan, logits), distance

    with serve() as client:
        monkeypatch.setattr(OnnxNetwork, "__call__", break_dark_ones)
        dark = photo((100, 0, 0))
        first, second = client.post("/predict", files=images(photo(), dark)).json()["results"]
        none = client.post("/predict", files=images(dark))
        explained = client.post("/explain", files=images(dark))
    assert first["prediction"] == pytest.approx(2)
    assert second["code"] == "no_prediction"
    assert second["error"].startswith("photo_1.png: the model computes a value that is not a finite number")
    for answer in (none, explained):
        assert (answer.status_code, answer.json()["code"]) == (422, "no_prediction")


def test_too_little_memory_for_an_image_is_an_error_of_the_server(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(*given: object) -> None:
        raise MemoryError

    monkeypatch.setattr(decoding, "decode", no_memory)
    with serve() as client:
        answer = client.post("/predict", files=images(photo()))
    assert (answer.status_code, answer.json()["code"]) == (503, "no_memory")
    assert answer.json()["message"].startswith("photo_0.png: the server has too little memory")


def test_an_image_of_12_bits_is_decoded_as_those_of_the_training(serve: Serve) -> None:
    file = io.BytesIO()
    Image.fromarray(np.full((32, 32), 2048, np.uint16)).save(file, "TIFF")
    with serve(white_level=4095) as client:
        [result] = client.post("/predict", files=images(file.getvalue(), suffix="tiff")).json()["results"]
    assert result["prediction"] == pytest.approx(1.28)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ('{"agee": 3}', "unknown feature 'agee'. Did you mean 'age'? Features of this model: age, soil."),
        ('{"age": "three"}', "features.age: 'three' is text, not a number or null."),
        ('{"age": 1e300}', "too large"),
        ('{"age": NaN}', "not valid JSON"),
        ('{"age": [[[]]]}', "is a list, not a number"),
        ('{"soil": "loam"}', "unknown value 'loam'. Accepted: clay, sand."),
        ('{"soil": {}}', "unknown value {}."),
        ("[{}]", "a list of 1 for 2 images"),
        ("[{}, 7]", "features[1]: 7 is a number, not an object"),
        ("7", "not an object for all images, or a list"),
        ("{", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
    ],
)
def test_wrong_features_are_named(serve: Serve, given: str, message: str) -> None:
    with serve(features=True) as client:
        response = client.post("/predict", files=images(photo(), photo()), data={"features": given})
    assert response.status_code == 422
    assert response.json()["code"] == "bad_features"
    assert message in response.json()["message"]


@pytest.mark.parametrize(
    ("sent", "status", "message"),
    [
        ({"json": {}}, 415, "Content-Type is application/json; send multipart/form-data"),
        ({"content": b"x"}, 415, "Content-Type is missing"),
        ({"files": [("photo", ("a.png", b"x"))]}, 422, "unknown field 'photo'. Accepted: images, features."),
        ({"files": [("features", ("a.json", b"{}"))]}, 422, "features: a file, not text"),
        ({"files": [("images", (None, b"x"))]}, 422, "images: text, not a file"),
        ({"files": [("features", (None, b"{}"))]}, 422, "no image in the request"),
        ({"files": [("features", (None, b"{}"))] * 2}, 422, "given twice"),
        ({"files": [("features", (None, b"{}"))] * 3}, 422, "too many fields"),
        ({"files": [("features", (None, b" " * 1_100_000))]}, 413, "features: more than 1 MB"),
        ({"content": b"x", "headers": {"Content-Type": "multipart/form-data"}}, 400, "Missing boundary"),
        ({"content": b"x", "headers": {"Content-Type": "multipart/form-data; boundary=b"}}, 400, "cannot be read"),
        (
            {"content": b"--b\r\nX: y\r\n\r\n", "headers": {"Content-Type": "multipart/form-data; boundary=b"}},
            400,
            "name",
        ),
    ],
)
@pytest.mark.parametrize("path", ["/predict", "/explain"])
def test_a_malformed_request_is_refused_with_the_reason(
    serve: Serve, path: str, sent: dict[str, Any], status: int, message: str
) -> None:
    if path == "/explain":
        message = message.replace("no image in the request", "0 images in the request; /explain takes one")
    with serve() as client:
        response = client.post(path, **sent)
    assert (response.status_code, response.json()["results"]) == (status, [])
    assert message in response.json()["message"]


@pytest.mark.parametrize("name", ["../../etc/passwd", "C:\\photos\\a.png", 'a"b\n.png', "ü\u200e.png", "x" * 500, " "])
def test_hostile_names_of_files_stay_names(serve: Serve, name: str) -> None:
    with serve() as client:
        response = client.post("/predict", files=[("images", (name, photo()))])
    assert response.status_code == 200
    found = response.json()["results"][0]["file"]
    assert 0 < len(found) <= 200
    assert "/" not in found
    assert "\\" not in found


def test_explain_finds_the_part_that_counts(serve: Serve) -> None:
    picture = np.zeros((32, 32, 3), dtype=np.uint8)
    picture[4:12, 20:28, 0] = 255
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    with serve() as client:
        answer = client.post("/explain", files=images(file.getvalue())).json()
    heat = np.array(answer["heat"])
    assert heat.shape == (32, 32)
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    assert 4 <= row < 12
    assert 20 <= column < 28
    assert 0 < answer["change"] <= answer["result"]["prediction"]
    assert answer["result"]["prediction"] == pytest.approx(2.55 * 64 / 1024, abs=1e-4)
    shown = Image.open(io.BytesIO(base64.b64decode(answer["picture"].split(",")[1])))
    np.testing.assert_array_equal(np.asarray(shown), picture)


def test_explain_takes_one_image(serve: Serve) -> None:
    with serve() as client:
        two, bad = (client.post("/explain", files=images(*those)) for those in ([photo()] * 2, [b"words"]))
    assert (two.status_code, two.json()["code"]) == (422, "no_image")
    assert (bad.status_code, bad.json()["code"]) == (415, "not_an_image")


def test_the_model_is_described(serve: Serve, tmp_path: Path) -> None:
    with serve(features=True) as client:
        found = client.get("/model").json()
        health = client.get("/health").json()
    assert (found["task"], found["target"], found["unit"], found["coverage"]) == (
        "regression",
        "fresh_weight",
        "g",
        0.9,
    )
    assert found["features"][0] == {"name": "age", "kind": "number", "typical": 4.0, "categories": None}
    assert found["features"][1]["categories"] == ["clay", "sand"]
    assert (found["image_size"], found["resize"], found["limits"]["images"]) == (32, "pad", 32)
    assert found["metrics"] is None
    assert health == {"ready": True, "version": found["version"], "problem": None}


def test_prometheus_sees_requests_images_and_the_model(serve: Serve) -> None:
    with serve() as client:
        client.post("/predict", files=images(photo(), b"words"))
        client.get("/no/such/page")
        version = client.get("/model").json()["version"]
        text = client.get("/metrics").text
    assert 'specimen_requests_total{method="POST",path="/predict",status="200"} 1.0' in text
    assert 'specimen_requests_total{method="GET",path="other",status="404"} 1.0' in text
    assert 'specimen_images_total{outcome="predicted"} 1.0' in text
    assert 'specimen_images_total{outcome="not_an_image"} 1.0' in text
    assert f'specimen_model{{version="{version}"}} 1.0' in text


def test_a_key_locks_all_but_page_and_health(serve: Serve) -> None:
    with serve(api_key="secret") as client:
        for path in ("/model", "/metrics", "/openapi.json", "/nothing"):
            assert client.get(path).status_code == 401
            assert client.get(path, headers={"Authorization": "Bearer other"}).status_code == 401
        refused = client.post("/predict", files=images(photo()))
        assert client.post("/explain", files=images(photo())).status_code == 401
        assert client.get("/health").status_code == 200
        assert client.get("/").status_code == 200
        assert client.get("/page/page.css").status_code == 200
    with serve(api_key="key") as client:
        key = {"Authorization": "Bearer key"}
        assert client.post("/predict", files=images(photo()), headers=key).status_code == 200
        assert client.get("/openapi.json", headers=key).json()["components"]["securitySchemes"]
    assert refused.json()["message"] == "this server requires its API key: Authorization: Bearer <key>."
    assert refused.headers["WWW-Authenticate"] == "Bearer"


def test_other_sites_may_ask_only_when_named(serve: Serve) -> None:
    origin = {"Origin": "https://lab.example"}
    with serve() as client:
        assert "access-control-allow-origin" not in client.get("/model", headers=origin).headers
    with serve(origins=["https://lab.example"]) as client:
        assert client.get("/model", headers=origin).headers["access-control-allow-origin"] == origin["Origin"]
        asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
        assert client.options("/predict", headers=origin | asked).status_code == 200
        assert client.options("/predict", headers={"Origin": "https://other.example"} | asked).status_code == 400
        other = client.get("/model", headers={"Origin": "https://other.example"})
        assert "access-control-allow-origin" not in other.headers


def test_the_page_loads_nothing_from_elsewhere(serve: Serve) -> None:
    with serve() as client:
        index = client.get("/")
        files = [path.name for path in (SRC / "specimen/serving/page").iterdir()]
        contents = {name: client.get("/page/" + name) for name in files if name != "index.html"}
    assert "text/html" in index.headers["content-type"]
    policy = index.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for name, response in contents.items():
        assert response.status_code == 200, name
        assert response.headers["x-content-type-options"] == "nosniff"
        # The name of a standard, not an address that is loaded.
        assert "http" not in response.text.replace("http://www.w3.org/2000/svg", ""), name
        assert "innerHTML" not in response.text, name


def test_the_server_imports_no_torch_and_no_reader_of_sheets(tmp_path: Path, write_onnx: Callable[..., Path]) -> None:
    program = (
        "import sys; from pathlib import Path; from specimen.serving.app import make_app; make_app(Path(sys.argv[1])); "
        "import serve; print(*(name for name in sys.argv[2:] if name in sys.modules))"
    )
    model = write_onnx(tmp_path / "model.onnx")
    kept_out = ("torch", "torchvision", "sklearn", "matplotlib", "dvc", "python_calamine", "openpyxl")
    done = subprocess.run(
        [sys.executable, "-c", program, str(model), *kept_out], cwd=SRC, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


def test_more_pictures_than_fit_are_asked_to_retry(serve: Serve) -> None:
    """A decoder that waits keeps a request in progress while others arrive."""
    may = Event()
    with serve(Limits(pictures=3, file_bytes=10**6)) as client, ThreadPoolExecutor() as pool:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(decoding, "decode", lambda *given: (may.wait(60), decode(*given))[1])
            first = pool.submit(client.post, "/predict", files=images(*[photo()] * 5))
            while "specimen_requests_at_work 2.0" not in client.get("/metrics").text:
                pass
            refused = client.post("/predict", files=images(photo()))
            may.set()
            assert first.result(60).status_code == 200, "alone it fits, however large"
        assert client.post("/predict", files=images(photo())).status_code == 200
    assert (refused.status_code, refused.json()["code"], refused.headers["Retry-After"]) == (429, "busy", "1")


def test_work_that_takes_too_long_is_given_up(serve: Serve) -> None:
    may = Event()
    with serve(Limits(seconds=0.2)) as client, pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoding, "decode", lambda *given: (may.wait(60), decode(*given))[1])
        response = client.post("/predict", files=images(photo()))
        may.set()
    assert (response.status_code, response.json()["code"]) == (503, "too_slow")


def test_a_head_that_never_ends_is_refused(serve: Serve) -> None:
    content = b'--b\r\nContent-Disposition: form-data; name="images"; filename="' + b"a" * 5_000_000
    with serve() as client:
        response = client.post("/predict", content=content, headers={"Content-Type": "multipart/form-data; boundary=b"})
        assert client.get("/health").status_code == 200
    assert (response.status_code, response.json()["code"]) == (400, "bad_form")


def test_a_full_disk_stops_nothing(serve: Serve) -> None:
    with serve() as client, pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "TemporaryFile", no_space)
        response = client.post("/predict", files=images(photo() + bytes(6_000_000)))
    assert response.status_code == 200


def no_space(*_: Any, **__: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/no/such/page", 404, "not_found"),
        ("GET", "/page/no.js", 404, "not_found"),
        ("POST", "/no/such/page", 404, "not_found"),
        ("GET", "/predict", 405, "wrong_method"),
        ("DELETE", "/model", 405, "wrong_method"),
    ],
)
def test_what_the_server_does_not_have_is_refused_in_the_form_of_all_refusals(
    serve: Serve, method: str, path: str, status: int, code: str
) -> None:
    with serve() as client:
        response = client.request(method, path)
    assert (response.status_code, response.json()["code"], response.json()["results"]) == (status, code, [])


def test_health_can_be_asked_for_its_head_alone(serve: Serve) -> None:
    with serve() as client:
        response = client.head("/health")
    assert (response.status_code, response.content) == (200, b"")


def test_a_bug_is_answered_in_the_form_of_all_refusals(tmp_path: Path, write_onnx: Callable[..., Path]) -> None:
    app = make_app(write_onnx(tmp_path / "model.onnx"), metrics_record=NOWHERE)
    client = TestClient(app, base_url=LOCALHOST, raise_server_exceptions=False)
    with client, pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoding, "decode", lambda *_: 1 / 0)
        response = client.post("/predict", files=images(photo()))
    assert (response.status_code, response.json()["code"]) == (500, "internal")


def test_the_document_says_how_many_images_a_request_may_have(serve: Serve) -> None:
    with serve(Limits(images=7)) as client:
        form = client.get("/openapi.json").json()["paths"]["/predict"]["post"]["requestBody"]
    assert form["content"]["multipart/form-data"]["schema"]["properties"]["images"]["maxItems"] == 7


def test_a_jpeg_of_many_scans_is_refused_by_its_name(serve: Serve) -> None:
    with serve() as client:
        response = client.post("/predict", files=images(builders.jpeg_of_scans(101)))
        usual = client.post("/predict", files=images(builders.jpeg_of_scans(11)))
    assert (response.status_code, response.json()["code"]) == (413, "too_many_scans")
    assert "photo_0.png: a JPEG of more than 100 scans" in response.json()["message"]
    assert usual.status_code == 200


def test_an_image_beyond_the_limit_of_pillow_is_refused_by_ours(serve: Serve) -> None:
    sides = struct.pack("<ii", 20_000, 20_000)
    bmp = (
        b"BM"
        + struct.pack("<IHHI", 58, 0, 0, 54)
        + struct.pack("<I", 40)
        + sides
        + struct.pack("<HH6I", 1, 24, *[0] * 6)
    )
    with serve() as client:
        response = client.post("/predict", files=images(bmp + bytes(100)))
    assert (response.status_code, response.json()["code"]) == (413, "too_many_pixels")
    assert "more than 50,000,000" in response.json()["message"]


def test_a_small_image_does_not_wait_for_large_ones(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, may = Event(), Event()

    def wait(*given: Any) -> Any:
        begun.set()
        assert may.wait(60)
        return np.zeros((32, 32, 3), np.uint8), (2500, 2000)

    monkeypatch.setattr(DecodeProcess, "decode", wait)
    monkeypatch.setattr(decoding, "available_cores", lambda: 1)
    large = photo(sides=(2500, 2000))
    with serve() as client, ThreadPoolExecutor(1) as others:
        waiting = others.submit(client.post, "/predict", files=images(large, large))
        assert begun.wait(60)
        assert client.post("/predict", files=images(photo())).status_code == 200
        may.set()
        assert waiting.result().status_code == 200


def test_a_large_image_has_the_prediction_that_it_has_elsewhere(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    content = photo((10, 20, 30), (90, 60), "JPEG")
    with serve() as client:
        monkeypatch.setattr(decoding, "QUICK_SECONDS", 1)
        expected = client.post("/predict", files=images(content)).json()
        monkeypatch.setattr(decoding, "QUICK_SECONDS", 0)
        assert client.post("/predict", files=images(content)).json() == expected


def test_an_image_that_takes_too_long_is_an_error_of_the_image(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_long(*given: Any) -> Any:
        raise TooMuchTimeError("it takes more than 10 s to decode")

    monkeypatch.setattr(decoding, "QUICK_SECONDS", 0)
    monkeypatch.setattr(DecodeProcess, "decode", too_long)
    with serve() as client:
        answer = client.post("/predict", files=images(photo()))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_costly")
    assert answer.json()["message"] == "photo_0.png: it takes more than 10 s to decode"
