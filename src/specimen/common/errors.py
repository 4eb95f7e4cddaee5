"""Errors that a user can fix: one message that names the culprit, the place and the way out; exit status 2."""

import difflib
import errno
import os
import sys
from collections.abc import Callable, Iterable

EXIT_USER_ERROR = 2
EXIT_INTERRUPTED = 130


REFUSED = {
    errno.EACCES: " Check who owns it and its permissions (ls -ld), of its folder too.",
    errno.EPERM: " Check who owns it and its permissions (ls -ld), of its folder too.",
    errno.EROFS: " Write to a disk that is not mounted read-only.",
    errno.ENOTDIR: " A file is where a folder is needed: rename or remove it.",
    errno.EISDIR: " A folder is where a file is needed: rename or remove it.",
    errno.EEXIST: " A file is where a folder is needed: rename or remove it.",
    errno.ENOSPC: " Free some space and run again.",
}
"""What to do about a file that the system refuses to read or write."""
OUT_OF_MEMORY = ("DefaultCPUAllocator: ", "bad_alloc", "Failed to allocate memory")
"""Parts of the messages of torch, C++ and onnxruntime."""


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


def _message(error: Exception) -> str | None:
    """Return what to tell a user about an error, None for a fault of the program."""
    match error:
        case SpecimenError():
            return str(error)
        case OSError(filename=str() | bytes() | os.PathLike(), strerror=str()):
            names = [os.fsdecode(name) for name in (error.filename, error.filename2) if name is not None]
            way_out = REFUSED.get(error.errno or 0, "")
            return f"{' -> '.join(names)}: {error.strerror}.{way_out}"
        case _ if is_out_of_memory(error):
            detail = str(error).strip().partition("\n")[0] or type(error).__name__
            return f"out of memory ({detail}). Close other programs, or use a machine with more memory."
    return None


def is_out_of_memory(error: Exception) -> bool:
    """Tell whether an error says that the memory of this machine is too small; torch has no type for that."""
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(text in str(error) for text in OUT_OF_MEMORY)
    )


def run_cli(main: Callable[[], None]) -> None:
    """Run a verb: what a user can fix becomes one message on stderr and exit status 2, Ctrl-C exit status 130.

    As well as `SpecimenError`, these are a file that the system refuses to read or write, and too little memory.
    """
    try:
        main()
    except Exception as error:
        message = _message(error)
        if message is None:
            raise
        print(f"error: {message}", file=sys.stderr)
        # DVC removes the outputs of a stage before it runs the stage; they are still in its cache. validate has none.
        if os.environ.get("DVC_STAGE", "validate") != "validate":
            print("The outputs of the last good run are in DVC's cache: `dvc checkout` restores them.", file=sys.stderr)
        sys.exit(EXIT_USER_ERROR)
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        sys.exit(EXIT_INTERRUPTED)
