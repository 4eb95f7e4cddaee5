"""How fast `prepare` packs images, side by side in one run with the plain loop and with the limit of the machine.

    python bench/prepare.py            # all, some minutes
    python bench/prepare.py speed      # or one of: speed, memory, growth, remote

All ways run in one process that keeps freed memory, as `prepare` does. Pictures are drawn into a temporary folder.
Ratios are medians over interleaved rounds; absolute times belong to the machine.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
from PIL import Image

from specimen.common.cores import available_cores
from specimen.common.memory import keep_freed_memory
from specimen.config.prepare import Prepare
from specimen.data.preparation.packing import pack
from specimen.data.readers.folder_images import Folder
from specimen.data.readers.images import Images

TOOLS = Path(__file__).parents[1] / "tools"
SIZE = 224
ROUNDS = 5


def draw(folder: Path, count: int, width: int, height: int) -> None:
    """Draw JPEG photos with the detail of a photograph: noise of several grains under a few shapes."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(1)
    layers = [
        rng.integers(0, 255, (height // grain + 1, width // grain + 1, 3), dtype=np.uint8) for grain in (4, 16, 64)
    ]
    grown = [np.asarray(Image.fromarray(layer).resize((width, height), Image.Resampling.BICUBIC)) for layer in layers]
    scene = np.mean(grown, axis=0)
    for number in range(count):
        shifted = np.roll(scene, rng.integers(0, width, 2), axis=(0, 1)) + rng.normal(0, 4, scene.shape)
        Image.fromarray(shifted.clip(0, 255).astype(np.uint8)).save(folder / f"{number:06}.jpg", quality=90)


def names(folder: Path) -> list[str]:
    """Return the images of a folder."""
    return Folder(folder, folder).names


def pack_anew(images: Images, names: list[str], out: Path, size: int = SIZE) -> None:
    """Pack photos into a folder of shards, in place of what is there."""
    shutil.rmtree(out, ignore_errors=True)
    rows = pd.DataFrame({"image": names, "group": names})
    pack(images, rows, out, Prepare(image_size=size, resize="stretch"))


def plain_loop(folder: Path, out: Path) -> None:
    """Open, convert and resize one file after another: the usual way."""
    for name in names(folder):
        np.asarray(Image.open(folder / name).convert("RGB").resize((SIZE, SIZE)))


def limit(folder: Path, out: Path) -> None:
    """Decode on all cores, at the smallest scale that JPEG offers, and do nothing else."""

    def decode(name: str) -> None:
        with Image.open(folder / name) as image:
            image.draft("RGB", (SIZE, SIZE))
            image.convert("RGB").resize((SIZE, SIZE), Image.Resampling.BILINEAR, reducing_gap=2.0)

    with ThreadPoolExecutor(available_cores()) as pool:
        list(pool.map(decode, names(folder)))


def packed(folder: Path, out: Path) -> None:
    """Pack into a store, as `prepare` does."""
    pack_anew(Folder(folder, folder), names(folder), out)


def seconds(work: Callable[[], object]) -> float:
    """Return how long `work` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def speed(tmp: Path) -> None:
    """Images per second against the plain loop and the limit."""
    for width, height, count in ((816, 612, 400), (256, 256, 1200)):
        folder = tmp / f"{width}"
        draw(folder, count, width, height)
        ways = {"plain loop": plain_loop, "pack": packed, "limit": limit}
        times: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, way in ways.items():
                times[name].append(seconds(partial(way, folder, tmp / "images")))
        rate = {name: count / median(taken) for name, taken in times.items()}
        print(f"{width} x {height}: " + ", ".join(f"{name} {value:.0f}/s" for name, value in rate.items()))
        over_loop = median(a / b for a, b in zip(times["plain loop"], times["pack"], strict=True))
        of_limit = median(a / b for a, b in zip(times["limit"], times["pack"], strict=True))
        print(f"  pack is {over_loop:.2f} x the plain loop and {of_limit:.2f} of the limit")


CHILD = """
import resource, sys
from pathlib import Path
sys.path.insert(0, {bench!r})
from prepare import Folder, Repeated, keep_freed_memory, pack_anew
keep_freed_memory()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
folder = Path({folder!r})
pack_anew(Repeated(Folder(folder, folder)), [f"{{number}}.jpg" for number in range({count})], Path({out!r}))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


def memory(tmp: Path) -> None:
    """Peak memory above the interpreter with its imports."""
    folder = tmp / "memory"
    draw(folder, 500, 256, 256)
    for count in (5_000, 20_000):
        out = str(tmp / f"m{count}")
        code = CHILD.format(bench=str(Path(__file__).parent), folder=str(folder), count=count, out=out)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        print(f"{count} images: {float(done.stdout):.0f} MB above the imports")


class Repeated:
    """Some photos, by as many names as one likes: 0.jpg, 1.jpg, ..."""

    def __init__(self, images: Images) -> None:
        self.others: list[str] = []
        self.names = images.names
        self._images = images

    def read(self, name: str) -> bytes:
        """Return the bytes of one of the photos."""
        return self._images.read(self.names[int(name.removesuffix(".jpg")) % len(self.names)])

    def path(self, name: str) -> Path | None:
        """Return no path, as of photos in a zip."""
        return None


def growth(tmp: Path) -> None:
    """Time per image at 20,000 against 2,000."""
    folder = tmp / "growth"
    draw(folder, 500, 256, 256)
    images = Folder(folder, folder)
    per_image: dict[int, list[float]] = {2_000: [], 20_000: []}
    for _ in range(3):
        for count, times in per_image.items():
            listed = [f"{number}.jpg" for number in range(count)]
            times.append(seconds(partial(pack_anew, Repeated(images), listed, tmp / "g")) / count)
    ratio = median(b / a for a, b in zip(*per_image.values(), strict=True))
    print(f"time per image at 20,000: {ratio:.2f} x that at 2,000")


def remote(tmp: Path) -> None:
    """Push and pull of 5,000 photos to a local S3 server: one packed store and one zip against loose files."""
    sys.path.append(str(TOOLS))
    import s3

    folder = tmp / "photos"
    draw(folder, 500, 160, 160)
    for number in range(4_500):
        shutil.copyfile(folder / f"{number % 500:06}.jpg", folder / f"{number + 500:06}.jpg")
        with (folder / f"{number + 500:06}.jpg").open("ab") as file:
            file.write(f"{number}".encode())  # other bytes, or DVC would store it once
    shapes = {
        "loose files": lambda root: shutil.copytree(folder, root / "data"),
        "zip": lambda root: shutil.make_archive(str(root / "data"), "zip", folder),
        "packed store": lambda root: pack_anew(Folder(folder, folder), names(folder), root / "data", 96),
    }
    totals = {name: push_and_pull(tmp / name, put, s3) for name, put in shapes.items()}
    for name, total in totals.items():
        print(f"push and pull, {name}: {total:.1f} s, {totals['loose files'] / total:.1f} x as fast as loose files")


def push_and_pull(root: Path, put: Callable[[Path], object], s3: object) -> float:
    """Return the seconds for `dvc push` and, with an empty cache, `dvc pull`."""
    import contextlib

    def dvc(*words: str) -> None:
        subprocess.run([sys.executable, "-m", "dvc", *words], cwd=root, check=True, capture_output=True)

    root.mkdir()
    dvc("init", "--no-scm", "--quiet")
    dvc("remote", "add", "--default", "storage", "s3://specimen/dvc")
    put(root)
    target = next(path.name for path in root.iterdir() if path.name.startswith("data"))
    dvc("add", target, "--quiet")
    with s3.serve() as endpoint, contextlib.chdir(root), s3.point_dvc_at(endpoint):  # type: ignore[attr-defined]
        total = seconds(lambda: dvc("push"))
        shutil.rmtree(root / ".dvc/cache")
        shutil.rmtree(root / target) if (root / target).is_dir() else (root / target).unlink()
        return total + seconds(lambda: dvc("pull"))


if __name__ == "__main__":
    keep_freed_memory()
    benches = {"speed": speed, "memory": memory, "growth": growth, "remote": remote}
    for wanted in sys.argv[1:] or benches:
        with tempfile.TemporaryDirectory() as folder:
            benches[wanted](Path(folder))
