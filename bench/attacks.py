"""What the server survives: each attack for a few seconds, while a well-behaved client with the key sends photos.

    python bench/attacks.py              # all, about three minutes
    python bench/attacks.py heads scans  # some of them

Everything stays on this machine. The attackers come from four other addresses of the loopback network, as they
would from elsewhere. Most have no key; those who send photos have one. The server may open 256 files. The largest
resident memory of the server and of the process in which it decodes large images (the sum of their VmHWM; compose.yaml
gives them 2 GiB) and the answer times of the client make up the table. Attackers, client and server share the cores,
so some of the time is theirs. The model is models/model.onnx or the file in MODEL.
"""

from __future__ import annotations

import http.client
import io
import os
import resource
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import quantiles

from PIL import Image

from serve import BOUNDARY, MODEL, ROOT, form

OPEN_FILES = 256
SECONDS = float(os.environ.get("SECONDS", "10"))
KEY = "a-key-for-the-bench"
CLIENT = "127.0.0.1"
STRANGERS = [f"127.0.0.{number}" for number in range(2, 6)]
HEADERS = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", "Authorization": f"Bearer {KEY}"}

Attack = Callable[[int, str, float], None]
"""Attacks the server on a port, from an address, until a time of the monotonic clock."""


@contextmanager
def server() -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run the server within its limits; yield the process and the port."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))

    command = [sys.executable, str(ROOT / "src/serve.py"), "--model", str(MODEL), "--port", "0"]
    environment = os.environ | {"SPECIMEN_API_KEY": KEY}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment,
        preexec_fn=limit,  # noqa: PLW1509 - this process has one thread so far
    ) as process:  # fmt: skip
        try:
            assert process.stdout
            line = process.stdout.readline()
            if not line:
                sys.exit(f"the server did not start; {' '.join(command)} says why")
            yield process, int(line.rsplit(":", 1)[1].strip("/\n"))
        finally:
            process.terminate()
            try:
                process.wait(100)
            except subprocess.TimeoutExpired:
                process.kill()


def connect(port: int, source: str) -> socket.socket:
    """Return a connection from an address of this machine."""
    return socket.create_connection(("127.0.0.1", port), 5, (source, 0))


def send_for_ever(port: int, source: str, until: float, head: bytes, piece: bytes) -> None:
    """Send a head, and then a piece again and again; begin again when the server closes the connection."""
    while time.monotonic() < until:
        with suppress(OSError), connect(port, source) as connection:
            connection.sendall(head)
            while time.monotonic() < until:
                connection.sendall(piece)


def heads(port: int, source: str, until: float) -> None:
    """Headers without end."""
    send_for_ever(port, source, until, b"GET /health HTTP/1.1\r\nHost: localhost\r\n", b"a: b\r\n" * 10_000)


def long_line(port: int, source: str, until: float) -> None:
    """One header without end."""
    send_for_ever(port, source, until, b"GET /health HTTP/1.1\r\nHost: ", b"a" * 60_000)


def trailers(port: int, source: str, until: float) -> None:
    """Trailers without end."""
    head = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
    send_for_ever(port, source, until, head, b"a: b\r\n" * 10_000)


def pipelining(port: int, source: str, until: float) -> None:
    """Requests without end, no answer is read."""
    send_for_ever(port, source, until, b"", b"GET /page/page.js HTTP/1.1\r\nHost: localhost\r\n\r\n" * 1000)


def idle(port: int, source: str, until: float) -> None:
    """Idle connections, as many as the server takes."""
    held: list[socket.socket] = []
    while time.monotonic() < until:
        with suppress(OSError):
            held.append(connect(port, source))
        if len(held) > 150:
            held.pop(0).close()
        time.sleep(0.005)


def slow_bodies(port: int, source: str, until: float) -> None:
    """Photos that never arrive, without the key."""
    head = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"
    held: list[socket.socket] = []
    while time.monotonic() < until:
        with suppress(OSError):
            held.append(connect(port, source))
            held[-1].sendall(head)
        if len(held) > 60:
            held.pop(0).close()
        time.sleep(0.02)


def post(port: int, source: str, until: float, body: bytes) -> None:
    """Send the same request with the key again and again."""
    while time.monotonic() < until:
        with suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=40, source_address=(source, 0))
            connection.request("POST", "/predict", body, HEADERS)
            connection.getresponse().read()
            connection.close()


def many(content: bytes, count: int) -> bytes:
    """Return the body of a request with so many photos."""
    one = form(content)
    end = f"--{BOUNDARY}--\r\n".encode()
    return one.removesuffix(end) * count + end


def scans() -> bytes:
    """JPEGs of 8,000 scans, with the key."""
    whole = progressive((2000, 2000))
    return form(whole[:-2] + whole[whole.rindex(b"\xff\xda") : -2] * 8000 + whole[-2:])


def many_scans() -> bytes:
    """32 JPEGs of 50 megapixels and 100 scans a request, with the key."""
    whole = progressive((8000, 6250))
    return many(whole[:-2] + whole[whole.rindex(b"\xff\xda") : -2] * 90 + whole[-2:], 32)


def bombs() -> bytes:
    """32 WebP of 50 megapixels a request, 32 requests at a time, with the key."""
    return many(webp((8000, 6250)), 32)


def small_bombs() -> bytes:
    """32 WebP of 3.3 megapixels a request, 32 requests at a time, with the key."""
    return many(webp((2000, 1660)), 32)


def large_requests() -> bytes:
    """32 files of 3.1 MB a request, 32 requests at a time, with the key."""
    return many(os.urandom(3_100_000), 32)


