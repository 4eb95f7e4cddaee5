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
from specimen.data.readers.header_choice import Place
from specimen.data.readers.tables import read_table


@pytest.fixture
def csv_file(tmp_path: Path) -> Callable[[str | bytes], Path]:
    def write(content: str | bytes) -> Path:
        path = tmp_path / "labels.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def test_a_hidden_sheet_does_not_come_before_what_people_see(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["file", "weight"])
    book.active.append(["a.png", 1])
    book.active.sheet_state = "hidden"
    seen = book.create_sheet("seen")
    seen.append(["file", "weight"])
    seen.append(["a.png", 2])
    book.active = seen
    book.save(tmp_path / "labels.xlsx")
    assert read_table(tmp_path / "labels.xlsx", ["file", "weight"]).cells["weight"].tolist() == [2]


@pytest.fixture
def xlsx_file(tmp_path: Path) -> Callable[..., Path]:
    def write(*rows: list[object], merge: str = "", sheet: str = "Sheet", first: str = "") -> Path:
        book = openpyxl.Workbook()
        if first:
            book.active["A1"] = first
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


def cells_of(path: Path, place: Place | None = None) -> pd.DataFrame:
    return read_table(path, place=place or Place()).cells


def text(table: pd.DataFrame, name: str) -> list[str | None]:
    return to_text(table[name]).tolist()


def numbers(cells: list[object]) -> list[float]:
    return to_number(pd.Series(cells, dtype=object)).tolist()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_delimiter_is_found(csv_file, delimiter: str) -> None:
    table = cells_of(csv_file(f"image{delimiter}g\nx.png{delimiter}1\n"))
    assert table.to_dict("list") == {"image": ["x.png"], "g": ["1"]}


