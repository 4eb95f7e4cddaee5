"""Sheets as people export them: read alike from every format, or refused with the place of the fault."""

import datetime
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from specimen.common.cells import to_number, to_text
from specimen.common.errors import SpecimenError
from specimen.data.readers.tables import column, read_table


@pytest.fixture
def csv_file(tmp_path: Path) -> Callable[[str | bytes], Path]:
    def write(content: str | bytes) -> Path:
        path = tmp_path / "labels.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.fixture
def xlsx_file(tmp_path: Path) -> Callable[..., Path]:
    def write(*rows: list[object], merge: str = "", sheet: str = "Sheet") -> Path:
        book = openpyxl.Workbook()
        page = book.active if sheet == "Sheet" else book.create_sheet(sheet)
        for row in rows:
            page.append(row)
        if merge:
            page.merge_cells(merge)
        book.save(tmp_path / "labels.xlsx")
        return tmp_path / "labels.xlsx"

    return write


@pytest.fixture
def parquet_file(tmp_path: Path) -> Callable[[pd.DataFrame], Path]:
    def write(table: pd.DataFrame) -> Path:
        table.to_parquet(tmp_path / "labels.parquet")
        return tmp_path / "labels.parquet"

    return write


def text(table: pd.DataFrame, name: str) -> list[str | None]:
    return to_text(table[name]).tolist()


def numbers(cells: list[object]) -> list[float]:
    return to_number(pd.Series(cells, dtype=object)).tolist()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_delimiter_is_found(csv_file, delimiter: str) -> None:
    table = read_table(csv_file(f"image{delimiter}g\nx.png{delimiter}1\n"))
    assert table.to_dict("list") == {"image": ["x.png"], "g": ["1"]}


