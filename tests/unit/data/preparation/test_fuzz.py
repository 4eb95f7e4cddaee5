"""Whatever is in a sheet or an image file, only errors that users can fix come out, and nothing hangs."""

import csv
import datetime
import io
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from specimen.common.cells import to_number
from specimen.common.errors import SpecimenError
from specimen.config.data import Data
from specimen.config.prepare import Rules
from specimen.data.preparation import rules as clean
from specimen.data.preparation.label_table import read_labels
from specimen.data.readers.decode import DecodeError, decode, ignore_pillow_warnings
from specimen.data.readers.image_names import Finder
from specimen.data.readers.images import ImageNotFoundError

bounded = settings(
    derandomize=True, deadline=None, max_examples=100, database=None, suppress_health_check=list(HealthCheck)
)

LETTERS = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=8)
NAMES = st.sampled_from(["image", "weight", "weight", "plant", "größe", "gro\u0308ße", "", None, 5.0, " image "])
CELLS = st.one_of(
    st.none(), LETTERS, st.sampled_from(["0,0021", "1.234,5", "WAHR", "nan", "inf", "1e400", "=1+1", "#N/A", "a.png"]),
    st.integers(), st.floats(), st.booleans(), st.just(10**40),
    st.datetimes(datetime.datetime(1900, 3, 1)), st.dates(datetime.date(1900, 3, 1)), st.times(),
)  # fmt: skip
HEADERS = st.permutations(["image", "weight", "plant", "größe"]) | st.lists(NAMES | CELLS, max_size=5)
SHEETS = st.tuples(HEADERS, st.lists(st.lists(CELLS, max_size=5), max_size=6)).map(lambda sheet: [sheet[0], *sheet[1]])


class NoImages:
    """Photos that no test reads."""

    names = ("a.png",)

    def read(self, name: str) -> bytes:
        raise ImageNotFoundError