def test_delimiter_is_found_behind_a_header_of_two_lines(csv_file) -> None:
    assert list(cells_of(csv_file('"weight, fresh\n(g)";image\n1;x\n'))) == ["weight, fresh\n(g)", "image"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_csv_encoding_is_found(csv_file, encoding: str) -> None:
    assert cells_of(csv_file("größe;b\nä€;1\n".encode(encoding))).to_dict("list") == {"größe": ["ä€"], "b": ["1"]}


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_csv_lines_may_end_in_any_way(csv_file, newline: str) -> None:
    assert text(cells_of(csv_file(newline.join(["a,b", "x,1", "y,2"]))), "a") == ["x", "y"]


def test_german_export(csv_file) -> None:
    table = cells_of(csv_file('g,lamp\n"0,0021",WAHR\n3,FALSCH\n'))
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
    assert text(cells_of(csv_file("id,g\n12345678901234567890,1\n")), "id") == ["12345678901234567890"]


def test_names_of_missing_values_are_text_in_xlsx_as_in_csv(csv_file, xlsx_file) -> None:
    names = ["NA", "null", "None", "nan"]
    assert text(cells_of(xlsx_file(["class"], *[[name] for name in names])), "class") == names
    assert text(cells_of(csv_file("\n".join(["class", *names]))), "class") == names


def test_rows_are_numbered_as_the_spreadsheet_shows_them(csv_file) -> None:
    table = cells_of(csv_file('a,b\nx,1\n\n,\ny,"two\nlines"\n,\n\n'))
    assert table["a"].dropna().to_dict() == {2: "x", 5: "y"}
    assert len(table) == 4


def test_rows_of_an_xlsx_are_numbered_likewise(xlsx_file) -> None:
    table = cells_of(xlsx_file(["a", "b"], ["x", 1], [None, None], ["y", 2]))
    assert table["a"].dropna().to_dict() == {2: "x", 4: "y"}


def test_sheet_by_name(xlsx_file) -> None:
    assert list(cells_of(xlsx_file(["a"], [1], sheet="Labels"), place=Place("Labels"))) == ["a"]


def test_unknown_sheet_names_the_nearest(xlsx_file) -> None:
    with pytest.raises(SpecimenError, match=r"labels\.xlsx: data\.sheet: no sheet 'labels'\. Did you mean 'Labels'"):
        cells_of(xlsx_file(["a"], sheet="Labels"), place=Place("labels"))


def test_the_message_names_the_option_that_says_the_sheet(xlsx_file) -> None:
    with pytest.raises(SpecimenError, match=r"labels\.xlsx: --sheet: no sheet 'labels'\. Did you mean 'Labels'"):
        cells_of(xlsx_file(["a"], sheet="Labels"), place=Place("labels", sheet_key="--sheet"))


def test_header_merged_over_columns(xlsx_file) -> None:
    table = cells_of(xlsx_file(["a", None, "c"], ["x", 1, 2], merge="A1:B1"))
    assert list(table) == ["a", "column 2", "c"]


def test_empty_columns_on_the_left_stay(xlsx_file) -> None:
    assert list(cells_of(xlsx_file([None, "a"], [None, 1]))) == ["column 1", "a"]


def test_header_of_numbers_and_dates(xlsx_file) -> None:
    assert list(cells_of(xlsx_file([5.0, datetime.datetime(2024, 1, 2)], [1, 2]))) == ["5", "2024-01-02"]


def test_formula_that_was_never_computed_is_empty(xlsx_file) -> None:
    assert text(cells_of(xlsx_file(["a", "b"], ["x", "=1+1"])), "b") == [None]


def test_column_in_either_unicode_form(csv_file) -> None:
    path = csv_file("gro\u0308ße,b\n1,2\n")
    assert read_table(path).column("gr\u00f6ße", "data.target").tolist() == ["1"]


def test_unknown_column_names_key_file_and_nearest(csv_file) -> None:
    path = csv_file("filename,g\nx,1\n")
    with pytest.raises(SpecimenError, match=r"data\.target: .*labels\.csv has no column 'G'\. Did you mean 'g'"):
        read_table(path).column("G", "data.target")


def test_column_that_is_there_twice_matters_only_if_needed(csv_file) -> None:
    path = csv_file("a,a,b\n1,2,3\n")
    table = read_table(path)
    assert table.column("b", "data.target").tolist() == ["3"]
    with pytest.raises(SpecimenError, match=r"data\.target: .* has 2 columns 'a'"):
        table.column("a", "data.target")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "is empty"),
        (" \n\n , \n", "is empty"),
        ("a,b\nx,1\ny,0,5\n", "row 3 has 3 cells, the header 2"),
        ('a,b\nx,1\n"y,2\nz,3\n', "row 3 is not CSV.*quote"),
        (b"a,b\nx\0,1\n", "NUL bytes"),
        ("a;b\nä;1\n".encode("utf-16-le"), "NUL bytes"),
        (b"a;b\n\x81;1\n", "line 2 is text neither in UTF-8 nor"),
        ("a,b\n" + "x" * 140_000 + ",1\n", "row 2 is not CSV.*field limit"),
    ],
)
def test_faulty_csv(csv_file, content: str | bytes, fault: str) -> None:
    with pytest.raises(SpecimenError, match=rf"labels\.csv: .*{fault}"):
        cells_of(csv_file(content))


def test_csv_rows_may_be_short_or_end_in_empty_cells(csv_file) -> None:
    table = cells_of(csv_file("a,b\n1\n2,3,,\n"))
    assert table.to_numpy().tolist() == [["1", None], ["2", "3"]]


def test_header_alone_is_a_table_without_rows(csv_file) -> None:
    assert cells_of(csv_file("a,b\n")).shape == (0, 2)


def test_empty_xlsx(xlsx_file) -> None:
    with pytest.raises(SpecimenError, match=r"labels\.xlsx: is empty"):
        cells_of(xlsx_file())


@pytest.mark.parametrize("kept", [0, 10, 1000, -1])
def test_truncated_xlsx(xlsx_file, kept: int) -> None:
    path = xlsx_file(["a"], [1])
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(SpecimenError, match=r"labels\.xlsx: is not an \.xlsx file"):
        cells_of(path)