def test_delimiter_is_found_behind_a_header_of_two_lines(csv_file) -> None:
    assert list(read_table(csv_file('"weight, fresh\n(g)";image\n1;x\n'))) == ["weight, fresh\n(g)", "image"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_csv_encoding_is_found(csv_file, encoding: str) -> None:
    assert read_table(csv_file("größe;b\nä€;1\n".encode(encoding))).to_dict("list") == {"größe": ["ä€"], "b": ["1"]}


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_csv_lines_may_end_in_any_way(csv_file, newline: str) -> None:
    assert text(read_table(csv_file(newline.join(["a,b", "x,1", "y,2"]))), "a") == ["x", "y"]


def test_german_export(csv_file) -> None:
    table = read_table(csv_file('g,lamp\n"0,0021",WAHR\n3,FALSCH\n'))
    assert to_number(table["g"]).tolist() == [0.0021, 3.0]
    assert to_number(table["lamp"]).tolist() == [1.0, 0.0]


def test_comma_is_not_a_decimal_point_next_to_one() -> None:
    assert numbers(["1,234", "0.5"]) == pytest.approx([np.nan, 0.5], nan_ok=True)


@pytest.mark.parametrize("cell", ["nan", "inf", "-inf", "1e400", "1_000", "12 g", "", None, float("inf"), pd.NaT])
def test_what_is_no_finite_number(cell: object) -> None:
    assert np.isnan(numbers([cell])).all()


@pytest.mark.parametrize(("cell", "number"), [("1e3", 1000), (" 2 ", 2), (".5", 0.5), ("+1,5", 1.5), (True, 1), (7, 7)])
def test_what_is_a_number(cell: object, number: float) -> None:
    assert numbers([cell]) == [number]


def test_infinity_in_a_column_of_numbers_is_no_number() -> None:
    assert to_number(pd.Series([np.inf, 1.5], dtype="float32")).isna().tolist() == [True, False]


@pytest.mark.parametrize(
    ("cell", "shown"),
    [(3.0, "3"), (0.5, "0.5"), ("  x ", "x"), ("x\r\ny\rz", "x\ny\nz"), (" ", None),
     (np.nan, None), (pd.NA, None), (pd.NaT, None), ("NA", "NA"),
     (True, "True"), (datetime.date(2024, 1, 2), "2024-01-02"), (12345678901234567890, "12345678901234567890")],
)  # fmt: skip
def test_text_is_what_the_sheet_shows(cell: object, shown: str | None) -> None:
    assert to_text(pd.Series([cell], dtype=object)).tolist() == [shown]


def test_long_identifiers_keep_their_digits(csv_file) -> None:
    assert text(read_table(csv_file("id,g\n12345678901234567890,1\n")), "id") == ["12345678901234567890"]


def test_names_of_missing_values_are_text_in_xlsx_as_in_csv(csv_file, xlsx_file) -> None:
    names = ["NA", "null", "None", "nan"]
    assert text(read_table(xlsx_file(["class"], *[[name] for name in names])), "class") == names
    assert text(read_table(csv_file("\n".join(["class", *names]))), "class") == names


def test_rows_are_numbered_as_the_spreadsheet_shows_them(csv_file) -> None:
    table = read_table(csv_file('a,b\nx,1\n\n,\ny,"two\nlines"\n,\n\n'))
    assert table["a"].dropna().to_dict() == {2: "x", 5: "y"}
    assert len(table) == 4


def test_rows_of_an_xlsx_are_numbered_likewise(xlsx_file) -> None:
    table = read_table(xlsx_file(["a", "b"], ["x", 1], [None, None], ["y", 2]))
    assert table["a"].dropna().to_dict() == {2: "x", 4: "y"}


def test_sheet_by_name(xlsx_file) -> None:
    assert list(read_table(xlsx_file(["a"], [1], sheet="Labels"), "Labels")) == ["a"]


def test_unknown_sheet_names_the_nearest(xlsx_file) -> None:
    with pytest.raises(SpecimenError, match=r"labels\.xlsx: data\.sheet: no sheet 'labels'\. Did you mean 'Labels'"):
        read_table(xlsx_file(["a"], sheet="Labels"), "labels")


def test_the_message_names_the_option_that_says_the_sheet(xlsx_file) -> None:
    with pytest.raises(SpecimenError, match=r"labels\.xlsx: --sheet: no sheet 'labels'\. Did you mean 'Labels'"):
        read_table(xlsx_file(["a"], sheet="Labels"), "labels", sheet_key="--sheet")


def test_header_merged_over_columns(xlsx_file) -> None:
    table = read_table(xlsx_file(["a", None, "c"], ["x", 1, 2], merge="A1:B1"))
    assert list(table) == ["a", "column 2", "c"]


def test_empty_columns_on_the_left_stay(xlsx_file) -> None:
    assert list(read_table(xlsx_file([None, "a"], [None, 1]))) == ["column 1", "a"]


def test_header_of_numbers_and_dates(xlsx_file) -> None:
    assert list(read_table(xlsx_file([5.0, datetime.datetime(2024, 1, 2)], [1, 2]))) == ["5", "2024-01-02"]


def test_formula_that_was_never_computed_is_empty(xlsx_file) -> None:
    assert text(read_table(xlsx_file(["a", "b"], ["x", "=1+1"])), "b") == [None]


def test_column_in_either_unicode_form(csv_file) -> None:
    path = csv_file("gro\u0308ße,b\n1,2\n")
    assert column(read_table(path), "gr\u00f6ße", "data.target", path).tolist() == ["1"]


def test_unknown_column_names_key_file_and_nearest(csv_file) -> None:
    path = csv_file("filename,g\nx,1\n")
    with pytest.raises(SpecimenError, match=r"data\.target: .*labels\.csv has no column 'G'\. Did you mean 'g'"):
        column(read_table(path), "G", "data.target", path)


def test_column_that_is_there_twice_matters_only_if_needed(csv_file) -> None:
    path = csv_file("a,a,b\n1,2,3\n")
    table = read_table(path)
    assert column(table, "b", "data.target", path).tolist() == ["3"]
    with pytest.raises(SpecimenError, match=r"data\.target: .* has 2 columns 'a'"):
        column(table, "a", "data.target", path)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "is empty"),
        (" \n\n , \n", "is empty"),
        ("a,b\nx,1\ny,0,5\n", "row 3 has 3 cells, the header 2"),
        ('a,b\nx,1\n"y,2\nz,3\n', "row 3 is not CSV.*quote"),
        (b"a,b\nx\0,1\n", "NUL bytes"),
        ("a;b\nä;1\n".encode("utf-16"), "NUL bytes"),
        ("a,b\n" + "x" * 140_000 + ",1\n", "row 2 is not CSV.*field limit"),
    ],
)
def test_faulty_csv(csv_file, content: str | bytes, fault: str) -> None:
    with pytest.raises(SpecimenError, match=rf"labels\.csv: .*{fault}"):
        read_table(csv_file(content))


