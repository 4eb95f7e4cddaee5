"""The verdict: right about simulated models whose quality is known, and silent where nothing can be compared."""

import numpy as np
import pandas as pd
import pytest

from specimen.evaluation.exchange_test import FEWEST_GROUPS
from specimen.models.metric_registry import METRICS, find_metric
from specimen.reporting.facts.verdict import Verdict
from specimen.reporting.shared_samples import BASE, shared_samples
from specimen.reporting.verdict import RevisionPredictions, judge, judge_pairs

REPETITIONS = 200
RESAMPLES = 200


def subject(predictions: pd.DataFrame, **facts: str) -> RevisionPredictions:
    return RevisionPredictions(predictions, **{"task": "regression", "target": "weight", "unit": "g"} | facts)


def samples(groups: int, photos: int = 1) -> pd.DataFrame:
    count = groups * photos
    return pd.DataFrame(
        {
            "row": range(2, count + 2),
            "image": [f"{number}.jpg" for number in range(count)],
            "group": [f"plant {number // photos}" for number in range(count)],
            "target": np.linspace(1, 9, count),
        }
    )


def two_models(seed: int, groups: int, photos: int, gain: float) -> pd.DataFrame:
    """Return the pairs of predictions of two models whose true RMSE are 1 and 1 - `gain`.

    What is hard in a plant is hard for both: nine tenths of the variance of their errors is shared by the models, and
    half of it by the photos of a plant.
    """
    random = np.random.default_rng(seed)

    def noise() -> np.ndarray:
        plant = np.repeat(random.normal(size=groups), photos)
        return (plant + random.normal(size=groups * photos)) / np.sqrt(2)

    table, hard = samples(groups, photos), noise()
    before, after = (np.sqrt(0.9) * hard + np.sqrt(0.1) * noise() for _ in range(2))
    base = table.assign(prediction=table["target"] + before)
    return as_pairs(base, table.assign(prediction=table["target"] + (1 - gain) * after))


def as_pairs(base: pd.DataFrame, head: pd.DataFrame) -> pd.DataFrame:
    """Return what `shared_samples` gives of two tables with the same samples in the same order."""
    return pd.concat([head, base.add_suffix(BASE)], axis=1)


@pytest.fixture
def without_power(monkeypatch: pytest.MonkeyPatch) -> None:
    """Judge hundreds of times, without asking each time what the test split can find."""
    monkeypatch.setattr("specimen.reporting.verdict.find_power", lambda models, metric: None)


def words(gain: float, groups: int, photos: int) -> pd.Series:
    found = [
        judge_pairs(two_models(seed, groups, photos, gain), "regression", "rmse", resamples=RESAMPLES, seed=seed).word
        for seed in range(REPETITIONS)
    ]
    return pd.Series(found).value_counts(normalize=True)


@pytest.mark.usefixtures("without_power")
@pytest.mark.parametrize(("groups", "photos"), [(300, 1), (40, 2)])
def test_equal_models_are_seldom_told_apart(groups: int, photos: int) -> None:
    found = words(0.0, groups, photos)
    assert found.get("better", 0) + found.get("worse", 0) <= 0.05 + 0.02


@pytest.mark.usefixtures("without_power")
def test_a_gain_of_a_tenth_is_found_and_never_called_worse() -> None:
    found = words(0.1, 300, 1)
    assert found["better"] >= 0.9
    assert "worse" not in found


def test_equal_classifiers_are_seldom_told_apart() -> None:
    found = []
    for seed in range(2 * REPETITIONS):
        random = np.random.default_rng(seed)
        table = samples(150).assign(target="leaf")
        hard = random.random(150) < 0.6
        models = []
        for _ in range(2):
            right = np.where(hard, random.random(150) < 0.8, True)
            said = np.where(right, "leaf", "stem")
            columns = {"prediction": said, "p: leaf": np.where(right, 0.9, 0.1), "p: stem": np.where(right, 0.1, 0.9)}
            models.append(table.assign(**columns))
        pairs = as_pairs(*models)
        found.append(judge_pairs(pairs, "classification", "accuracy", resamples=RESAMPLES, seed=seed).word)
    assert sum(word != "no detectable change" for word in found) <= 0.07 * len(found)