def webp(sides: tuple[int, int]) -> bytes:
    """Return a WebP of a few bytes."""
    file = io.BytesIO()
    Image.new("RGBA", sides, (0, 100, 0, 9)).save(file, "WEBP", lossless=True, method=0)
    return file.getvalue()


def progressive(sides: tuple[int, int]) -> bytes:
    """Return a green JPEG of 10 scans."""
    file = io.BytesIO()
    Image.new("RGB", sides, "green").save(file, "JPEG", progressive=True)
    return file.getvalue()


def posting(body: Callable[[], bytes]) -> Attack:
    """Return the attack that sends this body with the key."""
    made = body()
    return lambda port, source, until: post(port, source, until, made)


STRANGE: dict[str, tuple[Attack, int]] = {
    "heads": (heads, 4),
    "long_line": (long_line, 4),
    "trailers": (trailers, 4),
    "pipelining": (pipelining, 8),
    "idle": (idle, 4),
    "slow_bodies": (slow_bodies, 4),
}
"""Attacks without a key, and how many do the same at a time."""
BODIES: dict[str, tuple[Callable[[], bytes], int]] = {
    "scans": (scans, 4),
    "many_scans": (many_scans, 4),
    "bombs": (bombs, 32),
    "small_bombs": (small_bombs, 32),
    "large_requests": (large_requests, 32),
}
"""Requests with the key, and how many are sent at a time."""


def attack(name: str, port: int, seconds: float) -> None:
    """Attack from several addresses; say when it begins."""
    if name in BODIES:
        body, count = BODIES[name]
        one = posting(body)
    else:
        one, count = STRANGE[name]
    print("ready", flush=True)
    until = time.monotonic() + seconds
    with ThreadPoolExecutor(count) as pool:
        for number in range(count):
            pool.submit(one, port, STRANGERS[number % len(STRANGERS)], until)


def behave(port: int, stop: threading.Event, outcomes: Counter[str], seconds: list[float]) -> None:
    """Send a photo, wait for its prediction, pause and send the next; try again where the server asks for that."""
    file = io.BytesIO()
    Image.effect_noise((800, 600), 40).convert("RGB").save(file, "JPEG")
    body = form(file.getvalue())
    while not stop.is_set():
        begun = time.perf_counter()
        outcome = "failed"
        for _ in range(20):
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=40)
                connection.request("POST", "/predict", body, HEADERS)
                response = connection.getresponse()
                response.read()
                connection.close()
                outcome = str(response.status)
            except (OSError, http.client.HTTPException) as error:
                outcome = type(error).__name__
            if outcome != "429":
                break
            outcomes["429"] += 1
            time.sleep(0.5)
        outcomes[outcome] += 1
        seconds.append(time.perf_counter() - begun)
        time.sleep(0.1)


def memory_of(pid: int) -> float:
    """Return the most memory that a process and those that it started have had, in MB."""
    with suppress(OSError, StopIteration):  # it may end at any moment
        folder = Path(f"/proc/{pid}")
        lines = (folder / "status").read_text(encoding="utf-8").splitlines()
        own = int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024 / 1e6
        started = {child for task in (folder / "task").iterdir() for child in (task / "children").read_text().split()}
        return own + sum(memory_of(int(child)) for child in started)
    return 0.0


def measure(name: str) -> str:
    """Run one attack; return its row of the table."""
    with server() as (process, port):
        stop, outcomes, seconds = threading.Event(), Counter[str](), list[float]()
        client = threading.Thread(target=behave, args=(port, stop, outcomes, seconds))
        most = 0.0
        with attackers(name, port):
            client.start()
            until = time.monotonic() + SECONDS
            while time.monotonic() < until:
                most = max(most, memory_of(process.pid))
                time.sleep(0.1)
            stop.set()
            client.join()
        memory = f"{most:,.0f} MB" if process.poll() is None else "killed"
    parts = quantiles(seconds, n=20) if len(seconds) > 1 else [*seconds] * 20
    served = outcomes.pop("200", 0)
    others = ", ".join(f"{count} x {outcome}" for outcome, count in outcomes.items()) or "none"
    does = (BODIES[name][0] if name in BODIES else STRANGE[name][0]).__doc__ if name != "nothing" else "No attack."
    what = (does or name).rstrip(".")
    return f"| {what} | {memory} | {milliseconds(parts[9])} | {milliseconds(parts[18])} | {served} | {others} |"


def milliseconds(seconds: float) -> str:
    """Return `1,200 ms`, to two digits: more would be noise."""
    return f"{float(f'{seconds * 1e3:.2g}'):,.0f} ms"


@contextmanager
def attackers(name: str, port: int) -> Iterator[None]:
    """Attack from a process of its own, from when it is ready to the end of the block."""
    if name == "nothing":
        yield
        return
    command = [sys.executable, __file__, "attack", name, str(port), str(10 * SECONDS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        try:
            yield
        finally:
            process.kill()


def main() -> None:
    """Run the attacks that the command line names, or all."""
    match sys.argv[1:]:
        case ["attack", name, port, seconds]:
            attack(name, int(port), float(seconds))
        case names:
            if not MODEL.exists():
                sys.exit(f"{MODEL} does not exist; `dvc repro` makes it, or name another: MODEL=... {sys.argv[0]}")
            print("| attack | peak memory | answers to the client: median | p95 | served | other answers |")
            print("|---|---|---|---|---|---|")
            for name in names or ("nothing", *STRANGE, *BODIES):
                print(measure(name), flush=True)


if __name__ == "__main__":
    main()