def test_csv_rows_may_be_short_or_end_in_empty_cells(csv_file) -> None:
    table = read_table(csv_file("a,b\n1\n2,3,,\n"))
    assert table.to_numpy().tolist() == [["1", None], ["2", "3"]]


def test_header_alone_is_a_table_without_rows(csv_file) -> None:
    assert read_table(csv_file("a,b\n")).shape == (0, 2)


def test_empty_xlsx(xlsx_file) -> None:
    with pytest.raises(SpecimenError, match=r"labels\.xlsx: is empty"):
        read_table(xlsx_file())


@pytest.mark.parametrize("kept", [0, 10, 1000, -1])
def test_truncated_xlsx(xlsx_file, kept: int) -> None:
    path = xlsx_file(["a"], [1])
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(SpecimenError, match=r"labels\.xlsx: is not an \.xlsx file"):
        read_table(path)


def test_old_or_encrypted_excel_under_the_name_xlsx(tmp_path: Path) -> None:
    (tmp_path / "labels.xlsx").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000))
    with pytest.raises(SpecimenError, match="encrypted, truncated, or another format"):
        read_table(tmp_path / "labels.xlsx")


def test_another_zip_under_the_name_xlsx(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "labels.xlsx", "w") as archive:
        archive.writestr("a.txt", "x")
    with pytest.raises(SpecimenError, match=r"labels\.xlsx: cannot be read as \.xlsx"):
        read_table(tmp_path / "labels.xlsx")


def test_folder_under_the_name_of_a_table(tmp_path: Path) -> None:
    (tmp_path / "labels.xlsx").mkdir()
    with pytest.raises(SpecimenError, match=r"labels\.xlsx: cannot be read"):
        read_table(tmp_path / "labels.xlsx")


def test_unknown_suffix(tmp_path: Path) -> None:
    with pytest.raises(SpecimenError, match=r"unknown kind of table\. Accepted: \.xlsx, \.csv, \.parquet"):
        read_table(tmp_path / "labels.ods")


def test_missing_table(tmp_path: Path) -> None:
    with pytest.raises(SpecimenError, match=r"labels\.csv: no such table"):
        read_table(tmp_path / "labels.csv")


@pytest.mark.parametrize(
    ("cells", "shown"),
    [
        (pd.Categorical(["x", None]), ["x", None]),
        (pd.array([1, None], dtype="Int64"), ["1", None]),
        (pd.array([True, None], dtype="boolean"), ["True", None]),
        (pd.array(["x", None], dtype="string"), ["x", None]),
        (pd.to_datetime(["2024-01-02", None]), ["2024-01-02 00:00:00", None]),
        ([1.0, None], ["1", None]),
        ([[1], None], ["[1]", None]),
    ],
)
def test_parquet_column_of_any_type(parquet_file, cells: object, shown: list[str | None]) -> None:
    assert text(read_table(parquet_file(pd.DataFrame({"a": cells}))), "a") == shown


def test_parquet_with_categories_of_numbers(parquet_file) -> None:
    table = read_table(parquet_file(pd.DataFrame({"g": pd.Categorical([2, 1, None])})))
    assert to_number(table["g"]).tolist() == pytest.approx([2, 1, np.nan], nan_ok=True)


def test_named_index_of_a_parquet_is_a_column(parquet_file) -> None:
    table = read_table(parquet_file(pd.DataFrame({"image": ["x", "y"], "g": [1, 2]}).set_index("image")))
    assert text(table, "image") == ["x", "y"]
    assert table.index.tolist() == [2, 3]


def test_truncated_parquet(parquet_file) -> None:
    path = parquet_file(pd.DataFrame({"a": [1]}))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(SpecimenError, match=r"labels\.parquet: cannot be read as \.parquet"):
        read_table(path)


def test_damaged_text_in_a_parquet(tmp_path: Path) -> None:
    path = tmp_path / "labels.parquet"
    pd.DataFrame({"image": ["a.png", "b.png"]}).to_parquet(path, compression=None)
    path.write_bytes(path.read_bytes().replace(b"b.png", b"\x80.png"))
    with pytest.raises(SpecimenError, match=r"labels\.parquet: cannot be read as \.parquet"):
        read_table(path)