def pair(**changes: object) -> tuple[pd.DataFrame, pd.DataFrame]:
    table = samples(60)
    noise = np.random.default_rng(1).normal(size=60)
    return table.assign(prediction=table["target"] + noise), table.assign(
        **{"prediction": table["target"] + noise / 2} | changes
    )


def test_simulated_pairs_are_what_two_tables_give() -> None:
    base, head = pair()
    pairs, _ = shared_samples(base, head)
    pd.testing.assert_frame_equal(pairs, as_pairs(base, head)[pairs.columns])


def test_numbers_are_those_of_the_shared_samples() -> None:
    base, head = pair()
    found = judge(subject(base), subject(head.iloc[10:]), "rmse")
    shared = base.iloc[10:]
    assert found.before == pytest.approx(np.sqrt(((shared["prediction"] - shared["target"]) ** 2).mean()))
    assert found.after == pytest.approx(found.before / 2)
    assert found.low < found.difference < found.high < 0
    assert (found.word, found.samples, found.groups) == ("better", 50, 50)


def test_the_order_of_rows_and_their_numbers_do_not_matter() -> None:
    base, head = pair()
    shuffled = head.sample(frac=1, random_state=1).assign(row=range(60))
    straight, other = (judge(subject(base), subject(table), "rmse") for table in (head, shuffled))
    assert straight.difference == pytest.approx(other.difference)


@pytest.mark.parametrize("metric", ["rmse", "mae", "median_ae", "r2", "accuracy", "macro_f1", "log_loss", "roc_auc"])
def test_neither_rounding_nor_the_order_of_rows_changes_a_digit(metric: str) -> None:
    """Another processor adds up in another order, and rounds otherwise."""
    random = np.random.default_rng(7)
    numbers = metric in ("rmse", "mae", "median_ae", "r2")
    task, unit = ("regression", "g") if numbers else ("classification", "")
    base, head = numbers_and_noise(random) if numbers else leaves_and_stems(random)

    def found(*tables: pd.DataFrame) -> list[float]:
        verdict = judge(*(subject(table, task=task, unit=unit) for table in tables), metric)
        assert verdict.word != "not comparable", verdict.reason
        return [float(f"{value:.5e}") for value in (verdict.difference, verdict.low, verdict.high)]

    expected = found(base, head)
    for _ in range(3):
        assert found(*(rounded(table.sample(frac=1, random_state=3), random) for table in (base, head))) == expected


