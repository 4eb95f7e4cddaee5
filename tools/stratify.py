"""Choose the split seed that balances the splits best: `python tools/stratify.py COLUMN ...`.

The splits stay a hash of group and seed, so they never move once the seed is chosen; only the choice looks at the data.
Choosing among random splits by their balance, never by a result, is rerandomisation: K. L. Morgan and D. B. Rubin,
"Rerandomization to improve covariate balance in experiments", Annals of Statistics 40(2), 2012.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from specimen.common import errors
from specimen.common.errors import SpecimenError, accepted_hint
from specimen.common.files import replace_atomically
from specimen.config.base import PARAMS_FILE
from specimen.config.params import load_params
from specimen.data.dataset.store import SPLITS, Store
from specimen.experiments import split_balance

PREPARED = Path("data/prepared")


def main() -> None:
    """Try seeds on the prepared samples, show the best next to today's, and write it if asked to."""
    parser = argparse.ArgumentParser(description="Choose the split seed that balances the splits best.")
    parser.add_argument(
        "columns", nargs="*", default=["target"], help="columns of samples.csv to balance; default: target"
    )
    parser.add_argument("--seeds", type=int, default=1000, help="how many seeds to try, from 0; default 1000")
    parser.add_argument("--apply", action="store_true", help=f"write the best seed into {PARAMS_FILE}")
    arguments = parser.parse_args()
    if arguments.seeds < 1:
        raise SpecimenError(f"stratify: --seeds is {arguments.seeds}, which leaves no seed to try.")
    split = load_params().split
    samples = Store.load(PREPARED).samples
    unknown = [name for name in arguments.columns if name not in samples]
    if unknown:
        raise SpecimenError(
            f"stratify: samples have no '{unknown[0]}'. {accepted_hint(unknown[0], samples.columns, 'columns')}"
        )
    strata = split_balance.stratify(samples, arguments.columns)
    seeds = tqdm(range(arguments.seeds), unit=" seeds", disable=None)
    best = min(seeds, key=lambda seed: split_balance.imbalance(strata, split.model_copy(update={"seed": seed})))
    for name, seed in (("today", split.seed), ("best", best)):
        shares = _shares(strata, split_balance.assigned(strata, split, seed))
        print(f"{name}: split.seed {seed}\n{shares.to_string()}\n")
    if arguments.apply:
        write_seed(best)
    else:
        print(f"To use it, set split.seed: {best} in {PARAMS_FILE}, or add --apply. Do so once: it moves samples.")


def _shares(strata: pd.DataFrame, splits: pd.Series[str]) -> pd.DataFrame:
    """Return for each stratum the share of its samples in each split."""
    shares = pd.crosstab(strata["stratum"], splits, normalize="index").round(3)
    return shares.reindex(columns=list(SPLITS), fill_value=0.0)


def write_seed(seed: int) -> None:
    """Change `split.seed` in params.yaml and nothing else, comments included."""
    text = PARAMS_FILE.read_text(encoding="utf-8")
    changed, count = re.subn(r"(?m)^(split:(?:\n[ \t#].*|\n)*?\n[ \t]+seed:[ \t]*)\d+", rf"\g<1>{seed}", text)
    if not count:
        raise SpecimenError(f"{PARAMS_FILE}: no line `seed:` under `split:`; write `seed: {seed}` there.")
    with replace_atomically(PARAMS_FILE) as aside:
        aside.write_text(changed, encoding="utf-8")
    print(f"{PARAMS_FILE}: split.seed is now {seed}; `dvc repro` moves the samples.")


if __name__ == "__main__":
    errors.run_cli(main)
