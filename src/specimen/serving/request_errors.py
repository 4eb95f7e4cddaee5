"""How a request is refused: an HTTP status, a code for programs and a message for people."""

from __future__ import annotations

from collections.abc import Sequence

from specimen.serving.schemas import Code, Failure

STATUS: dict[Code, int] = {
    "not_an_image": 415,
    "too_large": 413,
    "too_many_pixels": 413,
    "too_many_scans": 413,
    "too_costly": 413,
    "damaged": 422,
    "no_prediction": 422,
}
"""Codes of a failed image, and the status of a request in which every image failed with this code."""


class RequestError(Exception):
    """A request that gets no prediction."""

    def __init__(self, status: int, code: Code, message: str, failures: Sequence[Failure] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.failures = failures
        """Why each image failed, if all of them did."""


def all_failed(failures: Sequence[Failure]) -> RequestError:
    """Return the error of a request in which no image has a prediction."""
    first = failures[0]
    more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
    same_code = all(failure.code == first.code for failure in failures)
    code: Code = first.code if same_code else "no_image"
    status = STATUS[first.code] if same_code else 422
    return RequestError(status, code, first.error + more, failures)
