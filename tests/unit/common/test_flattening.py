"""Nested values become one level."""

from specimen.common.flattening import flatten


def test_nested_metrics_become_one_level() -> None:
    nested = {"test": {"a": {"b": 1, "c/d": 2}, "e": 3}}
    assert flatten(nested, "/", replacement="_") == {"test/a/b": 1, "test/a/c_d": 2, "test/e": 3}


def test_a_key_keeps_the_separator_where_nothing_replaces_it() -> None:
    assert flatten({"per_class": {"St. Moritz": {"f1": 0.5}}}, ".") == {"per_class.St. Moritz.f1": 0.5}


def test_an_empty_mapping_and_a_list_are_values() -> None:
    assert flatten({"a": {"b": {}, 5: [1, {"c": 2}]}}, ".") == {"a.b": {}, "a.5": [1, {"c": 2}]}
