"""Start from your own data: `make new` looks at them and proposes params.yaml, with the reasons.

    python tools/new.py                       # data/raw
    python tools/new.py data/photos.zip --target weight --group plant
    python tools/new.py --yes                 # writes without asking

It shows what it would change in params.yaml, and changes that in place after a yes: comments and all other params stay.
"""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

from specimen.common import errors, sample_stage
from specimen.common.errors import SpecimenError
from specimen.common.files import replace_atomically
from specimen.config.base import PARAMS_FILE
from specimen.config.params_edit import NULL, difference
from specimen.data.proposal.propose import Wanted, propose
from specimen.data.proposal.reasons import Reason
from specimen.data.readers.decode import ignore_pillow_warnings
from specimen.experiments.new_params import complete, starts_from_weights
from specimen.versioning.forget_sample import forget_sample

DATA = Path("data/raw")
WIDTH = 110
NEXT = """\
Next:
  dvc add {root}
  dvc repro
  make doctor       # groups, twins, and whether val and test are large enough"""


def main() -> None:
    """Propose, show, ask and write."""
    parser = argparse.ArgumentParser(description="Propose params.yaml for your own data, with the reasons.")
    parser.add_argument("data", nargs="?", type=Path, default=DATA, help=f"folder or .zip; default {DATA}")
    parser.add_argument("--target", help="the column to learn, if not the proposed one")
    parser.add_argument("--group", nargs="+", metavar="COLUMN", help="the columns that together name one object")
    parser.add_argument("--yes", action="store_true", help="write without asking")
    arguments = parser.parse_args()
    require_inside(arguments.data)
    ignore_pillow_warnings()
    before = PARAMS_FILE.read_text(encoding="utf-8") if PARAMS_FILE.exists() else ""
    reasons = propose(arguments.data, Wanted(arguments.target, arguments.group, starts_from_weights(before)))
    proposal = complete(before, reasons)
    print(f"{describe([*reasons, *proposal.reasons])}\n")
    change = difference(before, proposal.text, str(PARAMS_FILE), "proposed")
    print(change or f"{PARAMS_FILE} says all of this already.")
    if change and not (arguments.yes or is_wanted()):
        print("\nNothing is written. --yes writes it; --target and --group settle what is proposed wrong.")
        return
    if change:
        with replace_atomically(PARAMS_FILE) as aside:
            aside.write_text(proposal.text, encoding="utf-8")
        print(f"\n{PARAMS_FILE} is written. To see what was there before: git diff {PARAMS_FILE}")
    if sample_stage.is_in_the_way(arguments.data.as_posix()):
        forget_sample()
    print(NEXT.format(root=arguments.data))


def require_inside(data: Path) -> None:
    """Raise `SpecimenError` for data that DVC cannot version here."""
    if not data.resolve().is_relative_to(Path.cwd()):
        raise SpecimenError(f"{data} is outside of this repository. Copy it to {DATA}: what DVC versions is inside.")
    if not data.exists():
        raise SpecimenError(f"{data} does not exist. Put your photos and their sheet, or class folders, into it.")


def describe(reasons: Sequence[Reason]) -> str:
    """Return each proposed value with its reason; a `?` marks what a person should look at."""
    lines = []
    for reason in reasons:
        if reason.value is None and not reason.doubt:
            continue
        value = "-" if reason.value is None else show(reason.value)
        lines.append(f"{'?' if reason.doubt else ' '} {reason.key}: {value}")
        lines += textwrap.wrap(reason.because, WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6)
    return "\n".join([*lines, "", "What has a ? needs your eyes."])


def show(value: object) -> str:
    """Return a value as YAML would have it, more or less."""
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(str, value))}]"
    return "null" if value is NULL else str(value)


def is_wanted() -> bool:
    """Ask, where somebody can answer."""
    if not sys.stdin.isatty():
        return False
    return input("\nWrite it? [y/N] ").strip().lower() in ("y", "yes", "j", "ja")


if __name__ == "__main__":
    errors.run_cli(main)
