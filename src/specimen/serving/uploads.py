"""Read the images and features of a request, within limits that hold while the bytes come in."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath

from pydantic import JsonValue
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from specimen.serving.admission import requester
from specimen.serving.limits import Limits, megabytes
from specimen.serving.request_errors import RequestError

FIELDS = ("images", "features")
MAX_FEATURES_BYTES = 1_000_000
MAX_NAME = 200
"""Characters of a file name that are repeated in an answer."""


class FileTooLargeError(Exception):
    """An image file is larger than the limit; the message says so."""


@dataclass(frozen=True)
class ImageFile:
    """One image of a request."""

    name: str
    """Without folders, at most 200 characters, in valid UTF-8."""
    file: UploadFile
    max_bytes: int

    def read(self) -> bytes:
        """Return its bytes; safe in threads. Raises `FileTooLargeError` if it was cut off for its size."""
        if (self.file.size or 0) > self.max_bytes:
            raise FileTooLargeError(f"larger than {megabytes(self.max_bytes)}")
        self.file.file.seek(0)
        return self.file.file.read()


@dataclass(frozen=True)
class Upload:
    """The content of a request."""

    images: list[ImageFile]
    client: str
    """Who sent it."""
    features: JsonValue = None
    """As sent, not yet checked; None if the request has none."""


class BoundedParser(MultiPartParser):
    """Keeps no more of a file than the limit and one piece, so that the other images can still be answered."""

    spool_max_size = 0  # all in memory, of which `Limits.memory_bytes` keeps count: a full disk stops nothing

    def __init__(self, request: Request, limits: Limits) -> None:
        super().__init__(
            request.headers,
            request.stream(),
            max_files=limits.images,
            max_fields=len(FIELDS),
            max_part_size=MAX_FEATURES_BYTES,
        )
        self._max_file_bytes = limits.file_bytes
        self._file_bytes = 0

    def on_part_begin(self) -> None:
        """Start to count the next field."""
        super().on_part_begin()
        self._file_bytes = 0

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        """Keep a piece of a field, unless it belongs to a file that is over the limit already."""
        # Counted here because `UploadFile.size` grows only after all pieces of a chunk have been parsed.
        over_limit = self._file_bytes > self._max_file_bytes
        if self._current_part.file is not None:
            self._file_bytes += end - start
        if not over_limit:
            super().on_part_data(data, start, end)


@asynccontextmanager
async def open_upload(request: Request, limits: Limits) -> AsyncIterator[Upload]:
    """Read a multipart request, and forget its files at the end.

    Raises `RequestError` for a request that is malformed or over the limits.
    """
    form = await _read_form(request, limits)
    try:
        yield _upload(form, limits, requester(request.scope))
    finally:
        await form.close()


async def _read_form(request: Request, limits: Limits) -> FormData:
    content_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if content_type != "multipart/form-data":
        raise RequestError(
            415,
            "bad_form",
            f"Content-Type is {content_type or 'missing'}; send multipart/form-data with images in fields `images`.",
        )
    try:
        return await BoundedParser(request, limits).parse()
    except ClientDisconnect:
        raise RequestError(400, "bad_form", "the connection ended before the request did.") from None
    except MultiPartException as error:
        raise _form_error(error.message, limits) from error
    # Starlette turns errors of the parser into MultiPartException, but not these, which odd part headers cause.
    except (ValueError, KeyError, AssertionError) as error:
        raise RequestError(400, "bad_form", f"the form cannot be read: {type(error).__name__}.") from error


def _form_error(message: str, limits: Limits) -> RequestError:
    """Return the error for a message of starlette's parser."""
    if message.startswith("Too many files"):
        return RequestError(413, "too_many_images", f"more than {limits.images} images in one request; send several.")
    if "exceeded maximum size" in message:
        return RequestError(413, "bad_features", f"features: more than {megabytes(MAX_FEATURES_BYTES)}.")
    if message.startswith("Too many fields"):
        return RequestError(422, "bad_form", "too many fields; send images, each as a file, and at most one features.")
    return RequestError(400, "bad_form", f"the form cannot be read: {message}")


def _upload(form: FormData, limits: Limits, client: str) -> Upload:
    """Check the fields of a form. Raises `RequestError` for those that the server does not expect."""
    images: list[ImageFile] = []
    features: list[str] = []
    for field, value in form.multi_items():
        if field not in FIELDS:
            raise RequestError(422, "bad_form", f"unknown field '{field[:50]}'. Accepted: {', '.join(FIELDS)}.")
        if field == "images":
            if isinstance(value, str):
                raise RequestError(422, "bad_form", "images: text, not a file (with curl: -F images=@photo.jpg).")
            images.append(ImageFile(_printable_name(value.filename, len(images) + 1), value, limits.file_bytes))
        else:
            if not isinstance(value, str):
                raise RequestError(422, "bad_form", "features: a file, not text (with curl: -F 'features={...}').")
            features.append(value)
    if len(features) > 1:
        raise RequestError(
            422, "bad_form", "features: given twice; send one JSON object, or a list with one object for each image."
        )
    return Upload(images, client, _parse_json(features[0]) if features else None)


def _printable_name(filename: str | None, number: int) -> str:
    """Return the name of a file as answers repeat it; `image 3` for the third image if it has none."""
    name = PurePosixPath((filename or "").replace("\\", "/")).name[-MAX_NAME:]
    return name.encode("utf-8", "replace").decode() or f"image {number}"


def _parse_json(text: str) -> JsonValue:
    if not text.strip():
        return None
    try:
        value: JsonValue = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise RequestError(422, "bad_features", f"features: not valid JSON ({error}).") from None
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