def test_old_or_encrypted_excel_under_the_name_xlsx(tmp_path: Path) -> None:
    (tmp_path / "labels.xlsx").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000))
    with pytest.raises(SpecimenError, match="encrypted, truncated, or another format"):
        cells_of(tmp_path / "labels.xlsx")


def test_another_zip_under_the_name_xlsx(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "labels.xlsx", "w") as archive:
        archive.writestr("a.txt", "x")
    with pytest.raises(SpecimenError, match=r"labels\.xlsx: cannot be read as \.xlsx"):
        cells_of(tmp_path / "labels.xlsx")


def test_folder_under_the_name_of_a_table(tmp_path: Path) -> None:
    (tmp_path / "labels.xlsx").mkdir()
    with pytest.raises(SpecimenError, match=r"labels\.xlsx: cannot be read"):
        cells_of(tmp_path / "labels.xlsx")


def test_unknown_suffix(tmp_path: Path) -> None:
    with pytest.raises(SpecimenError, match=r"unknown kind of table\. Save it as \.xlsx\. .*Accepted: \.xlsx, \.csv"):
        cells_of(tmp_path / "labels.ods")


def test_missing_table(tmp_path: Path) -> None:
    with pytest.raises(SpecimenError, match=r"labels\.csv: no such table"):
        cells_of(tmp_path / "labels.csv")


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
    assert text(cells_of(parquet_file(pd.DataFrame({"a": cells}))), "a") == shown


def test_parquet_with_categories_of_numbers(parquet_file) -> None:
    table = cells_of(parquet_file(pd.DataFrame({"g": pd.Categorical([2, 1, None])})))
    assert to_number(table["g"]).tolist() == pytest.approx([2, 1, np.nan], nan_ok=True)


def test_named_index_of_a_parquet_is_a_column(parquet_file) -> None:
    table = cells_of(parquet_file(pd.DataFrame({"image": ["x", "y"], "g": [1, 2]}).set_index("image")))
    assert text(table, "image") == ["x", "y"]
    assert table.index.tolist() == [2, 3]


def test_truncated_parquet(parquet_file) -> None:
    path = parquet_file(pd.DataFrame({"a": [1]}))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(SpecimenError, match=r"labels\.parquet: cannot be read as \.parquet"):
        cells_of(path)


def test_damaged_text_in_a_parquet(tmp_path: Path) -> None:
    path = tmp_path / "labels.parquet"
    pd.DataFrame({"image": ["a.png", "b.png"]}).to_parquet(path, compression=None)
    path.write_bytes(path.read_bytes().replace(b"b.png", b"\x80.png"))
    with pytest.raises(SpecimenError, match=r"labels\.parquet: cannot be read as \.parquet"):
        cells_of(path)


@pytest.mark.parametrize(
    ("lines", "row", "said"),
    [
        (["sep=;", "image;g", "x;1,5"], 2, False),  # Excel shows no row for it
        (["", "image;g", "x;1,5"], 3, True),
        (["# weighed in May; by Jo", '# with "the scale', "image;g", "x;1,5"], 4, True),
        (["Trial, Bonn, 2024", "", "image;g", "x;1,5"], 4, True),
        (["#;image;g", "7;x;1,5"], 2, False),
        (["image;g;# remark", "x;1,5;"], 2, False),
    ],
)
def test_the_header_is_the_row_with_the_columns(csv_file, lines: list[str], row: int, said: bool) -> None:
    table = read_table(csv_file("\n".join(lines)), ["image", "g"])
    assert table.column("g", "data.target").to_dict() == {row: "1,5"}
    assert [f"the header is in row {row - 1}" in note for note in table.notes] == [True] * said


def test_another_row_or_sheet_with_the_columns_is_taken_and_said(xlsx_file) -> None:
    table = read_table(
        xlsx_file(["Plants of Bonn"], [None, "image", "g"], [None, "x", 1], sheet="Data"), ["image", "g"]
    )
    assert table.cells["image"].to_dict() == {3: "x"}
    assert "the header is row 2 of sheet 'Data'; data.sheet chooses another sheet" in table.notes[0]


