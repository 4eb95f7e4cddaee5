"""Programs that speak for a person: `gh` and `glab`. Values that are secret go in by stdin."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass

from specimen.common.errors import SpecimenError


@dataclass(frozen=True)
class Program:
    """A program, and how somebody without it gets it."""

    name: str
    install: str

    def is_there(self) -> bool:
        """Tell whether the program can be found."""
        return shutil.which(self.name) is not None

    def ask(self, *arguments: str, stdin: str | None = None) -> str:
        """Run the program and return what it printed. Raises `RefusedError`."""
        if not self.is_there():
            raise SpecimenError(f"the program {self.name} is not here. {self.install}")
        # Nothing to read where nothing is given: a program that asks a question would wait for ever.
        done = subprocess.run(
            [self.name, *arguments], input=stdin or "", capture_output=True, text=True, encoding="utf-8", check=False
        )
        if done.returncode:
            # An option and its value, or the body of an answer, would only bury the reason.
            raise RefusedError(f"`{self.name} {' '.join(arguments[:3])}` did not work: {_reason(done.stderr)}")
        return done.stdout

    def find(self, *arguments: str) -> str | None:
        """Run the program; return what it printed, or None for what is not there. Raises `RefusedError`."""
        try:
            return self.ask(*arguments)
        except RefusedError as error:
            if "HTTP 404" in str(error):
                return None
            raise


class RefusedError(SpecimenError):
    """The program did not do it; the message says why, in its own words."""


def _reason(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return " ".join(lines)[:500].rstrip(".") + "." if lines else "it does not say why."
