"""Names that look like two spellings of one class."""

from specimen.data.preparation.class_names import find_alike


def test_names_that_differ_in_case_or_blanks_are_alike() -> None:
    names = ["Healthy", "leaf spot", "healthy", "Leaf_Spot", "LeafSpot", "rust", "HEALTHY"]
    assert find_alike(names) == [("HEALTHY", "Healthy", "healthy"), ("LeafSpot", "Leaf_Spot", "leaf spot")]


def test_names_that_differ_in_dashes_or_in_signs_without_width_are_alike() -> None:
    assert find_alike(["A-1", "A\u20131", "B", "B\u200b"]) == [("A-1", "A\u20131"), ("B", "B\u200b")]


def test_other_names_are_not() -> None:
    assert find_alike(["rust", "rust 2", "Süß", "Suss", "1-2", "12"]) == []
