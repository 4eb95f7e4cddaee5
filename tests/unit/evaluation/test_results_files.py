"""The files of the metrics: the same bytes when they are read and written again."""

import json
from pathlib import Path

import builders
import pytest

from specimen.common.errors import SpecimenError
from specimen.common.files import write_json
from specimen.evaluation.results import Attention, Baselines, Bounds, ClassScores, Scores
from specimen.evaluation.results_files import details_json, metrics_json, read_numbers, read_results

METRICS = Path(__file__).parents[3] / "metrics"
SCORES = Scores({"accuracy": 1.0, "log_loss": 0.25}, samples=4, groups=2, intervals={"log_loss": Bounds(0.1, 0.5)})


def test_the_metrics_of_the_sample_are_the_same_bytes_when_written_again(tmp_path: Path) -> None:
    results = read_results(METRICS / "test.json", METRICS / "details.json")
    write_json(tmp_path / "test.json", metrics_json(results))
    write_json(tmp_path / "details.json", details_json(results))
    for name in ("test.json", "details.json"):
        assert (tmp_path / name).read_bytes() == (METRICS / name).read_bytes()
    assert results.attention is not None
    assert results.baselines.forest is not None
    assert results.by["condition"]["control"].intervals["rmse"].low > 0


def test_classes_are_the_same_when_read_again(tmp_path: Path) -> None:
    results = builders.results(
        SCORES,
        attention=Attention(0.2, 0.6, 0.1, None, 0.3),
        per_class={"leaf": ClassScores(1.0, 0.5, 0.75, 2), "stem": ClassScores(None, None, None, 0)},
        baselines=Baselines("majority", {"accuracy": 0.5}, None),
    )
    (tmp_path / "test.json").write_text(json.dumps(metrics_json(results)))
    (tmp_path / "details.json").write_text(json.dumps(details_json(results)))
    assert read_results(tmp_path / "test.json", tmp_path / "details.json") == results
    assert details_json(results) == {
        "interval": {"log_loss": {"low": 0.1, "high": 0.5}},
        "per_class": {"leaf": {"precision": 1.0, "recall": 0.5, "f1": 0.75, "support": 2}, "stem": {"support": 0}},
        "baseline": {"majority": {"accuracy": 0.5}},
    }


def test_what_is_known_besides_the_metrics_comes_after_the_counts() -> None:
    results = builders.results(SCORES, unlike=0.5, attention=Attention(0.2, 0.6, 0.1, None, 0.3))
    extra = ["unlike", "attention_inside", "attention_on_top", "attention_by_chance", "attention_on_top_untrained"]
    assert list(metrics_json(results)) == ["accuracy", "log_loss", "samples", "groups", *extra]
    assert list(results.numbers()) == ["accuracy", "log_loss", *extra]


def test_plain_numbers_are_neither_counts_nor_nested(tmp_path: Path) -> None:
    content = {"rmse": 2.0, "r2": 0.5, "samples": 2, "groups": 1, "baseline": {"mean": {"rmse": 9.0}}}
    (tmp_path / "test.json").write_text(json.dumps(content))
    assert read_numbers(tmp_path / "test.json") == {"rmse": 2.0, "r2": 0.5}


@pytest.mark.parametrize("details", ["{}", "[]", '{"baseline": {"forest": {}}}', '{"baseline": {}, "interval": []}'])
def test_files_of_another_version_are_one_message(tmp_path: Path, details: str) -> None:
    (tmp_path / "test.json").write_text(json.dumps(metrics_json(builders.results(SCORES))))
    (tmp_path / "details.json").write_text(details)
    with pytest.raises(
        SpecimenError, match=r"test.json and .*details.json are not what .*`dvc repro` makes them again"
    ):
        read_results(tmp_path / "test.json", tmp_path / "details.json")
