"""Put a recipe of `recipes/` in place of params.yaml, after showing what changes: `python tools/recipe.py NAME`.

A recipe for other data than the embedded sample also removes the stage that draws the sample. One that starts from a
file of weights makes it a dep of the stages that train.
"""

import argparse
from pathlib import Path

from specimen.common import errors, sample_stage, weights_dep
from specimen.common.errors import SpecimenError, accepted_hint
from specimen.common.files import replace_atomically
from specimen.common.weight_files import weights_file
from specimen.config.base import PARAMS_FILE
from specimen.config.params import load_params
from specimen.config.params_edit import difference
from specimen.versioning.forget_sample import forget_sample

RECIPES = Path("recipes")


def main() -> None:
    """Check the recipe, put it in place, and let DVC forget the sample if that is not what the recipe is for."""
    parser = argparse.ArgumentParser(
        description="Put a recipe of recipes/ in place of params.yaml, after showing what changes."
    )
    parser.add_argument("name", help="a file of recipes/, without .yaml")
    name = parser.parse_args().name
    recipe = RECIPES / f"{name}.yaml"
    if not recipe.is_file():
        names = sorted(path.stem for path in RECIPES.glob("*.yaml"))
        raise SpecimenError(f"{recipe}: no such recipe. {accepted_hint(name, names)}")
    params = load_params(recipe)
    put_in_place(recipe)
    for path in weights_dep.list_where_needed(params.train.weights):
        print(f"{path}: the dep `{weights_dep.DEP}` {'came' if weights_file(params.train.weights) else 'went'}.")
    if sample_stage.is_in_the_way(params.data.root):
        forget_sample()


def put_in_place(recipe: Path) -> None:
    """Show the difference and replace params.yaml, unless it is the recipe already."""
    before = PARAMS_FILE.read_text(encoding="utf-8", errors="replace") if PARAMS_FILE.exists() else ""
    change = difference(before, recipe.read_text(encoding="utf-8"), str(PARAMS_FILE), str(recipe))
    if not change:
        print(f"{PARAMS_FILE} is {recipe} already.")
        return
    print(change)
    with replace_atomically(PARAMS_FILE) as aside:
        aside.write_bytes(recipe.read_bytes())
    print(f"{PARAMS_FILE} is now {recipe}. To see what was there before: git diff {PARAMS_FILE}")


if __name__ == "__main__":
    errors.run_cli(main)
