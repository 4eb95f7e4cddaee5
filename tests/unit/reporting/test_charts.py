"""The charts of the comment show something, whatever they get."""

from specimen.reporting.facts.base import NotKnown
from specimen.reporting.facts.charts import ChartFacts, ClassScore, ClassScores, Curve
from specimen.reporting.sections.charts import charts_section

NOTHING = NotKnown(reason="none")


def body(**facts: object) -> str:
    return charts_section(
        ChartFacts(**{"curves": (), "base_epochs": 1, "head_epochs": 1, "predictions": NOTHING} | facts)
    ).body


def test_a_single_epoch_is_a_sentence_and_no_empty_chart() -> None:
    one = body(curves=(Curve(column="loss", base=(0.5,), head=(0.25,)),))
    assert "`loss` after the only epoch: 0.5 (base), 0.25 (this)." in one
    assert "mermaid" not in one
    assert "mermaid" in body(curves=(Curve(column="loss", base=(0.5,), head=(0.25, 0.2)),))


def test_long_names_of_classes_are_numbered_below_the_chart() -> None:
    names = [f"Tomato spotted wilt {number}" for number in range(10)]
    scores = [ClassScore(name=name, before=0.5, after=0.6) for name in names]
    text = body(predictions=ClassScores(rows=tuple(scores), total=10))
    assert 'x-axis "class" ["1", "2", "3"' in text
    assert "1 `Tomato spotted wilt 0`, 2 `Tomato spotted wilt 1`" in text


def test_short_names_of_classes_stand_below_their_bars() -> None:
    scores = [ClassScore(name=name, before=0.5, after=0.6) for name in ("Moon", "Mars")]
    assert 'x-axis "class" ["Moon", "Mars"]' in body(predictions=ClassScores(rows=tuple(scores), total=2))
