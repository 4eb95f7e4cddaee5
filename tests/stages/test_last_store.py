"""What prepare takes from the last store: all that it can, and the same bytes as if it had decoded everything."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import builders
import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from PIL import Image

import prepare
from specimen.common.hashing import file_md5
from specimen.data.preparation import last_store, packing
from specimen.data.preparation.known_files import KnownFile
from specimen.data.readers.folder_images import Folder
from specimen.data.readers.images import Images

STORE = Path("data/prepared")
DATA = {
    "root": "raw", "task": "regression", "table": "labels.csv", "image_column": "photo", "target": "weight",
    "group": ["plant"], "images": "photos", "masks": "masks",
}  # fmt: skip


class Collection:
    """Photos, masks and a sheet in the working directory, and the store that prepare makes of them."""

    def __init__(self, plants: int = 30) -> None:
        self.rows: dict[str, tuple[str, int]] = {}
        """Plant and weight by the name of the photo."""
        self.taken = 0
        for folder in ("raw/photos", "raw/masks", ".dvc"):
            Path(folder).mkdir(parents=True)
        self.configure()
        for plant in range(plants):
            for side in range(2):
                self.photograph(f"{plant}_{side}", str(plant), 2 * plant + side)

    def configure(self, **sections: Any) -> None:
        sections = {"data": DATA, "prepare": {}, "split": {"seed": 1}} | sections
        sections["prepare"] = {"image_size": 16} | sections["prepare"]
        sections["prepare"]["rules"] = {"small_image": "off"} | sections["prepare"].get("rules", {})
        Path("params.yaml").write_text(yaml.safe_dump(sections))

    def photograph(self, name: str, plant: str, seed: int) -> None:
        noise = np.random.default_rng(seed).integers(0, 256, (12, 12, 3), np.uint8)
        Image.fromarray(noise).save(f"raw/photos/{name}.png")
        Image.fromarray(noise[:, :, 0]).save(f"raw/masks/{name}.png")
        self.rows.setdefault(name, (plant, 1))

    def prepare(self, *options: str) -> dict[str, bytes]:
        """Write the sheet and prepare it; return the files of the store."""
        table = [(f"{name}.png", plant, weight) for name, (plant, weight) in self.rows.items()]
        pd.DataFrame(table, columns=["photo", "plant", "weight"]).to_csv("raw/labels.csv", index=False)
        with patch.object(prepare.explore, "draw"):  # its plots take seconds
            prepare.main(options)
        return {str(path.relative_to(STORE)): path.read_bytes() for path in STORE.rglob("*") if path.is_file()}

    def commit(self) -> None:
        builders.commit_store(Path())


@pytest.fixture
def collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Collection:
    """A collection of 60 photos, prepared and committed."""
    monkeypatch.chdir(tmp_path)
    made = Collection()
    made.prepare()
    made.commit()
    return made


@pytest.fixture
def said(collection: Collection, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Prepare, and return the line on what was decoded; the store must be that of a clean run."""

    def prepare_twice() -> str:
        capsys.readouterr()
        found = collection.prepare()
        line = capsys.readouterr().out.splitlines()[-1]
        assert found == collection.prepare("--clean")
        assert capsys.readouterr().out.splitlines()[-1] == taken(len(collection.rows))
        return line

    return prepare_twice


def taken(decoded: int) -> str:
    return f"{decoded} photos decoded, {60 - decoded} taken from the last store"


def test_nothing_is_decoded_twice(said: Callable[[], str]) -> None:
    assert said() == taken(0)


@pytest.mark.parametrize(
    "sections",
    [
        {"split": {"seed": 2}},
        {"prepare": {"rules": {"low_contrast": {"min_range": 255}, "near_duplicate": "off"}}},
    ],
)
def test_another_split_or_rule_about_pictures_decodes_nothing_and_leaves_the_shards(
    collection: Collection, said: Callable[[], str], sections: dict[str, Any]
) -> None:
    before = {path.name: path.stat().st_ino for path in STORE.glob("*/*.npy")}
    collection.configure(**sections)
    collection.prepare()
    assert {path.name: path.stat().st_ino for path in STORE.glob("*/*.npy")} == before, "linked, not copied"
    assert said() == taken(0)


@pytest.mark.parametrize("settings", [{"image_size": 17}, {"resize": "crop"}, {"white_level": 255.0}])
def test_other_settings_decode_all(collection: Collection, said: Callable[[], str], settings: dict[str, Any]) -> None:
    collection.configure(prepare=settings)
    assert said() == taken(60)


