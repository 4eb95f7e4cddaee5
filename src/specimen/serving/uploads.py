"""Read the images and features of a request, within bounds that hold while the bytes come in."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from specimen.serving.limits import Limits, RequestError, megabytes

FIELDS = ("images", "features")
MAX_FEATURES_BYTES = 1_000_000


@dataclass(frozen=True)
class Upload:
    """What a request brought."""

    files: list[UploadFile]
    """Each with its name and size; `too_large` tells which were cut off."""
    features: Any
    """Parsed JSON, None where the request has none."""

    def too_large(self, limits: Limits) -> list[bool]:
        """Tell for each file whether it is beyond the limit, and so not there as a whole."""
        return [(file.size or 0) > limits.file_bytes for file in self.files]

    async def close(self) -> None:
        """Free the memory and the temporary files."""
        for file in self.files:
            await file.close()


class BoundedParser(MultiPartParser):
    """Keeps no more of a file than the limit and one piece, so that the others in the request can be answered."""

    spool_max_size = 4_000_000
    file_bytes = 0

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        """Count the bytes of a file; beyond the limit they go nowhere."""
        part = self._current_part
        if part.file is None:
            super().on_part_data(data, start, end)
            return
        # UploadFile counts what is written to it, but that comes later.
        counted = getattr(part, "counted", 0)
        part.counted = counted + end - start  # type: ignore[attr-defined]
        if counted <= self.file_bytes:
            super().on_part_data(data, start, end)


async def read_upload(request: Request, limits: Limits) -> Upload:
    """Read a multipart request. Raises `RefusalError` for one that is malformed, too slow or beyond the limits."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "multipart/form-data":
        raise RequestError(
            415, "bad_form", f"Content-Type is {kind or 'missing'}; send multipart/form-data with fields images."
        )
    parser = BoundedParser(
        request.headers,
        request.stream(),
        max_files=limits.images,
        max_fields=len(FIELDS),
        max_part_size=MAX_FEATURES_BYTES,
    )
    parser.file_bytes = limits.file_bytes
    try:
        async with asyncio.timeout(limits.seconds):
            form = await parser.parse()
    except TimeoutError:
        raise RequestError(408, "too_slow", f"the request did not arrive within {limits.seconds:g} s.") from None
    except ClientDisconnect:
        raise RequestError(400, "bad_form", "the connection ended before the request did.") from None
    except MultiPartException as error:
        raise _misread(error.message, limits) from error
    # Beside FormParserError, which starlette turns: what odd headers of a part bring.
    except (ValueError, KeyError, AssertionError) as error:
        raise RequestError(400, "bad_form", f"the form cannot be read: {type(error).__name__}.") from error
    items = form.multi_items()
    files = [value for name, value in items if isinstance(value, UploadFile) and name == "images"]
    texts = [value for name, value in items if isinstance(value, str) and name == "features"]
    upload = Upload(files, None)
    try:
        _check_fields(items, texts)
        return Upload(files, _parse(texts[0]) if texts and texts[0].strip() else None)
    except RequestError:
        await form.close()
        await upload.close()
        raise


def _misread(message: str, limits: Limits) -> RequestError:
    if message.startswith("Too many files"):
        return RequestError(413, "too_many_images", f"more than {limits.images} images in one request; send several.")
    if "exceeded maximum size" in message:
        return RequestError(413, "bad_features", f"features: more than {megabytes(MAX_FEATURES_BYTES)}.")
    if message.startswith("Too many fields"):
        return RequestError(422, "bad_form", "too many fields; send images, each as a file, and at most one features.")
    return RequestError(400, "bad_form", f"the form cannot be read: {message}")


def _check_fields(items: list[tuple[str, UploadFile | str]], texts: list[str]) -> None:
    for name, value in items:
        if name not in FIELDS:
            raise RequestError(422, "bad_form", f"unknown field '{name[:50]}'. Accepted: {', '.join(FIELDS)}.")
        if name == "images" and isinstance(value, str):
            raise RequestError(422, "bad_form", "images: this is a text, not a file (with curl: -F images=@photo.jpg).")
        if name == "features" and not isinstance(value, str):
            raise RequestError(
                422, "bad_form", "features: this is a file, not a text (with curl: -F 'features={...}')."
            )
    if len(texts) > 1:
        raise RequestError(
            422, "bad_form", "features: given twice; send one JSON object, or a list with one for each image."
        )


def _parse(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise RequestError(422, "bad_features", f"features: no valid JSON ({error}).") from None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
