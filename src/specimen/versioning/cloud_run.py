"""What a rented machine leaves in the remote: a checkpoint for the next one, and in the end the results."""

from __future__ import annotations

import io
import json
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from threading import Event, Thread

from specimen.versioning.errors import NotAvailableError
from specimen.versioning.remote_files import RemoteFiles

CHECKPOINT = Path("models/checkpoint.pt")
RESULTS = ("dvc.lock", "data/dvc.lock", "metrics", "repro.log")
"""What Git holds of a run, and its log; all else is in the remote by its hash."""
STATUS = "status.json"
OUT_OF_TIME = 124
"""Status of a training that was stopped because its time was over, as that of the program `timeout`."""


class CloudRun:
    """One training that may take several machines. `commit` is what is trained, `run` who asked for it."""

    def __init__(self, files: RemoteFiles, commit: str, run: str) -> None:
        self._files = files
        self._checkpoint = f"cloud/{commit}/checkpoint.pt"
        self._results = f"cloud/{commit}/{run}.tar"

    def take_checkpoint(self, root: Path) -> bool:
        """Fetch the checkpoint of an earlier machine; return whether there is one. Training decides if it counts."""
        return self._files.get(self._checkpoint, root / CHECKPOINT)

    @contextmanager
    def checkpoints_kept(self, root: Path, seconds: float) -> Iterator[None]:
        """Send the checkpoint to the remote every so many seconds, if there is a new one, and once at the end."""
        stop = Event()
        fetched = _moment(root / CHECKPOINT)
        keeper = Thread(target=self._keep, args=(root, seconds, stop, fetched), name="checkpoints")
        keeper.start()
        try:
            yield
        finally:
            stop.set()
            keeper.join()

    def _keep(self, root: Path, seconds: float, stop: Event, sent: int | None) -> None:
        while True:
            ended = stop.wait(seconds)
            moment = _moment(root / CHECKPOINT)
            if moment is not None and moment != sent:
                try:
                    self._send(root / CHECKPOINT)
                    sent = moment
                except (NotAvailableError, OSError) as error:  # the next one may arrive
                    print(f"warning: the checkpoint is not in the remote: {error}", flush=True)
            if ended:
                return

    def _send(self, checkpoint: Path) -> None:
        with tempfile.TemporaryDirectory(dir=checkpoint.parent) as folder:
            same = Path(folder) / "checkpoint.pt"
            same.hardlink_to(checkpoint)  # which training may replace in the meantime
            self._files.put(same, self._checkpoint)

    def leave_results(self, root: Path, status: int) -> None:
        """Send what Git holds of the run, and how it ended. Raises `NotAvailableError`."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "results.tar"
            with tarfile.open(path, "w") as archive:
                content = json.dumps({"status": status}).encode()
                entry = tarfile.TarInfo(STATUS)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
                for name in RESULTS:
                    if (root / name).exists():
                        archive.add(root / name, name)
            self._files.put(path, self._results)

    def take_results(self, root: Path) -> int | None:
        """Put the results in their places and return how the run ended; None if no machine has come to an end.

        Of a run that failed, only the log.
        """
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "results.tar"
            if not self._files.get(self._results, path):
                return None
            with tarfile.open(path) as archive:
                file = archive.extractfile(STATUS)
                status = int(json.load(file)["status"]) if file else 1
                wanted = RESULTS if status == 0 else RESULTS[-1:]
                for member in archive:
                    if member.isfile() and _belongs(member.name, wanted):
                        _put(archive, member, root)
        return status


def _put(archive: tarfile.TarFile, member: tarfile.TarInfo, root: Path) -> None:
    """Write a file of an archive below `root`; filters of tarfile are not in every Python 3.11."""
    place, content = root / member.name, archive.extractfile(member)
    if content and place.resolve().is_relative_to(root.resolve()):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.read())


def _belongs(name: str, wanted: Sequence[str]) -> bool:
    path = PurePosixPath(name)
    return ".." not in path.parts and any(path.is_relative_to(result) for result in wanted)


def _moment(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return None
