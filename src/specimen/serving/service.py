"""From the images of a request to its answer: decode in a few threads, predict in one, nothing on the event loop."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager

import numpy as np
import pandas as pd
from PIL import Image

from specimen.common.files import significant
from specimen.data.readers.decode import Picture
from specimen.models.faults import find_faults
from specimen.serving import occlusion
from specimen.serving.batching import Batcher
from specimen.serving.decoding import DecodedImage, Decoder
from specimen.serving.limits import Limits
from specimen.serving.model_watcher import LoadedModel, ModelWatcher
from specimen.serving.monitoring import ServerMetrics
from specimen.serving.photo_log import PhotoLog, PredictedPhoto
from specimen.serving.quota import Quota
from specimen.serving.request_errors import RequestError, all_failed
from specimen.serving.request_features import FeatureRow, feature_rows
from specimen.serving.responses import prediction_answers
from specimen.serving.schemas import ClassPrediction, Explanation, Failure, NumberPrediction, Predictions
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
            results = await self._decode(upload, model)
            usable = [(image, row) for image, row in zip(results, rows, strict=True) if isinstance(image, DecodedImage)]
            images = [image for image, _ in usable]
            predictions = await self._batcher.predict(
                model.predictor, [image.picture for image in images], [row for _, row in usable]
            )
        names = [image.name for image in images]
        answers = prediction_answers(model.predictor.meta, names, predictions)
        failures = _failures(model, names, predictions, [row for _, row in usable])
        self._note(model, usable, predictions, answers, failures.keys())
        if len(failures) == count:
            raise all_failed(list(failures.values()))
        results_of_model = iter([failures.get(number, answer) for number, answer in enumerate(answers)])
        return Predictions(
            version=model.version,
            results=[next(results_of_model) if isinstance(result, DecodedImage) else result for result in results],
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
                return await self._batcher.predict(model.predictor, list(pictures), rows)

            original = await predict(image.picture[None])
            if failures := _failures(model, [image.name], original, [row]):
                raise all_failed(list(failures.values()))
            look = await occlusion.look(meta.task, image.picture, original, predict)
        [result] = prediction_answers(meta, [image.name], original)
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
        predictions: pd.DataFrame,
        answers: Sequence[NumberPrediction | ClassPrediction],
        failed: Collection[int],
    ) -> None:
        """Count the photos, and keep numbers of those that have a prediction."""
        good = [position for position in range(len(usable)) if position not in failed]
        self.metrics.images.labels("predicted").inc(len(good))
        self.metrics.unlike.inc(sum(bool(answers[position].unlike) for position in good))
        if failed:
            self.metrics.images.labels("no_prediction").inc(len(failed))
        if self._photo_log is not None and good:
            rows = predictions.to_dict("records")
            self._photo_log.add(model.version, [PredictedPhoto(*usable[position], rows[position]) for position in good])

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


def _failures(
    model: LoadedModel, files: Sequence[str], predictions: pd.DataFrame, rows: Sequence[FeatureRow]
) -> dict[int, Failure]:
    """Return by position the images for which the model gives no finite number."""
    samples = pd.DataFrame(rows, index=range(len(rows)))
    faults = find_faults(predictions, samples, model.predictor.meta.features)
    return {
        position: Failure(file=files[position], code="no_prediction", error=f"{files[position]}: {fault}")
        for position, fault in faults.items()
    }


def _data_url(picture: Picture) -> str:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
