"""The running server: it follows its model, shuts down cleanly, and does not start without what it needs."""

import http.client
import io
import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from live_server import serve_in_thread
from PIL import Image

import serve
from specimen.common.errors import SpecimenError

SCRIPT = Path(serve.__file__).resolve()
TIMEOUT = 120
BOUNDARY = "----specimen"

WriteOnnx = Callable[..., Path]


@contextmanager
def started(model: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run `src/serve.py`; yield the process and its port."""
    command = [sys.executable, str(SCRIPT), "--model", str(model), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=model.parent) as process:
        try:
            assert process.stdout
            line = process.stdout.readline()
            url = re.search(r"http://127\.0\.0\.1:(\d+)/", line)
            assert url, line
            yield process, int(url[1])
        finally:
            process.kill()


def app_for(model: Path, *options: str) -> FastAPI:
    """Return the app of `src/serve.py` with these options."""
    return serve.app_of(serve.parse_options(["--model", str(model), *options]))


def form(*contents: bytes) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="images"; filename="a.png"\r\n\r\n'.encode()
    return b"".join(head + content + b"\r\n" for content in contents) + f"--{BOUNDARY}--\r\n".encode()


def photo(red: int = 200) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 40), (red, 0, 0)).save(file, "PNG")
    return file.getvalue()


def begin(port: int, body: bytes, sent: int | None = None) -> http.client.HTTPConnection:
    """Send the head and the first `sent` bytes of a request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    connection.putrequest("POST", "/predict")
    connection.putheader("Content-Type", f"multipart/form-data; boundary={BOUNDARY}")
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders()
    connection.send(body[:sent])
    return connection


def end(connection: http.client.HTTPConnection) -> tuple[int, Any]:
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    return response.status, answer


def get(port: int, path: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    connection.request("GET", path)
    text = connection.getresponse().read().decode()
    connection.close()
    return text


def wait_for(is_so: Callable[[], bool]) -> None:
    give_up = time.monotonic() + TIMEOUT
    while not is_so():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT).close()
    except ConnectionError:
        return True
    return False


def test_sigterm_ends_it_after_the_requests_that_it_has_accepted(tmp_path: Path, write_onnx: WriteOnnx) -> None:
    body = form(photo())
    with started(write_onnx(tmp_path / "model.onnx")) as (process, port):
        connections = [begin(port, body, sent=100) for _ in range(8)]
        wait_for(lambda: "specimen_requests_at_work 9.0" in get(port, "/metrics"))  # with the one that asks
        process.send_signal(signal.SIGTERM)
        wait_for(lambda: refuses(port))
        for connection in connections:
            connection.send(body[100:])
        answers = [end(connection) for connection in connections]
        assert process.wait(TIMEOUT) == 0
    assert [status for status, _ in answers] == [200] * 8
    assert [answer["results"][0]["prediction"] for _, answer in answers] == pytest.approx([2] * 8)


def test_a_new_model_takes_over_and_no_request_is_lost(tmp_path: Path, write_onnx: WriteOnnx) -> None:
    body, new_seen = form(photo()), Event()
    model = write_onnx(tmp_path / "model.onnx")

    def ask(port: int) -> list[tuple[int, str, float]]:
        answers = []
        while not new_seen.is_set() or len(answers) < 3:
            status, answer = end(begin(port, body))
            answers.append((status, answer["version"], answer["results"][0]["prediction"]))
            if answers[-1][2] > 3:
                new_seen.set()
        return answers

    with serve_in_thread(app_for(model)) as port, ThreadPoolExecutor(4) as pool:
        try:
            asking = [pool.submit(ask, port) for _ in range(4)]
            (tmp_path / "other.onnx").write_bytes(b"no model")
            (tmp_path / "other.onnx").replace(model)
            wait_for(lambda: bool(json.loads(get(port, "/health"))["problem"]))
            write_onnx(tmp_path / "other.onnx", scale=0.02).replace(model)
            assert new_seen.wait(TIMEOUT)
        finally:
            new_seen.set()
        answers = [answer for one in asking for answer in one.result(TIMEOUT)]
        health = json.loads(get(port, "/health"))
    assert {status for status, _, _ in answers} == {200}
    assert len({(version, round(prediction, 3)) for _, version, prediction in answers}) == 2
    assert health["problem"] is None


def test_a_large_request_is_refused_and_not_cut_off(tmp_path: Path, write_onnx: WriteOnnx) -> None:
    with serve_in_thread(app_for(write_onnx(tmp_path / "model.onnx"), "--max-request", "2")) as port:
        status, answer = end(begin(port, form(bytes(3_500_000))))
    assert (status, answer["code"]) == (413, "too_large")


def test_the_key_comes_from_the_environment(
    tmp_path: Path, write_onnx: WriteOnnx, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPECIMEN_API_KEY", "secret")
    with TestClient(app_for(write_onnx(tmp_path / "model.onnx")), base_url="http://localhost") as client:
        assert client.get("/model").json()["code"] == "no_key"
        assert client.get("/health").json()["ready"]


def test_without_a_model_it_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["serve.py", "--port", "0"])
    with pytest.raises(SpecimenError, match=r"models/model\.onnx: no such model\. `dvc pull` fetches it"):
        serve.main()


def test_a_taken_port_is_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        monkeypatch.setattr(sys, "argv", ["serve.py", "--port", port])
        with pytest.raises(SpecimenError, match=rf"cannot serve on port {port} of 127\.0\.0\.1: it is taken\."):
            serve.main()


@pytest.mark.parametrize("option", ["--max-file", "--timeout", "--max-images", "--max-concurrent"])
@pytest.mark.parametrize("value", ["0", "-1", "nan", "many"])
def test_a_value_that_cannot_be_a_limit_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], option: str, value: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["serve.py", option, value])
    with pytest.raises(SystemExit, match="2"):
        serve.main()
    assert option in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--max-file", "many", "'many' is not a number"),
        ("--max-file", "nan", "'nan' is not a number"),
        ("--timeout", "0", "0 is not above 0"),
        ("--timeout", "2000000", "2000000 is too large; it must be below 1,000,000"),
        ("--max-pixels", "inf", "inf is too large"),
        ("--max-images", "many", "'many' is not a whole number"),
        ("--max-images", "2.5", "'2.5' is not a whole number"),
        ("--max-images", "0", "0 is not above 0"),
    ],
)
def test_a_limit_is_refused_for_what_is_wrong_with_it(
    capsys: pytest.CaptureFixture[str], option: str, value: str, message: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        serve.parse_options([option, value])
    assert f"argument {option}: {message}" in capsys.readouterr().err


def test_the_limits_are_those_of_the_options(tmp_path: Path, write_onnx: WriteOnnx) -> None:
    options = ("--max-file", "2", "--max-request", "7.5", "--max-pixels", "3", "--max-images", "4")
    with TestClient(app_for(write_onnx(tmp_path / "model.onnx"), *options), base_url="http://localhost") as client:
        limits = client.get("/model").json()["limits"]
    assert limits == {"file_bytes": 2_000_000, "request_bytes": 7_500_000, "pixels": 3_000_000, "images": 4}


@pytest.mark.parametrize(
    ("option", "value", "enough"), [("--max-pixels", "200", "6400"), ("--max-request", "400", "3200")]
)
def test_a_limit_that_does_not_fit_in_the_memory_is_refused_at_the_start(
    tmp_path: Path, write_onnx: WriteOnnx, option: str, value: str, enough: str
) -> None:
    model = write_onnx(tmp_path / "model.onnx")
    with pytest.raises(SpecimenError, match=rf"{option} may need .* lower the one, or raise the other to {enough}\.$"):
        app_for(model, option, value)
    app_for(model, option, value, "--max-memory", enough)