def judge(name: str, content: bytes, task: str = "regression") -> str:
    """Read a sheet and apply the rules of tables; return the error if it is one that users can fix, else nothing."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / name).write_bytes(content)
        data = Data(root=folder, task=task, table=name, target="weight", group=("plant",), features=("größe",))
        try:
            labels, _, _ = read_labels(data, NoImages())
            labels["image"] = labels["image_name"]
            labels["image_error"] = labels["image_name"].isna().map({True: "no image named", False: None})
            rules = Rules.model_validate({"twin_labels": "reject", "label_out_of_range": {"min": 0}})
            kept, rejected, _ = clean.apply(clean.table_checks(task), labels, rules)
        except SpecimenError as error:
            return str(error)
        assert sorted([*kept.index, *rejected["row"]]) == labels.index.tolist()
        for feature in ("größe", "target_text"):
            assert len(to_number(kept[feature])) == len(kept)
    return ""


def check(name: str, content: bytes, task: str = "regression") -> None:
    """Judge a sheet; an error names the file."""
    error = judge(name, content, task)
    assert not error or name in error


def excel_cell(cell: Any) -> Any:
    """Return what openpyxl can write of a cell."""
    if isinstance(cell, float) and not np.isfinite(cell):
        return str(cell)
    return str(cell) if isinstance(cell, int) and abs(cell) > 2**62 else cell


@given(SHEETS, st.sampled_from([None, "A1:B1", "A1:A3", "B1:D2"]))
@bounded
def test_any_xlsx(rows: list[list[Any]], merged: str | None) -> None:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append([excel_cell(cell) for cell in row])
    if merged:
        book.active.merge_cells(merged)
    file = io.BytesIO()
    book.save(file)
    check("labels.xlsx", file.getvalue())


@given(SHEETS, st.sampled_from(",;\t"), st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16"]))
@bounded
def test_any_csv(rows: list[list[Any]], delimiter: str, encoding: str) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    check("labels.csv", text.getvalue().encode(encoding, errors="replace"), "classification")


@given(st.binary(max_size=200) | st.text('a1,;"\n\r\t ', max_size=60).map(str.encode))
@bounded
def test_any_bytes_as_csv(content: bytes) -> None:
    check("labels.csv", b"image,weight,plant,gr\xc3\xb6\xc3\x9fe\n" + content)


COLUMNS: dict[str, list[Any]] = {
    "float32": [1.5, np.inf, np.nan],
    "Int64": [1, 2**62, None],
    "uint64": [1, 2**64 - 1, 0],
    "boolean": [True, False, None],
    "bool": [True, False, True],
    "string": ["a.png", "ü", None],
    "category": ["a.png", None, "a.png"],
    "datetime64[us]": [datetime.datetime(2024, 1, 2), None, datetime.datetime(1, 1, 1)],
    "timedelta64[us]": [datetime.timedelta(1), None, datetime.timedelta(-1)],
    "object": [[1, 2], None, []],
}


@given(
    st.lists(st.sampled_from(list(COLUMNS)), min_size=4, max_size=4),
    st.sampled_from([[], ["image"], ["weight", "plant"]]),
    st.integers(0, 3),
)
@bounded
def test_any_parquet(kinds: list[str], index: list[str], count: int) -> None:
    columns = zip(["image", "weight", "plant", "größe"], kinds, strict=True)
    table = pd.DataFrame({name: pd.Series(COLUMNS[kind][:count], dtype=kind) for name, kind in columns})
    hashable = [name for name in index if table[name].dtype != object]
    file = io.BytesIO()
    (table.set_index(hashable) if hashable else table).to_parquet(file)
    check("labels.parquet", file.getvalue())


def whole_sheets() -> dict[str, bytes]:
    """Return one good sheet in each format."""
    table = pd.DataFrame({"image": ["a.png", "b.png"], "weight": [1.5, 2.5], "plant": ["p", "q"], "größe": [1, 2]})
    book, parquet = io.BytesIO(), io.BytesIO()
    table.to_excel(book, index=False, engine="openpyxl")
    table.to_parquet(parquet)
    return {"labels.xlsx": book.getvalue(), "labels.parquet": parquet.getvalue()}


WHOLE_SHEETS = whole_sheets()


def damaged(content: bytes) -> st.SearchStrategy[bytes]:
    """Return copies of `content` that are cut off, or have a few other bytes."""
    places = st.dictionaries(st.integers(0, len(content) - 1), st.integers(0, 255), min_size=1, max_size=6)

    def change(changes: dict[int, int]) -> bytes:
        copy = bytearray(content)
        for place, value in changes.items():
            copy[place] = value
        return bytes(copy)

    return st.integers(0, len(content) - 1).map(lambda length: content[:length]) | places.map(change)


@pytest.mark.parametrize("name", list(WHOLE_SHEETS))
def test_damaged_sheets(name: str) -> None:
    assert judge(name, WHOLE_SHEETS[name]) == ""

    @given(damaged(WHOLE_SHEETS[name]))
    @bounded
    def damage(content: bytes) -> None:
        check(name, content)

    damage()


def test_damaged_xml_in_an_xlsx() -> None:
    """The zip is whole here, so that the damage reaches the parser behind it."""
    with zipfile.ZipFile(io.BytesIO(WHOLE_SHEETS["labels.xlsx"])) as book:
        members = {name: book.read(name) for name in book.namelist()}

    @given(st.sampled_from(["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml"]), st.data())
    @bounded
    def damage(member: str, data: st.DataObject) -> None:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as book:
            for name, content in members.items():
                book.writestr(name, data.draw(damaged(content)) if name == member else content)
        check("labels.xlsx", file.getvalue())

    damage()


@given(st.text(max_size=20) | st.sampled_from(["C:\\a.png", "//a.png", "a\0.png", "..", ".", "\\\\?\\a"]))
@bounded
def test_any_name_of_an_image(written: str) -> None:
    try:
        found = Finder(["a.png", "b/a.png"], ["c.txt"]).find(written).image
    except ImageNotFoundError:
        return
    assert found in ("a.png", "b/a.png")


def encoder(kind: str, mode: str = "RGB", **options: object) -> Callable[[], bytes]:
    def encode() -> bytes:
        spots = np.random.default_rng(1).integers(0, 256, (23, 37, 3), dtype=np.uint8)
        image, file = Image.fromarray(spots).convert(mode), io.BytesIO()
        image.save(file, kind, **options)
        return file.getvalue()

    return encode


EXIF = Image.Exif()
EXIF[0x0112] = 6
IMAGES = {
    "png": encoder("PNG", exif=EXIF),
    "png-palette": encoder("PNG", "P", transparency=3),
    "png-1-bit": encoder("PNG", "1"),
    "png-16-bit": encoder("PNG", "I;16"),
    "jpeg": encoder("JPEG", exif=EXIF),
    "jpeg-progressive-cmyk": encoder("JPEG", "CMYK", progressive=True),
    "tiff": encoder("TIFF", exif=EXIF),
    "tiff-lzw": encoder("TIFF", "RGBA", compression="tiff_lzw"),
    "tiff-float": encoder("TIFF", "F"),
    "webp": encoder("WEBP", "RGBA", exif=EXIF),
    "webp-lossless": encoder("WEBP", lossless=True),
    "bmp": encoder("BMP"),
    "bmp-palette": encoder("BMP", "P"),
}


@pytest.mark.parametrize("kind", list(IMAGES))
def test_damaged_images(kind: str) -> None:
    ignore_pillow_warnings()  # of damaged metadata
    content = IMAGES[kind]()
    white = 255 if kind == "tiff-float" else None
    assert decode(content, 16, "pad", white)[1] in ((37, 23), (23, 37))

    @given(damaged(content), st.sampled_from(["pad", "crop", "stretch"]))
    @bounded
    def damage(content: bytes, resize: str) -> None:
        reason = ""
        try:
            picture, sides = decode(content, 16, resize, white)
            assert picture.shape == (16, 16, 3)
            assert min(sides) > 0
        except DecodeError as error:
            reason = str(error)
        assert " at 0x" not in reason

    damage()
