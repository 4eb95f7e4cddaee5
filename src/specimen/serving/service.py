"""From the images of a request to its answer: decode in a few threads, predict in one, nothing on the event loop."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import numpy as np
import pandas as pd
from PIL import Image

from specimen.common.files import significant
from specimen.data.readers.decode import Picture
from specimen.serving import occlusion
from specimen.serving.batching import Batcher, Predicted
from specimen.serving.decoding import DecodedImage, Decoder
from specimen.serving.limits import Limits
from specimen.serving.model_watcher import LoadedModel, ModelWatcher
from specimen.serving.monitoring import ServerMetrics
from specimen.serving.photo_log import PhotoLog, PredictedPhoto
from specimen.serving.quota import Quota
from specimen.serving.request_errors import RequestError, all_failed
from specimen.serving.request_features import FeatureRow, feature_rows
from specimen.serving.responses import prediction_answer
from specimen.serving.schemas import Explanation, Failure, Predictions, Result
from specimen.serving.uploads import Upload


class Service:
    """Predicts and explains the images of requests, with its threads and within its limits."""

    def __init__(
        self, watcher: ModelWatcher, limits: Limits, metrics: ServerMetrics, photo_log: PhotoLog | None = None
    ) -> None:
        """`photo_log` gets numbers of each photo that `predict` has predicted."""
        self.watcher = watcher
        self.limits = limits
        self.metrics = metrics
        self._pictures = Quota(limits.pictures)
        self._decoder = Decoder(limits)
        self._batcher = Batcher(metrics.passes.observe)
        self._photo_log = photo_log

    def close(self) -> None:
        """End the threads once they have finished their current work."""
        self._batcher.close()
        self._decoder.close()
        if self._photo_log is not None:
            self._photo_log.close()

    async def predict(self, upload: Upload) -> Predictions:
        """Return a result for each image. Raises `RequestError`, also if no image has a prediction."""
        count = len(upload.images)
        if not count:
            raise RequestError(422, "no_image", "no image in the request (with curl: -F images=@photo.jpg).")
        model = self.watcher.loaded
        rows = feature_rows(upload.features, count, model.predictor.meta.features)
        async with self._admit(upload.client, count):
            decoded = await self._decode(upload, model)
            usable = [(image, row) for image, row in zip(decoded, rows, strict=True) if isinstance(image, DecodedImage)]
            predicted = await self._batcher.predict(
                model.predictor, [image.picture for image, _ in usable], [row for _, row in usable]
            )
        results = [_result(model, image.name, one) for (image, _), one in zip(usable, predicted, strict=True)]
        self._note(model, usable, predicted, results)
        failures = [result for result in results if isinstance(result, Failure)]
        if len(failures) == count:
            raise all_failed(failures)
        remaining = iter(results)
        return Predictions(
            version=model.version,
            results=[next(remaining) if isinstance(image, DecodedImage) else image for image in decoded],
        )

    async def explain(self, upload: Upload) -> Explanation:
        """Return what the model looked at in the only image of a request. Raises `RequestError`."""
        if len(upload.images) != 1:
            raise RequestError(422, "no_image", f"{len(upload.images)} images in the request; /explain takes one.")
        model = self.watcher.loaded
        meta = model.predictor.meta
        [row] = feature_rows(upload.features, 1, meta.features)
        async with self._admit(upload.client, occlusion.PICTURES):
            [image] = await self._decode(upload, model)
            assert isinstance(image, DecodedImage)  # else all had failed

            async def predict(pictures: Picture) -> pd.DataFrame:
                rows = [row] * len(pictures)
                predicted = await self._batcher.predict(model.predictor, list(pictures), rows)
                return pd.DataFrame([one.columns for one in predicted])

            [original] = await self._batcher.predict(model.predictor, [image.picture], [row])
            result = _result(model, image.name, original)
            if isinstance(result, Failure):
                raise all_failed([result])
            look = await occlusion.look(meta.task, image.picture, pd.DataFrame([original.columns]), predict)
        return Explanation(
            file=image.name,
            version=model.version,
            result=result,
            heat=look.heat.round(3).tolist(),
            change=significant(np.array(look.change)).item(),
            picture=_data_url(image.picture),
        )

    def _note(
        self,
        model: LoadedModel,
        usable: Sequence[tuple[DecodedImage, FeatureRow]],
        predicted: Sequence[Predicted],
        results: Sequence[Result],
    ) -> None:
        """Count the photos, and keep numbers of those that have a prediction."""
        good = [number for number, result in enumerate(results) if not isinstance(result, Failure)]
        self.metrics.images.labels("predicted").inc(len(good))
        self.metrics.unlike.inc(sum(bool(result.unlike) for result in results if not isinstance(result, Failure)))
        if len(good) < len(results):
            self.metrics.images.labels("no_prediction").inc(len(results) - len(good))
        if self._photo_log is not None and good:
            photos = [PredictedPhoto(*usable[number], predicted[number].columns) for number in good]
            self._photo_log.add(model.version, photos)

    @asynccontextmanager
    async def _admit(self, client: str, pictures: int) -> AsyncIterator[None]:
        """Work on so many pictures. Raises `RequestError` if too many are in progress, or it takes too long."""
        if not self._pictures.take(client, pictures, alone=True):
            raise RequestError(429, "busy", "too many pictures in progress; try again in a moment.")
        try:
            async with asyncio.timeout(self.limits.seconds):
                yield
        except TimeoutError:
            message = f"no answer within {self.limits.seconds:g} s; send fewer images at a time, or try again later."
            raise RequestError(503, "too_slow", message) from None
        finally:
            self._pictures.give_back(client, pictures)

    async def _decode(self, upload: Upload, model: LoadedModel) -> list[DecodedImage | Failure]:
        """Decode images, at least one of them with success. Raises `RequestError` if all fail."""
        results = await self._decoder.decode(upload.images, model.predictor.meta, upload.client)
        failures = [result for result in results if isinstance(result, Failure)]
        for failure in failures:
            self.metrics.images.labels(failure.code).inc()
        if len(failures) == len(results):
            raise all_failed(failures)
        return results


def _result(model: LoadedModel, file: str, predicted: Predicted) -> Result:
    if predicted.fault is not None:
        return Failure(file=file, code="no_prediction", error=f"{file}: {predicted.fault}")
    return prediction_answer(model.predictor.meta, file, predicted.columns)


def _data_url(picture: Picture) -> str:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
