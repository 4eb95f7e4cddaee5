"""How fast and how steady the server is, compared with bare decoding and onnxruntime on the same cores.

    python bench/serve.py              # all, about ten minutes
    python bench/serve.py throughput   # or one of: start, throughput, overload, swaps, memory

The server and, in its turn, the bare loop run on the first half of the cores, the clients on the other half. Some
sandboxes ignore this, and the clients then use the server's cores as well; in that case look at the ratio by CPU time.
The model is models/model.onnx or the file in MODEL, the photos are drawn and 800 px wide.
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from threading import Lock
from typing import Any

ROOT = Path(__file__).parents[1]
MODEL = Path(os.environ.get("MODEL", ROOT / "models/model.onnx"))
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORES = set(CORES[: max(1, len(CORES) // 2)])
CLIENT_CORES = set(CORES[len(CORES) // 2 :])
CLIENTS = 16
PHOTOS = 32
SECONDS = float(os.environ.get("SECONDS", "60"))
REQUESTS = int(os.environ.get("REQUESTS", "10000"))
ROUNDS = 3
BOUNDARY = "----specimen"


def draw(folder: Path) -> None:
    """Draw JPEG photos of 800 x 600 pixels with the detail of a photograph."""
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(1)
    scene = Image.fromarray(rng.integers(0, 255, (60, 80, 3), dtype=np.uint8)).resize((800, 600))

    for number in range(PHOTOS):
        noisy = np.roll(np.asarray(scene, float), 20 * number, axis=1) + rng.normal(0, 8, (600, 800, 3))
        path = folder / f"{number:02}.jpg"
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(path, quality=88)


def form(content: bytes) -> bytes:
    """Return the body of a request with one photo."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="images"; filename="a.jpg"\r\n\r\n'
    return head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()


@contextmanager
def server(model: Path = MODEL) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run the server on its cores; yield the process and the port."""
    command = [sys.executable, str(ROOT / "src/serve.py"), "--model", str(model), "--port", "0"]
    os.sched_setaffinity(0, SERVER_CORES)  # which the server inherits
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    os.sched_setaffinity(0, CORES)
    try:
        assert process.stdout
        yield process, int(process.stdout.readline().rsplit(":", 1)[1].strip("/\n"))
    finally:
        process.terminate()
        process.wait(60)


def get(port: int, path: str) -> str:
    """Return the text at a path of the server."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path)
    text = connection.getresponse().read().decode()
    connection.close()
    return text


def gauge(port: int, name: str) -> float:
    """Return one number from `/metrics`."""
    lines = get(port, "/metrics").splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(name + " "))


