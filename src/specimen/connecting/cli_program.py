"""Programs that speak for a person: `gh` and `glab`. Values that are secret go in by stdin."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from specimen.common.errors import SpecimenError

QUIET = {"GH_PROMPT_DISABLED": "1", "GH_NO_UPDATE_NOTIFIER": "1", "NO_COLOR": "1"}


@dataclass(frozen=True)
class Program:
    """A program, and how somebody without it gets it."""

    name: str
    install: str
    folder: Path | None = None
    """Where it runs; None for the current folder."""
    seconds: float | None = None
    """How long it may take; None for as long as it likes."""

    def is_there(self) -> bool:
        """Tell whether the program can be found."""
        return shutil.which(self.name) is not None

    def ask(self, *arguments: str, stdin: str | None = None) -> str:
        """Run the program and return what it printed. Raises `RefusedError`."""
        if not self.is_there():
            raise SpecimenError(f"the program {self.name} is not here. {self.install}")
        # Nothing to read where nothing is given: a program that asks a question would wait for ever.
        try:
            done = subprocess.run(
                [self.name, *arguments],
                cwd=self.folder,
                env=os.environ | QUIET,
                input=stdin or "",
                capture_output=True,
                text=True,
                encoding="utf-8",
                errors="replace",
                timeout=self.seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise self._refused(arguments, f"no answer within {self.seconds:g} s.") from None
        if done.returncode:
            raise self._refused(arguments, _reason(done.stderr))
        return done.stdout

    def _refused(self, arguments: tuple[str, ...], reason: str) -> RefusedError:
        # An option and its value, or the body of an answer, would only bury the reason.
        return RefusedError(f"`{self.name} {' '.join(arguments[:3])}` did not work: {reason}")

    def find(self, *arguments: str) -> str | None:
        """Run the program; return what it printed, or None for what is not there. Raises `RefusedError`."""
        try:
            return self.ask(*arguments)
        except RefusedError as error:
            if error.not_found:
                return None
            raise


class RefusedError(SpecimenError):
    """The program did not do it; the message says why, in its own words."""

    @property
    def not_found(self) -> bool:
        """Whether the thing is not there, or hidden from who asks."""
        return "HTTP 404" in str(self)


def _reason(stderr: str) -> str:
    said = " ".join(stderr.split())
    return said[:500].rstrip(".") + "." if said else "it does not say why."
