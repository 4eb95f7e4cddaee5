"""Put a recipe of `recipes/` in place of params.yaml, after showing what changes: `python tools/recipe.py NAME`."""

import argparse
import difflib
from pathlib import Path

from specimen.common import errors
from specimen.common.errors import SpecimenError, accepted_hint
from specimen.common.files import replace_atomically
from specimen.config.base import PARAMS_FILE
from specimen.config.params import load_params

RECIPES = Path("recipes")


def main() -> None:
    """Check the recipe, show the difference, and put it in place."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="a file of recipes/, without .yaml")
    name = parser.parse_args().name
    recipe = RECIPES / f"{name}.yaml"
    if not recipe.is_file():
        names = sorted(path.stem for path in RECIPES.glob("*.yaml"))
        raise SpecimenError(f"{recipe}: no such recipe. {accepted_hint(name, names)}")
    load_params(recipe)
    change = difference(recipe)
    if not change:
        print(f"{PARAMS_FILE} is {recipe} already.")
        return
    print(change)
    with replace_atomically(PARAMS_FILE) as aside:
        aside.write_bytes(recipe.read_bytes())
    print(f"{PARAMS_FILE} is now {recipe}. To see what was there before: git diff {PARAMS_FILE}")


def difference(recipe: Path) -> str:
    """Return the unified diff from params.yaml to the recipe."""
    before = PARAMS_FILE.read_text(encoding="utf-8", errors="replace").splitlines() if PARAMS_FILE.exists() else []
    after = recipe.read_text(encoding="utf-8").splitlines()
    return "\n".join(difflib.unified_diff(before, after, str(PARAMS_FILE), str(recipe), lineterm="", n=1))


if __name__ == "__main__":
    errors.run_cli(main)