def test_two_rows_with_the_columns_are_a_question(xlsx_file) -> None:
    path = xlsx_file(["one"], ["image", "g"], ["x", 1], ["two"], ["image", "g"], ["y", 2])
    with pytest.raises(SpecimenError, match=r"the columns are in row 2, row 5; say which with data\.header_row"):
        read_table(path, ["image", "g"])
    assert read_table(path, ["image", "g"], Place(header_row=5)).cells.index.tolist() == [6]
    for row in (0, 9):
        with pytest.raises(SpecimenError, match=rf"data\.header_row: {row}, but the table has 6 rows"):
            read_table(path, place=Place(header_row=row))


def test_a_missing_column_is_looked_for_in_the_other_sheets(xlsx_file) -> None:
    path = xlsx_file(["no", "image"], [1, "x"], sheet="Data", first="g")
    table = read_table(path, ["image", "g"], Place("Sheet", sheet_key="--sheet"))
    with pytest.raises(
        SpecimenError, match=r"--x: .* no column 'image'\. It is in row 1 of sheet 'Data'.*--sheet to 'Data'"
    ):
        table.column("image", "--x")


@pytest.mark.parametrize("header_row", [None, 1, 2])
def test_names_in_two_rows_belong_into_one(csv_file, header_row: int | None) -> None:
    path = csv_file("image,plant,Measured\n,,weight\nx,p,1\n")
    table = read_table(path, ["image", "plant", "weight"], Place(header_row=header_row))
    name = "image" if header_row == 2 else "weight"
    with pytest.raises(SpecimenError, match=rf"no column '{name}'\. It is in row .*: write all into one row"):
        table.column(name, "k")


def test_a_misspelt_column_below_a_title_names_the_nearest(csv_file) -> None:
    table = read_table(csv_file("Bonn\nimage,weight\nx,1\n"), ["image", "wieght"])
    with pytest.raises(SpecimenError, match=r"labels\.csv, row 2, has no column 'wieght'\. Did you mean 'weight'"):
        table.column("wieght", "data.target")


@pytest.mark.parametrize("written", ["Fresh Weight", "fresh_weight", "fresh  weight", "FreshWeight"])
def test_a_column_in_another_spelling_is_taken_and_said(csv_file, written: str) -> None:
    table = read_table(csv_file(f"{written},g\n1,2\n"), ["fresh weight", "g"])
    assert table.column("fresh weight", "data.target").tolist() == ["1"]
    assert f"column '{written}' is taken for 'fresh weight'" in table.notes[0]


def test_two_columns_in_other_spellings_are_not_taken(csv_file) -> None:
    table = read_table(csv_file("Age,AGE\n1,2\n"), ["age"])
    with pytest.raises(SpecimenError, match="has no column 'age'"):
        table.column("age", "data.target")
    assert read_table(csv_file("age,Age\n1,2\n"), ["age"]).column("age", "data.target").tolist() == ["1"]


def test_tabs_are_read_under_their_own_suffix(tmp_path: Path) -> None:
    (tmp_path / "labels.tsv").write_text("a\tb, c\nx\t1\n")
    assert list(cells_of(tmp_path / "labels.tsv")) == ["a", "b, c"]


def test_western_european_is_a_guess_and_said(csv_file) -> None:
    assert "read as Windows-1252" in read_table(csv_file("a;b\nä;1\n".encode("cp1252"))).notes[0]


def test_a_place_that_the_file_cannot_have_is_refused(csv_file, parquet_file) -> None:
    with pytest.raises(SpecimenError, match=r"data\.sheet: no sheet 'x'\. Only an \.xlsx file has sheets"):
        read_table(csv_file("a\n1\n"), place=Place(sheet="x"))
    with pytest.raises(SpecimenError, match=r"data\.sheet, data\.header_row: a \.parquet has one table"):
        read_table(parquet_file(pd.DataFrame({"a": [1]})), place=Place(header_row=2))
