"""Choosing a split seed: balanced at the choice, and as stable as any other seed afterwards."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import stratify

from specimen.common.errors import SpecimenError
from specimen.config.prepare import Split
from specimen.experiments import split_balance

ROOT = Path(__file__).parents[2]


@pytest.fixture
def samples() -> pd.DataFrame:
    groups = [f"plant {number}" for number in range(60) for _ in range(2)]
    return pd.DataFrame(
        {"group": groups, "target": np.linspace(0, 1, 120), "age": np.tile([7, 14, None], 40), "kind": "fern"}
    )


def test_strata_are_quartiles_values_and_gaps(samples: pd.DataFrame) -> None:
    strata = split_balance.stratify(samples, ["target", "age", "kind"])["stratum"]
    assert strata.value_counts().to_dict() == {
        "kind = fern": 120, "age = 7": 40, "age = 14": 40, "age = missing": 40, "target = 0 to 0.243697": 30,
        "target = 0.252101 to 0.495798": 30, "target = 0.504202 to 0.747899": 30, "target = 0.756303 to 1": 30,
    }  # fmt: skip


def test_imbalance_is_chi_square_by_hand() -> None:
    strata = pd.DataFrame({"group": ["a", "b", "c", "d"], "stratum": "x"})
    split = Split(seed=1, val=0.25, test=0.25)
    counts = split_balance.assigned(strata, split, 1).value_counts()
    fair = {"train": 2.0, "val": 1.0, "test": 1.0}
    by_hand = sum((counts.get(name, 0) - share) ** 2 / share for name, share in fair.items())
    assert split_balance.imbalance(strata, split) == pytest.approx(by_hand)


def test_the_best_seed_is_balanced_better_than_most(samples: pd.DataFrame) -> None:
    strata = split_balance.stratify(samples, ["target"])
    found = [split_balance.imbalance(strata, Split(seed=seed)) for seed in range(100)]
    assert min(found) < 0.3 * float(np.median(found))


def test_only_the_seed_of_the_split_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    before = (ROOT / "params.yaml").read_text()
    Path("params.yaml").write_text(before)
    stratify.write_seed(4711)
    changed = list(zip(before.splitlines(), Path("params.yaml").read_text().splitlines(), strict=True))
    assert [new for old, new in changed if old != new] == ["  seed: 4711"]
    assert before.splitlines()[[old != new for old, new in changed].index(True) - 1] == "split:"


def test_params_without_the_line_say_where_it_belongs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text("train:\n  seed: 1\n")
    with pytest.raises(SpecimenError, match="no line `seed:` under `split:`"):
        stratify.write_seed(3)


def test_no_seed_at_all_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["stratify.py", "--seeds", "0"])
    with pytest.raises(SpecimenError, match="--seeds is 0, which leaves no seed to try"):
        stratify.main()