def test_other_code_or_another_library_decodes_all(
    collection: Collection, said: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(last_store, "folder_md5", lambda folder: "1.dir")
        assert said() == taken(60)
    with monkeypatch.context() as patch:
        patch.setattr(last_store, "decoder_versions", lambda names: {"pillow": "1.0", "libjpeg": "1.0"})
        assert said() == taken(60)
    # One more library is for photos that were not there.
    versions = last_store.decoder_versions([])
    monkeypatch.setattr(last_store, "decoder_versions", lambda names: versions | {"pillow_heif": "1.0"})
    assert said() == taken(0)


def remove_workspace() -> None:
    shutil.rmtree("data")


def remove_cache() -> None:
    shutil.rmtree(".dvc/cache")


def damage(pattern: str) -> None:
    """Change a byte near the end of each file, which has the same size afterwards."""
    paths = [path for path in Path().glob(pattern) if path.is_file()]
    assert paths
    for path in paths:
        content = path.read_bytes()
        path.write_bytes(content[:-3] + bytes([content[-3] ^ 1]) + content[-2:])


@pytest.mark.parametrize(("harm", "decoded"), [
    (remove_workspace, 0),
    (lambda: damage("data/prepared/**/*.npy"), 0),
    (lambda: damage(".dvc/cache/files/md5/*/*[0-9a-f]"), 0),
    (lambda: damage(".dvc/cache/files/md5/*/*.dir"), 60),
    (lambda: Path("dvc.lock").unlink(), 60),
    (lambda: Path("dvc.lock").write_text("stages: ["), 60),
    (remove_cache, 60),
    (lambda: damage("data/prepared/shards.csv"), 0),
])  # fmt: skip
def test_what_is_damaged_or_missing_in_one_place_is_taken_from_the_other_or_decoded(
    said: Callable[[], str], harm: Callable[[], None], decoded: int
) -> None:
    harm()
    assert said() == taken(decoded)


def test_pictures_that_are_damaged_everywhere_are_decoded(collection: Collection, said: Callable[[], str]) -> None:
    shard = next(path for path in STORE.glob("images/*.npy"))
    count = len(np.load(shard))
    content = shard.read_bytes()
    damaged = content[: -16 * 16 * 3] + bytes(16 * 16 * 3)
    for path in (shard, *(path for path in Path(".dvc/cache").rglob("*") if path.is_file())):
        if path.read_bytes() == content:
            path.write_bytes(damaged)
    assert count > 1
    assert said() == taken(1)


def test_the_store_of_another_branch_is_as_good(collection: Collection, said: Callable[[], str]) -> None:
    """`git switch` brings another dvc.lock; `dvc checkout` was forgotten, so the workspace has other shards."""
    lock = Path("dvc.lock").read_text()
    collection.configure(prepare={"image_size": 20})
    collection.prepare()
    collection.commit()
    collection.configure()
    Path("dvc.lock").write_text(lock)
    assert said() == taken(0)


def test_a_photo_that_could_not_be_read_is_tried_again(collection: Collection, said: Callable[[], str]) -> None:
    Path("raw/photos/3_0.png").write_bytes(b"no photo")
    collection.prepare()
    collection.commit()
    collection.photograph("3_0", "3", 6)
    assert said() == taken(1)


def test_heic_under_another_name_is_not_trusted(
    collection: Collection, said: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "is_heif", lambda content: True)
    monkeypatch.setattr(packing, "known_files", known)
    assert said() == taken(60)


def known(images: Images, names: list[str]) -> dict[str, KnownFile]:
    """Return the MD5s of all photos, as DVC would."""
    paths = {name: Path("raw/photos", name) for name in names}
    return {name: KnownFile(path, file_md5(path)) for name, path in paths.items()}


def test_a_photo_whose_hash_dvc_knows_is_not_even_read(collection: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    collection.photograph("new", "new", 1000)
    read: list[str] = []
    whole = Folder.read
    monkeypatch.setattr(packing, "known_files", known)
    monkeypatch.setattr(Folder, "read", lambda self, name: read.append(name) or whole(self, name))
    collection.prepare()
    assert sorted(read) == sorted([*(f"{name}.png" for name in collection.rows), "new.png"]), "all masks, and one photo"


class Weeks(RuleBasedStateMachine):
    """A collection changes in all ways, and is prepared now and then."""

    numbers = st.integers(0, 10**6)

    @initialize()
    def begin(self) -> None:
        self.home = Path.cwd()
        self.folder = Path(os.environ["WEEKS"], str(np.random.default_rng().integers(1 << 62)))
        self.folder.mkdir()
        os.chdir(self.folder)
        self.collection = Collection(plants=22)
        self.splits: dict[str, str] = {}
        self.next = 1000

    def name(self, number: int) -> str:
        return list(self.collection.rows)[number % len(self.collection.rows)]

    @rule(number=numbers, known=st.booleans())
    def add(self, number: int, known: bool) -> None:
        """Another photo, of a plant that is known or of another one."""
        self.next += 1
        plant = self.collection.rows[self.name(number)][0] if known else f"new {self.next}"
        self.collection.photograph(f"n{self.next}", plant, self.next)

    @precondition(lambda self: len(self.collection.rows) > 35)
    @rule(number=numbers)
    def remove(self, number: int) -> None:
        del self.collection.rows[self.name(number)]

    @rule(number=numbers)
    def relabel(self, number: int) -> None:
        name = self.name(number)
        self.collection.rows[name] = (self.collection.rows[name][0], number % 50)

    @rule(number=numbers)
    def rename(self, number: int) -> None:
        name = self.name(number)
        self.next += 1
        for folder in ("photos", "masks"):
            Path(f"raw/{folder}/{name}.png").rename(f"raw/{folder}/r{self.next}.png")
        renamed = {name: f"r{self.next}"}
        self.collection.rows = {renamed.get(old, old): row for old, row in self.collection.rows.items()}

    @rule(number=numbers)
    def photograph_again(self, number: int) -> None:
        self.next += 1
        name = self.name(number)
        self.collection.photograph(name, self.collection.rows[name][0], self.next)

    @rule(commits=st.booleans())
    def prepare(self, commits: bool) -> None:
        found = self.collection.prepare()
        if commits:
            self.collection.commit()
        assert found == self.collection.prepare("--clean")
        samples = pd.read_csv(STORE / "samples.csv", dtype=str)
        for group, split in zip(samples["group"], samples["split"], strict=True):
            assert self.splits.setdefault(group, split) == split, "no sample moves"

    def teardown(self) -> None:
        if hasattr(self, "home"):
            os.chdir(self.home)
            shutil.rmtree(self.folder)


def test_any_sequence_of_changes_gives_the_store_of_a_clean_run_and_moves_no_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEEKS", str(tmp_path))
    run_state_machine_as_test(Weeks, settings=settings(max_examples=6, stateful_step_count=12, deadline=None))
