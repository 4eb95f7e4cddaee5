"""Commands import this before anything else: Ctrl-C then ends them with one line, even while they still import."""

import sys
from types import TracebackType

EXIT_INTERRUPTED = 130
_report = sys.excepthook


def _say_interrupted(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        print("\ninterrupted", file=sys.stderr)
    else:
        _report(kind, error, trace)


# Python itself ends with the status of an interrupted program.
sys.excepthook = _say_interrupted