def client(port: int, folder: Path, threads: int, limit: dict[str, float]) -> None:
    """Send photos until `seconds` or `requests` are used up, at a `rate` per second or as fast as answers come."""
    os.sched_setaffinity(0, CLIENT_CORES)
    bodies = [form(path.read_bytes()) for path in sorted(folder.glob("*.jpg"))]
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    lock = Lock()
    numbers = itertools.count()
    outcomes = Counter[str]()
    latencies: list[float] = []
    start = time.perf_counter()

    def work(_: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=90)
        while True:
            with lock:
                number = next(numbers)
            due = start + number / limit["rate"] if "rate" in limit else time.perf_counter()
            if due - start > limit.get("seconds", 1e9) or number >= limit.get("requests", 1e9):
                return
            time.sleep(max(0, due - time.perf_counter()))
            sent = time.perf_counter()
            try:
                connection.request("POST", "/predict", bodies[number % len(bodies)], headers)
                response = connection.getresponse()
                response.read()
                outcome = str(response.status)
            except (OSError, http.client.HTTPException) as error:
                outcome = type(error).__name__
                connection.close()
            with lock:
                outcomes[outcome] += 1
                if outcome == "200":
                    latencies.append(time.perf_counter() - sent)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))
    latencies.sort()
    print(json.dumps({
        "outcomes": outcomes, "seconds": time.perf_counter() - start,
        "p50": latencies[len(latencies) // 2], "p99": latencies[int(len(latencies) * 0.99)],
    }))  # fmt: skip


def load(port: int, folder: Path, threads: int, **limit: float) -> dict[str, Any]:
    """Run the clients in a process of their own."""
    command = [sys.executable, __file__, "client", str(port), str(folder), str(threads), json.dumps(limit)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    load_results: dict[str, Any] = json.loads(done.stdout)
    return load_results


def bare(folder: Path, seconds: float) -> None:
    """Decode in threads and predict in batches, with nothing around it; print photos per second and CPU per photo."""
    os.sched_setaffinity(0, SERVER_CORES)
    import numpy as np

    from specimen.common.prefetch import prefetch_map
    from specimen.data.readers.decode import decode
    from specimen.onnx.network import load_onnx

    predictor = load_onnx(MODEL)
    meta = predictor.meta
    contents = [path.read_bytes() for path in sorted(folder.glob("*.jpg"))]
    no_features = np.zeros((CLIENTS, meta.features_width), dtype=np.float32)

    def read(number: int) -> Any:
        return decode(contents[number % PHOTOS], meta.image_size, meta.resize, meta.white_level)[0]

    def batches() -> Iterator[Any]:
        pictures = []
        for picture in prefetch_map(read, itertools.count(), workers=len(SERVER_CORES)):
            pictures.append(picture)
            if len(pictures) == CLIENTS:
                yield np.stack(pictures)
                pictures = []

    count = 0
    start = 0.0
    cpu_start = 0.0
    for number, batch in enumerate(batches()):
        predictor.network(batch, no_features)
        if number == 2:  # warm
            count = 0
            start = time.perf_counter()
            cpu_start = time.process_time()
        count += len(batch)
        if number > 2 and time.perf_counter() - start > seconds:
            break
    count -= CLIENTS
    print(json.dumps({"rate": count / (time.perf_counter() - start), "cpu": (time.process_time() - cpu_start) / count}))


def throughput(folder: Path) -> float:
    """Measure both in turn, and print their rates; return the rate of the server."""
    rates, shares, cpu_shares, worst = [], [], [], []
    with server() as (_, port):
        load(port, folder, CLIENTS, seconds=3)
        for _ in range(ROUNDS):
            command = [sys.executable, __file__, "bare", str(folder), str(SECONDS / 6)]
            limit = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
            before = gauge(port, "process_cpu_seconds_total")
            measured = load(port, folder, CLIENTS, seconds=SECONDS / 6)
            cpu = (gauge(port, "process_cpu_seconds_total") - before) / measured["outcomes"]["200"]
            assert set(measured["outcomes"]) == {"200"}, measured
            rates.append(measured["outcomes"]["200"] / measured["seconds"])
            shares.append(rates[-1] / limit["rate"])
            cpu_shares.append(limit["cpu"] / cpu)
            worst.append(measured["p99"])
            print(f"  server {rates[-1]:.0f}/s, bare {limit['rate']:.0f}/s; CPU per photo {cpu * 1e3:.1f} ms, bare "
                  f"{limit['cpu'] * 1e3:.1f} ms; p50 {measured['p50'] * 1e3:.0f} ms, "
                  f"p99 {measured['p99'] * 1e3:.0f} ms")  # fmt: skip
    print(f"throughput: {CLIENTS} clients reach {median(shares):.2f} of the bare rate (wanted: 0.8), "
          f"{median(cpu_shares):.2f} by CPU time; p99 {median(worst) * 1e3:.0f} ms")  # fmt: skip
    return float(median(rates))


def overload(folder: Path) -> None:
    """Send twice what the server can do."""
    with server() as (process, port):
        sustainable = load(port, folder, CLIENTS, seconds=SECONDS / 6)
        rate = 2 * sustainable["outcomes"]["200"] / sustainable["seconds"]
        measured = load(port, folder, 96, rate=rate, seconds=SECONDS)
        alive = process.poll() is None
    outcomes = measured["outcomes"]
    failed = sum(count for outcome, count in outcomes.items() if outcome not in ("200", "429"))
    print(f"overload: {rate:.0f}/s for {SECONDS:.0f} s: {outcomes}, failed other than 429: {failed} (wanted: 0); "
          f"p99 of those served {measured['p99'] * 1e3:.0f} ms; still running: {alive}")  # fmt: skip


def swaps(folder: Path) -> None:
    """Replace the model again and again while clients send photos."""
    from specimen.onnx.checksum import write_checksum

    content = MODEL.read_bytes()
    model, new = folder / "model.onnx", folder / "new.onnx"
    model.write_bytes(content)
    versions: set[str] = set()
    with server(model) as (_, port), ThreadPoolExecutor(1) as clients:
        loading = clients.submit(load, port, folder, CLIENTS, seconds=SECONDS)
        while not loading.done():
            text = f"version {len(versions)}".encode()
            # Another `doc_string` of the ModelProto (field 6), so another version of the same model.
            new.write_bytes(write_checksum(content + b"\x32" + bytes([len(text)]) + text))
            new.replace(model)
            time.sleep(2)
            versions.add(json.loads(get(port, "/health"))["version"])
        measured = loading.result()
    failed = sum(count for outcome, count in measured["outcomes"].items() if outcome != "200")
    print(f"swaps: {len(versions)} models in {SECONDS:.0f} s: {measured['outcomes']}, failed: {failed} (wanted: 0); "
          f"p99 {measured['p99'] * 1e3:.0f} ms")  # fmt: skip


def start(folder: Path) -> None:
    """Start, and wait for the first answer."""
    body = form(next(folder.glob("*.jpg")).read_bytes())
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    times: list[float] = []
    cpu_times: list[float] = []
    for _ in range(ROUNDS + 1):  # the first round reads files that are cached later
        begun = time.perf_counter()
        with server() as (_, port):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("POST", "/predict", body, headers)
            assert connection.getresponse().status == 200
            times.append(time.perf_counter() - begun)
            cpu_times.append(gauge(port, "process_cpu_seconds_total"))
    print(f"start to first answer: {median(times[1:]):.2f} s (wanted: 3 s), the first time {times[0]:.2f} s; "
          f"CPU time {median(cpu_times):.2f} s")  # fmt: skip


def memory(folder: Path) -> None:
    """Print the memory of the server before and after each quarter of many requests, which shows a leak."""
    with server() as (_, port):
        load(port, folder, CLIENTS, requests=REQUESTS // 10)
        sizes = [gauge(port, "process_resident_memory_bytes")]
        for _ in range(4):
            measured = load(port, folder, CLIENTS, requests=REQUESTS // 4)
            assert set(measured["outcomes"]) == {"200"}, measured
            sizes.append(gauge(port, "process_resident_memory_bytes"))
    shown = ", ".join(f"{size / 1e6:.0f}" for size in sizes)
    print(f"memory: {shown} MB, before and after each quarter of {REQUESTS} requests")


BENCHES: dict[str, Callable[[Path], Any]] = {
    "start": start, "throughput": throughput, "overload": overload, "swaps": swaps, "memory": memory,
}  # fmt: skip


def main() -> None:
    """Run the benches that the command line names, or all."""
    match sys.argv[1:]:
        case ["client", port, folder, threads, limit]:
            client(int(port), Path(folder), int(threads), json.loads(limit))
        case ["bare", folder, seconds]:
            bare(Path(folder), float(seconds))
        case names:
            if not MODEL.exists():
                sys.exit(f"{MODEL} does not exist; `dvc repro` makes it, or name another: MODEL=... {sys.argv[0]}")
            with tempfile.TemporaryDirectory() as folder:
                draw(Path(folder))
                for name in names or BENCHES:
                    BENCHES[name](Path(folder))


if __name__ == "__main__":
    main()
