"""Errors that a user can fix: one message that names the culprit, the place and the way out; exit status 2."""

import difflib
import os
import sys
from collections.abc import Callable, Iterable

EXIT_USER_ERROR = 2
EXIT_INTERRUPTED = 130


class SpecimenError(Exception):
    """Something in the user's params, table or files is wrong; the message says what, where and what to do."""


def accepted_hint(value: object, options: Iterable[object], what: str = "accepted") -> str:
    """Return the end of an error message: the nearest option, if one is near, then all of them."""
    names = [str(option) for option in options]
    lowered = {name.lower(): name for name in names}
    near = difflib.get_close_matches(str(value).lower(), lowered, n=1, cutoff=0.6)
    hint = f"Did you mean '{lowered[near[0]]}'? " if near else ""
    shown = ", ".join(names[:60]) + (f", ... ({len(names)} in all)" if len(names) > 60 else "")
    return f"{hint}{what.capitalize()}: {shown or 'none'}."


def missing_extra(what: str, extra: str) -> str:
    """Return the message for something whose optional packages are not there."""
    return (
        f"{what} needs the extra '{extra}', which is not installed. `make extras` installs all extras, "
        f"`pip install '.[{extra}]'` this one alone."
    )


def run_cli(main: Callable[[], None]) -> None:
    """Run a verb: a `SpecimenError` becomes one message on stderr and exit status 2, Ctrl-C exit status 130."""
    try:
        main()
    except SpecimenError as error:
        print(f"error: {error}", file=sys.stderr)
        # DVC removes the outputs of a stage before it runs the stage; they are still in its cache. validate has none.
        if os.environ.get("DVC_STAGE", "validate") != "validate":
            print("The outputs of the last good run are in DVC's cache: `dvc checkout` restores them.", file=sys.stderr)
        sys.exit(EXIT_USER_ERROR)
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        sys.exit(EXIT_INTERRUPTED)
