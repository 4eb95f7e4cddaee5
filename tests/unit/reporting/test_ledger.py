"""How often test groups have been asked: what is said of it is what happens, and spending keeps false verdicts rare."""

import numpy as np
import pandas as pd
import pytest

from specimen.evaluation.exchange_test import exchange_interval
from specimen.reporting.facts.base import NotKnown
from specimen.reporting.facts.ledger import Ledger
from specimen.reporting.facts.verdict import Power, Verdict
from specimen.reporting.ledger import best_luck, chance_of_false_better, judge_fresh_groups, keep_ledger
from specimen.reporting.sections.ledger import ledger_section
from specimen.reporting.verdict import RevisionPredictions, judge
from specimen.versioning.errors import NotAvailableError
from specimen.versioning.lock_history import ModelHistory, PastModel

GROUPS = 29
VERDICT = Verdict("better", "rmse", unit="g", before=1.0, after=0.9, difference=-0.1, low=-0.2, high=-0.01,
                  groups=GROUPS, power=Power(0.2, 0.1, 0.3, 0.1, 120, relative=True))  # fmt: skip


def histories_with_a_false_better(changes: int, level: float, resamples: int, cases: int) -> float:
    """Return in which share of histories one of the changes, which change nothing, is called better than the base."""
    random = np.random.default_rng(0)
    shares = np.full(GROUPS, 1 / GROUPS)
    found = 0
    for case in range(cases):
        hard = np.exp(0.6 * random.normal(size=GROUPS))
        base, *others = np.abs(hard * random.normal(size=(changes + 1, GROUPS)))
        for other in others:
            difference = (other - base) / GROUPS
            _, high = exchange_interval(
                lambda kept, d=difference: (2 * kept - 1) @ d, shares, level=level, resamples=resamples, seed=case
            )
            if high < 0:
                found += 1
                break
    return found / cases


def test_a_false_better_among_many_is_as_likely_as_is_said() -> None:
    assert histories_with_a_false_better(13, 0.95, 200, 300) == pytest.approx(chance_of_false_better(13), abs=0.05)


def test_spending_keeps_false_betters_rare() -> None:
    assert histories_with_a_false_better(12, 1 - 0.05 / 12, 2000, 100) <= 0.05
    assert histories_with_a_false_better(12, 0.95, 200, 100) > 0.05


@pytest.mark.parametrize(("models", "luck"), [(1, 0.0), (2, 1 / np.sqrt(np.pi)), (10, 1.5388)])
def test_the_best_of_many_is_lucky(models: int, luck: float) -> None:
    assert best_luck(models) == pytest.approx(luck, abs=1e-3)


def test_one_change_is_called_better_by_chance_in_a_fortieth_of_the_cases() -> None:
    assert chance_of_false_better(1) == pytest.approx(0.025, abs=1e-4)


def history(*models: tuple[str, str, int], complete: bool = True) -> ModelHistory:
    return ModelHistory(tuple(PastModel(md5, md5, prepared, seed) for md5, prepared, seed in models), complete)


def test_only_models_whose_test_groups_come_from_the_same_params_count() -> None:
    seen = []
    past = history(("c", "new", 1), ("b", "old", 1), ("a", "old", 2))
    ledger = keep_ledger(past, "c", VERDICT, seen.extend)
    assert ledger.models == 2
    assert [model.md5 for model in seen] == ["b"]  # the one that other data was there for
    assert ledger.flatters == pytest.approx(0.564 * 0.2 / 2.8 / np.sqrt(2), rel=0.01)


def test_a_base_that_the_history_does_not_have_is_said() -> None:
    with pytest.raises(NotAvailableError, match="not in the history"):
        keep_ledger(history(("c", "new", 1)), "z", VERDICT, lambda before: None)


def table(groups: range, error: float) -> RevisionPredictions:
    rows = pd.DataFrame({"image": [f"{group}.jpg" for group in groups], "group": list(groups), "target": 5.0})
    noise = np.linspace(-1, 1, len(rows)) + 1.5
    return RevisionPredictions(rows.assign(prediction=5 + error * noise), "regression", "weight", "g")


def test_new_groups_have_a_verdict_of_their_own() -> None:
    base, head = table(range(40), 1.0), table(range(40), 0.5)
    found = judge_fresh_groups(
        base, head, "rmse", history(("a", "old", 1)).models, lambda _: table(range(30), 1).predictions
    )
    assert found is not None
    assert (found.word, found.groups) == ("better", 10)
    few = judge_fresh_groups(
        base, head, "rmse", history(("a", "old", 1)).models, lambda _: table(range(37), 1).predictions
    )
    assert few is not None
    assert few.word == "not comparable"


def test_without_new_groups_or_older_data_there_is_no_such_verdict() -> None:
    base, head = table(range(40), 1.0), table(range(40), 0.5)
    past = history(("a", "old", 1)).models
    assert judge_fresh_groups(base, head, "rmse", past, lambda _: table(range(40), 1).predictions) is None
    assert judge_fresh_groups(base, head, "rmse", (), lambda _: pd.DataFrame()) is None


def test_the_comment_says_how_often_and_what_it_means() -> None:
    ledger = Ledger(models=13, complete=True, false_better=0.167, flatters=0.086)
    text = ledger_section(ledger, VERDICT).render(10)
    assert "This is the 14th model that these test groups judge." in text
    assert "would be 17 %" in text
    assert "RMSE flatters by up to 9 %" in text
    fresh = Verdict("better", "rmse", unit="g", difference=-0.1, groups=7)
    text = ledger_section(ledger.model_copy(update={"complete": False, "fresh": fresh}), VERDICT).render(10)
    assert "14th model that these test groups judge at least: this clone does not have the whole history" in text
    assert "On the 7 groups that are new in test: better** (difference -0.1 g)" in text
    assert "is not known: no" in ledger_section(NotKnown(reason="no"), VERDICT).render(10)


def test_spending_is_a_stricter_verdict_that_says_so() -> None:
    base, head = table(range(40), 1.0), table(range(40), 0.95)
    found = judge(base, head, "rmse", spend=50)
    assert found.level == pytest.approx(0.999)
    few = judge(table(range(8), 1.0), table(range(8), 0.5), "rmse", spend=50)
    assert few.reason == "report.spend leaves 0.1 % for a verdict, which 8 groups can never reach"
