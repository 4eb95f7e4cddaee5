"""A day in the greenhouse comes back as a batch: what the page writes in JavaScript, the readers in Python read."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
from diary_page import make_page, run_in_page
from needs import needs_javascript

from specimen.config.data import Data
from specimen.data.readers.batches import find_batches, open_photos
from specimen.data.readers.header_choice import Place
from specimen.data.readers.tables import read_table
from specimen.site.sheet import batch_sheet

EXPORT = """
    const { batches } = await load("batch.js");
    const { zip } = await load("zip.js");
    const entries = given.map((entry) => ({ details: {}, ...entry, file: new File([entry.bytes], entry.file) }));
    const names = [];
    for (const { name, files } of await batches(entries, model, "2026-11-26-k3f9")) {
        const { blob, unread } = await zip(files);
        if (unread.length) throw new Error(unread.join());
        writeFileSync(`data/${name}.zip`, Buffer.from(await blob.arrayBuffer()));
        names.push(name);
    }
    return names;
"""
POTS = [
    {"id": 1, "name": "7", "file": "image.jpg", "bytes": "first", "measured": "1,0070",
     "taken": "2026-11-26T09:00:00+01:00", "details": {"bench": "B", "age": 21.5},
     "result": {"prediction": 1.5, "version": "abc"}},
    {"id": 2, "name": "7", "file": "image.jpg", "bytes": "second", "measured": "",
     "result": {"prediction": 902.5, "version": "abc"}},
    {"id": 3, "name": "<Ähre> & \u0007=1+1", "file": "IMG 3.PNG", "bytes": "third", "measured": "902,25"},
    {"id": 12345, "name": "", "file": "x.webp", "bytes": "", "measured": "two"},
]  # fmt: skip

pytestmark = needs_javascript


def exported(folder: Path, pots: list[dict[str, Any]], data: Data, **facts: Any) -> list[str]:
    sheet = batch_sheet(data)
    make_page(folder, sheet, **facts)
    (folder / "data").mkdir()
    names: list[str] = run_in_page(folder, EXPORT, pots)
    return names


@pytest.mark.parametrize(
    ("table", "more"),
    [
        ("*/labels.xlsx", {}),
        ("week-*/sheets/*.xlsx", {"sheet": "pots", "header_row": 3, "images": "photos"}),
        ("*/labels.csv", {}),
        ("*/labels.csv", {"decimal": "comma"}),
        ("*/labels.tsv", {"images": "photos/of/pots"}),
    ],
)
def test_a_batch_has_each_photo_once_with_its_label_where_there_is_one(
    tmp_path: Path, table: str, more: dict[str, Any]
) -> None:
    data = Data.model_validate(
        {"root": str(tmp_path / "data"), "task": "regression", "table": table, "image_column": "file",
         "target": "weight", "group": ["batch", "bench", "pot"],
         "features": ["age", "batch", "variety"], "split_column": "part"} | more
    )  # fmt: skip
    names = exported(tmp_path, POTS, data)
    assert names == [table.split("/", maxsplit=1)[0].replace("*", "2026-11-26-k3f9")]
    with zipfile.ZipFile(tmp_path / f"data/{names[0]}.zip") as archive:
        assert archive.testzip() is None
    batches = find_batches(data)
    assert list(batches) == names
    part = batches[names[0]]
    images = open_photos(data, batches)
    contents = {name.removeprefix(f"{names[0]}/"): images.read(name) for name in images.names}
    assert contents == {"0001-7.jpg": b"first", "0002-7.jpg": b"second", "0003-Ähre-1-1.png": b"third",
                        "12345-x.webp": b""}  # fmt: skip
    assert part.table is not None
    with zipfile.ZipFile(part.root) as archive:
        content = archive.read(part.table)
    wanted = ["file", "weight", "bench", "pot", "age", "variety", "part"]
    rows = read_table(Path(part.table), wanted, Place(data.sheet, data.header_row), content).cells
    assert list(rows["file"]) == list(contents)
    assert [str(value).replace(",", ".") for value in rows["weight"]] in (
        ["1.007", "None", "902.25", "None"], ["1.0070", "None", "902.25", "None"]
    )  # fmt: skip
    assert [str(value) for value in rows["pot"]] == ["7", "7", "<Ähre> & =1+1", "None"]
    assert [str(value) for value in rows["bench"]] == ["B", "None", "None", "None"]
    assert str(rows["age"].iloc[0]).replace(",", ".") == "21.5"
    assert [str(value).replace(",", ".") for value in rows["predicted"]] == ["1.5", "902.5", "None", "None"]
    assert rows["part"].isna().all()


def test_class_folders_take_photos_with_a_class_and_no_others(tmp_path: Path) -> None:
    data = Data(root=str(tmp_path / "data"), task="classification", table=None)
    pots = [POTS[0] | {"measured": "healthy"}, POTS[1] | {"measured": ""}, POTS[2] | {"measured": "rust"}]
    names = exported(tmp_path, pots, data, task="classification", classes=["healthy", "rust"])
    found = {name: zipfile.ZipFile(tmp_path / f"data/{name}.zip").namelist() for name in names}
    assert found == {
        "2026-11-26-k3f9": [
            "healthy/2026-11-26-k3f9/0001-7.jpg",
            "rust/2026-11-26-k3f9/0003-Ähre-1-1.png",
        ],
        "2026-11-26-k3f9-without-labels": ["0002-7.jpg"],
    }


def test_what_cannot_be_read_again_is_named_and_the_rest_is_packed(tmp_path: Path) -> None:
    sheet = batch_sheet(Data(root="data", task="regression", table="labels.xlsx", target="weight"))
    make_page(tmp_path, sheet)
    pack = """
        const { zip } = await load("zip.js");
        const lost = new Blob(["x"]);
        lost.stream = () => { throw new Error("gone"); };
        const { blob, unread } = await zip([["a.txt", "a"], ["lost.jpg", lost], ["b.txt", new Uint8Array([98])]]);
        writeFileSync("some.zip", Buffer.from(await blob.arrayBuffer()));
        return unread;
    """
    assert run_in_page(tmp_path, pack, None) == ["lost.jpg"]
    with zipfile.ZipFile(tmp_path / "some.zip") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {"a.txt": b"a", "b.txt": b"b"}


def test_a_large_collection_becomes_several_zips(tmp_path: Path) -> None:
    sheet = batch_sheet(Data(root="data", task="regression", table="*/labels.csv", target="weight"))
    make_page(tmp_path, sheet)
    split = """
        const { batches } = await load("batch.js");
        const entries = given.map((size, id) => ({ id, name: "", details: {}, file: { size, name: "a.jpg" } }));
        return (await batches(entries, model, "day")).map(({ name, files }) => [name, files.map(([path]) => path)]);
    """
    assert run_in_page(tmp_path, split, [1.5e9, 0.4e9, 0.2e9, 3e9, 1]) == [
        ["day", ["0000-a.jpg", "0001-a.jpg", "labels.csv"]],
        ["day-2", ["0002-a.jpg", "labels.csv"]],
        ["day-3", ["0003-a.jpg", "labels.csv"]],
        ["day-4", ["0004-a.jpg", "labels.csv"]],
    ]


def test_the_sheet_is_that_of_params_without_what_a_browser_cannot_write() -> None:
    sheet = batch_sheet(Data(root="data", task="regression", table="week-?/2026-*.parquet", group=("batch", "pot")))
    assert (sheet.batch, sheet.table, sheet.group) == ("week-?", "2026-labels.csv", ("pot",))
    assert batch_sheet(Data(root="data", task="classification")).table is None