def numbers_and_noise(random: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    table = samples(21, photos=2)
    # Many errors are the same, as those of numbers with few decimals are: so draws tie.
    errors = (random.integers(-3, 4, 42) / 10 for _ in range(2))
    base, head = (table.assign(prediction=table["target"] + error) for error in errors)
    return base, head


def leaves_and_stems(random: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    table = samples(40).assign(target=["leaf", "stem"] * 20)
    models = []
    for share in (0.6, 0.8):
        right = np.where(random.random(40) < share, 0.75, 0.3)
        leaf = np.where(table["target"] == "leaf", right, 1 - right)
        said = np.where(leaf > 0.5, "leaf", "stem")
        models.append(table.assign(prediction=said, **{"p: leaf": leaf, "p: stem": 1 - leaf}))
    return models[0], models[1]


def rounded(table: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    noisy = [name for name in ("prediction", "p: leaf") if pd.api.types.is_float_dtype(table.get(name))]
    return table.assign(**{name: table[name] * (1 + 1e-12 * random.normal(size=len(table))) for name in noisy})


def test_repeated_images_are_told_apart_by_their_rows() -> None:
    base, head = (table.assign(image="one.jpg") for table in pair())
    assert judge(subject(base), subject(head), "rmse").samples == 60


def test_samples_without_images_are_told_apart_by_their_rows() -> None:
    base, head = (table.assign(image=np.nan) for table in pair())
    assert judge(subject(base), subject(head), "rmse").samples == 60


def test_a_relabelled_sample_is_left_out() -> None:
    base, head = pair()
    head.loc[:2, "target"] += 1
    found = judge(subject(base), subject(head), "rmse")
    assert (found.samples, found.relabelled) == (57, 3)


def test_the_same_predictions_are_called_so() -> None:
    base, _ = pair()
    found = judge(subject(base), subject(base), "rmse")
    assert (found.word, found.same_predictions, found.difference) == ("no detectable change", True, 0)


def test_a_higher_r2_is_better_and_a_lower_one_worse() -> None:
    base, head = pair()
    assert judge(subject(base), subject(head), "r2").word == "better"
    assert judge(subject(head), subject(base), "r2").word == "worse"


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"target": "height"}, "the target has changed from 'weight' to 'height'"),
        ({"unit": "kg"}, "the unit has changed from 'g' to 'kg'"),
        ({"task": "classification"}, "the task has changed from 'regression' to 'classification'"),
    ],
)
def test_other_facts_cannot_be_compared(facts: dict[str, str], reason: str) -> None:
    base, head = pair()
    assert judge(subject(base), subject(head, **facts), "rmse") == Verdict(
        "not comparable", "rmse", reason, facts.get("unit", "g")
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda head: head.assign(image=head["image"] + "!"), "no test sample is in both revisions"),
        (
            lambda head: head.assign(target=head["target"] + 1),
            "each of the 60 shared test samples has another label now",
        ),
        (lambda head: head.iloc[: FEWEST_GROUPS - 1], f"both share {FEWEST_GROUPS - 1} groups of test samples"),
        (lambda head: head.iloc[:0], "no test sample is in both revisions"),
        (lambda head: head.drop(columns="prediction"), "the predictions have no column prediction"),
        (lambda head: head.assign(image="one.jpg", row=1), "the samples cannot be told apart by image and row"),
        (lambda head: head.assign(prediction=np.nan), "predictions that are not finite numbers"),
    ],
)
def test_what_cannot_be_compared_says_why(change: object, reason: str) -> None:
    base, head = pair()
    found = judge(subject(base), subject(change(head)), "rmse")
    assert found.word == "not comparable"
    assert reason in found.reason


@pytest.mark.parametrize("metric", ["bias", "accuracy", "rsme"])
def test_a_metric_that_cannot_decide_names_those_that_can(metric: str) -> None:
    base, head = pair()
    found = judge(subject(base), subject(head), metric)
    assert found.word == "not comparable"
    assert f"`{metric}` cannot decide. Accepted here: mae, " in found.reason


def test_a_class_that_one_model_does_not_know_counts_as_wrong() -> None:
    table = samples(40).assign(target=["leaf", "stem"] * 20)
    base = table.assign(prediction="leaf", **{"p: leaf": 1.0})
    head = table.assign(prediction=table["target"], **{"p: leaf": 0.5, "p: stem": 0.5})
    found = judge(*(subject(side, task="classification", unit="") for side in (base, head)), "accuracy")
    assert (found.before, found.after, found.word) == (0.5, 1.0, "better")


def test_a_metric_that_is_not_defined_cannot_decide() -> None:
    table = samples(40).assign(target="leaf", prediction="leaf", **{"p: leaf": 0.6, "p: stem": 0.4})
    found = judge(*(subject(table, task="classification", unit="") for _ in range(2)), "roc_auc")
    assert "`roc_auc` cannot decide" in found.reason


def test_directions_are_known_for_the_metrics_of_a_class_too() -> None:
    names = ("rmse", "baseline.forest.rmse", "per_class.leaf.f1", "bias")
    assert [find_metric(name).direction for name in names] == [-1, -1, 1, 0]


def test_every_metric_has_a_better_way_or_none_on_purpose() -> None:
    undecided = {metric.name for metric in METRICS.values() if metric.has_interval and not metric.may_decide}
    assert undecided == {"bias", "coverage"}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("seed", range(10))
def test_a_model_without_an_error_is_no_trouble(seed: int) -> None:
    """Sums of errors are added, never subtracted: what rounding leaves of a difference may be below 0."""
    table = samples(10, photos=3)
    errors = np.random.default_rng(seed).normal(size=30) * (np.arange(30) < 24)
    found = judge(
        subject(table.assign(prediction=table["target"] + errors)),
        subject(table.assign(prediction=table["target"])),
        "rmse",
    )
    assert found.after == 0
    assert found.word == "better"
