"""From the images of a request to its answer: decode in a few threads, predict in one, nothing on the event loop."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import PurePosixPath
from typing import Any

import pandas as pd
from PIL import Image
from starlette.datastructures import UploadFile

from specimen.common.cores import available_cores
from specimen.common.files import significant
from specimen.data.readers.decode import DecodeError, NotAnImageError, Picture, TooManyPixelsError, decode
from specimen.serving import occlusion, request_features
from specimen.serving.batching import SIZE, Batcher, Columns
from specimen.serving.limits import Limits, RequestError, megabytes
from specimen.serving.model_watcher import LoadedModel, ModelWatcher
from specimen.serving.monitoring import Monitor
from specimen.serving.responses import all_failed, answer
from specimen.serving.schemas import Failure, Heat, Predictions, Problem
from specimen.serving.uploads import Upload


class Service:
    """A model at work, with its threads."""

    def __init__(self, slot: ModelWatcher, limits: Limits, monitor: Monitor) -> None:
        self.slot, self.limits, self.monitor = slot, limits, monitor
        self._at_work = 0
        self._batcher = Batcher(monitor.passes.observe)
        self._decoders = ThreadPoolExecutor(available_cores(), "decode")

    def close(self) -> None:
        """End the threads, after what they are at."""
        self._batcher.close()
        self._decoders.shutdown()

    async def predict(self, upload: Upload) -> tuple[int, Predictions | Problem]:
        """Return status and answer: 200 when at least one image has a prediction. Raises `RefusalError`."""
        if not upload.files:
            raise RequestError(422, "no_image", "no image in the request (with curl: -F images=@photo.jpg).")
        loaded = self.slot.loaded
        rows = request_features.rows(upload.features, len(upload.files), loaded.predictor.meta.features)
        names = [_name(file, number) for number, file in enumerate(upload.files, start=1)]
        async with self._room(len(upload.files)):
            pictures = await self._decode(upload, names, loaded)
            good = {place: one for place, one in enumerate(pictures) if not isinstance(one, Failure)}
            given_rows = [rows[place] for place in good]
            columns = await self._batcher.predict(loaded.predictor, [*good.values()], given_rows) if good else []
        failures = [picture for picture in pictures if isinstance(picture, Failure)]
        self._count(len(good), failures)
        if not good:
            return all_failed(failures)
        results: list[Any] = list(pictures)
        for place, one in zip(good, columns, strict=True):
            results[place] = _answer(loaded, names[place], one)
        return 200, Predictions(version=loaded.version, results=results)

    async def explain(self, upload: Upload) -> tuple[int, Heat | Problem]:
        """Return status and what the model looked at in the one image of a request. Raises `RefusalError`."""
        if len(upload.files) != 1:
            raise RequestError(422, "no_image", f"{len(upload.files)} images in the request; /explain takes one.")
        loaded = self.slot.loaded
        row = request_features.rows(upload.features, 1, loaded.predictor.meta.features)
        name = _name(upload.files[0], 1)
        async with self._room(1 + occlusion.CELLS**2):
            picture = (await self._decode(upload, [name], loaded))[0]
            if isinstance(picture, Failure):
                self._count(0, [picture])
                return all_failed([picture])
            covered = occlusion.occluded(picture)
            columns: list[Columns] = []
            for start in range(0, len(covered), SIZE):  # so that others get their turn in between
                part = list(covered[start : start + SIZE])
                columns += await self._batcher.predict(loaded.predictor, part, row * len(part))
        heat = significant(occlusion.heat(loaded.predictor.task, pd.DataFrame(columns)))
        return 200, Heat(
            file=name,
            version=loaded.version,
            result=_answer(loaded, name, columns[0]),
            heat=heat.tolist(),
            picture=_data_address(picture),
        )

    @asynccontextmanager
    async def _room(self, pictures: int) -> AsyncIterator[None]:
        """Work on so many pictures. Raises `RefusalError` where too many are at work already, or it takes too long."""
        if self._at_work and self._at_work + pictures > self.limits.pictures:
            raise RequestError(429, "busy", "too many pictures at work; try again in a moment.")
        self._at_work += pictures
        try:
            async with asyncio.timeout(self.limits.seconds):
                yield
        except TimeoutError:
            message = f"no answer within {self.limits.seconds:g} s; send fewer images at a time, or try again later."
            raise RequestError(503, "too_slow", message) from None
        finally:
            self._at_work -= pictures

    async def _decode(self, upload: Upload, names: list[str], loaded: LoadedModel) -> list[Picture | Failure]:
        meta, loop = loaded.predictor.meta, asyncio.get_running_loop()

        def decode_one(file: UploadFile, name: str) -> Picture | Failure:
            if (file.size or 0) > self.limits.file_bytes:
                limit = megabytes(self.limits.file_bytes)
                return Failure(file=name, code="too_large", error=f"{name}: larger than {limit}")
            try:
                content = file.file.read()
                return decode(content, meta.image_size, meta.resize, self.limits.pixels)[0]
            except DecodeError as error:
                return Failure(file=name, code=_code(error), error=f"{name}: {error}")

        waiting = [
            loop.run_in_executor(self._decoders, decode_one, file, name)
            for file, name in zip(upload.files, names, strict=True)
        ]
        return list(await asyncio.gather(*waiting))

    def _count(self, predicted: int, failures: list[Failure]) -> None:
        self.monitor.images.labels("predicted").inc(predicted)
        for failure in failures:
            self.monitor.images.labels(failure.code).inc()


def _answer(loaded: LoadedModel, name: str, columns: Columns) -> Any:
    return answer(loaded.predictor.task, name, columns, loaded.predictor.meta.unit)


def _name(file: UploadFile, number: int) -> str:
    """Return the name of a file as it may stand in an answer: without folders, at most 200 characters, in UTF-8."""
    name = PurePosixPath((file.filename or "").replace("\\", "/")).name[-200:]
    return name.encode("utf-8", "replace").decode() or f"image {number}"


def _code(error: DecodeError) -> str:
    if isinstance(error, NotAnImageError):
        return "not_an_image"
    return "too_many_pixels" if isinstance(error, TooManyPixelsError) else "damaged"


def _data_address(picture: Picture) -> str:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
