"""The error of a revision that does not have what was asked for, and the words of other libraries' errors."""

from __future__ import annotations


class NotAvailableError(Exception):
    """DVC or Git cannot give something that was asked for; the message says why, and what to do."""


class TooSlowError(NotAvailableError):
    """DVC has not answered in time."""


class NotFoundError(NotAvailableError):
    """A file that a revision does not have."""


def first_line(error: BaseException) -> str:
    """Return the first line of an error of another library, or its name where it has no message."""
    return (str(error).splitlines() or [""])[0] or type(error).__name__
