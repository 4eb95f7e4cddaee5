"""The folder of the site: what is in it, and what it says of the model."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import builders
import pytest
import yaml
from builders import NUMBERS

from specimen.common.errors import SpecimenError
from specimen.common.hashing import file_md5
from specimen.site.folder import HEADERS, MARK, OWN, SERVED, first_visit, is_site, site_files, write_site
from specimen.site.formats import Model, choose, read_model
from specimen.site.runtime import BINARY, PACKED, SCRIPTS, read_runtime

RUNTIME = {**dict.fromkeys(SCRIPTS, b"script"), PACKED: b"binary"}


@pytest.fixture
def models(tmp_path: Path, write_onnx: Callable[..., Path]) -> Path:
    """A folder with a model, and an empty one for its smaller files."""
    write_onnx(tmp_path / "model.onnx")
    (tmp_path / "small").mkdir()
    return tmp_path


def small_file(folder: Path, write_onnx: Callable[..., Path], name: str, **changes: Any) -> Path:
    return write_onnx(folder / f"small/model.{name}.onnx", **changes)


def read(folder: Path) -> Model:
    return read_model(folder / "model.onnx", folder / "small", folder)


def site_of(files: dict[str, bytes]) -> dict[str, Any]:
    """Return what the service worker knows of the site."""
    found = re.search(r"^const SITE = (.*);$", files["sw.js"].decode(), re.MULTILINE)
    assert found
    site: dict[str, Any] = json.loads(found[1])
    return site


def test_the_page_is_the_served_one_but_for_where_answers_come_from_and_photos_are_kept(models: Path) -> None:
    files = site_files(read(models), "fp32", RUNTIME)
    served = {path.name for path in SERVED.iterdir()} - {"index.html"}
    own = {path.name for path in OWN.iterdir()}
    assert served & own == {"answers.js", "diary.js"}
    assert all(files[f"page/{name}"] == (SERVED / name).read_bytes() for name in served - own)
    exported = [re.findall(r"^export (?:async )?(?:const|function) (\w+)", text, re.MULTILINE) for text in (
        (SERVED / "answers.js").read_text(encoding="utf-8"), (OWN / "answers.js").read_text(encoding="utf-8")
    )]  # fmt: skip
    used = set(re.findall(r"\w+", " ".join(re.findall(r'^import \{(.*)\} from "./answers.js";', "\n".join(
        (SERVED / name).read_text(encoding="utf-8") for name in served if name.endswith(".js")
    ), re.MULTILINE))))  # fmt: skip
    assert used
    assert all(used <= set(names) for names in exported)


def test_every_file_has_its_hash_and_nothing_comes_from_elsewhere(models: Path) -> None:
    files = site_files(read(models), "fp32", RUNTIME)
    site = site_of(files)
    assert set(site["files"]) == set(files) - {"sw.js"}
    for path, facts in site["files"].items():
        assert facts["sha256"] == hashlib.sha256(files[path]).hexdigest()
        assert facts["bytes"] == len(files[path])
    assert site["headers"] == HEADERS
    index = files["index.html"].decode()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', index)
    assert policy
    assert index.index(policy[0]) < index.index("<script"), "a policy counts from where it is"
    allowed = {word for part in policy[1].split(";") for word in part.split()[1:]}
    assert allowed == {"'none'", "'self'", "'wasm-unsafe-eval'", "blob:", "data:"}
    for path in files:
        if path.endswith((".js", ".html", ".css")):
            names = r"http://(www\.w3\.org/2000/svg|ns\.adobe\.com/xap/1\.0/|schemas\.openxmlformats\.org/)"
            text = re.sub(names, "", files[path].decode())
            assert not re.search(r"https?://|innerHTML|eval\(", text), path


def test_the_same_model_gives_the_same_site_and_another_model_another_version(
    models: Path, write_onnx: Callable[..., Path]
) -> None:
    first = site_files(read(models), "fp32", RUNTIME)
    assert first == site_files(read(models), "fp32", RUNTIME)
    write_onnx(models / "model.onnx", scale=0.02)
    second = site_files(read(models), "fp32", RUNTIME)
    assert site_of(first)["version"] != site_of(second)["version"]


def test_the_page_loads_the_smallest_file_and_keeps_no_other(models: Path, write_onnx: Callable[..., Path]) -> None:
    small = small_file(models, write_onnx, "int8")
    larger = (models / "model.onnx").read_bytes()
    model = read(models)
    assert list(model.formats) == ["fp32", "int8"]
    assert choose(model, None) == "fp32", "of two of the same size, the whole one"
    assert choose(model, "int8") == "int8"
    with pytest.raises(SpecimenError, match=r"^--format: there is no model in 'fp16'\. .*Accepted: fp32, int8\."):
        choose(model, "fp16")
    files = site_files(model, "int8", RUNTIME)
    assert files["models/model.onnx"] == larger
    assert files["models/model.int8.onnx"] == small.read_bytes()
    assert "models/model.onnx" not in first_visit(files, "int8")
    assert "models/model.onnx" not in site_of(files)["files"]
    assert json.loads(files["site.json"])["format"] == "int8"


def test_test_metrics_are_shown_if_they_belong_to_the_model(models: Path, write_onnx: Callable[..., Path]) -> None:
    small_file(models, write_onnx, "int8")
    (models / "metrics").mkdir()
    (models / "metrics/test.json").write_text('{"mae": 0.5, "samples": 9}', encoding="utf-8")
    exported = {"fp32": {"rmse": 0.6}, "int8": {"rmse": 0.61}}
    (models / "metrics/export.json").write_text(json.dumps(exported), encoding="utf-8")
    lock = {"stages": {"export": {"outs": [{"path": "model.onnx", "md5": file_md5(models / "model.onnx")}]}}}
    (models / "dvc.lock").write_text(yaml.safe_dump(lock), encoding="utf-8")
    facts = {name: one.facts for name, one in read(models).formats.items()}
    assert [one["metrics"] for one in facts.values()] == [{"mae": 0.5, "samples": 9}] * 2
    assert "smaller" not in facts["fp32"]
    assert facts["int8"]["smaller"] == {"format": "int8", "metric": "rmse", "value": 0.61, "exact": 0.6}
    assert facts["fp32"]["version"] == file_md5(models / "model.onnx")
    write_onnx(models / "model.onnx", scale=0.02)
    facts = {name: one.facts for name, one in read(models).formats.items()}
    assert [(one["metrics"], one.get("smaller")) for one in facts.values()] == [(None, None)] * 2


def test_a_smaller_file_of_another_model_is_refused(models: Path, write_onnx: Callable[..., Path]) -> None:
    small_file(models, write_onnx, "int8", unit="kg")
    with pytest.raises(SpecimenError, match=r"model\.int8\.onnx: made from another model than .*dvc repro export"):
        read(models)


def test_what_no_page_can_use_is_refused(models: Path, write_onnx: Callable[..., Path]) -> None:
    for name, message in (
        ("model.pt", r"^.*model\.pt: a browser runs ONNX files\. Use models/model\.onnx"),
        ("none.onnx", r"none\.onnx: no such model\. `dvc pull`"),
        ("small", r"small: no such model"),
    ):
        with pytest.raises(SpecimenError, match=message):
            read_model(models / name, models / "small", models)
    damaged = bytearray((models / "model.onnx").read_bytes())
    damaged[200] ^= 1
    (models / "model.onnx").write_bytes(damaged)
    with pytest.raises(SpecimenError, match=r"model\.onnx: (damaged|not a model)"):
        read(models)


def test_a_model_of_features_alone_has_no_page(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    meta = builders.model_meta(NUMBERS, backbone="forest")
    monkeypatch.setattr("specimen.site.formats.load_onnx", lambda _: type("Loaded", (), {"meta": meta}))
    with pytest.raises(SpecimenError, match=r"sees features alone \(train\.backbone: forest\).*make serve"):
        read(models)


def test_the_runtime_is_the_pinned_one_and_packed(tmp_path: Path) -> None:
    manifest = tmp_path / "package.json"
    manifest.write_text('{"dependencies": {"onnxruntime-web": "1.2.3"}}', encoding="utf-8")
    modules = tmp_path / "node_modules"
    with pytest.raises(SpecimenError, match=r"onnxruntime-web is not installed: `npm ci` installs it"):
        read_runtime(modules, manifest)
    dist = modules / "onnxruntime-web/dist"
    dist.mkdir(parents=True)
    (modules / "onnxruntime-web/package.json").write_text('{"version": "1.2.3"}', encoding="utf-8")
    for name in (*SCRIPTS, BINARY):
        (dist / name).write_bytes(name.encode())
    files = read_runtime(modules, manifest)
    assert gzip.decompress(files[PACKED]) == BINARY.encode()
    assert files == read_runtime(modules, manifest), "without the time in it"
    manifest.write_text('{"dependencies": {"onnxruntime-web": "1.2.4"}}', encoding="utf-8")
    with pytest.raises(SpecimenError, match=r"version 1\.2\.3, but .*package\.json asks for 1\.2\.4\. `npm ci`"):
        read_runtime(modules, manifest)


def test_a_folder_is_replaced_if_it_is_a_site(tmp_path: Path, models: Path) -> None:
    folder = tmp_path / "site"
    files = site_files(read(models), "fp32", RUNTIME)
    write_site(folder, files | {"old.txt": b""})
    assert is_site(folder)
    write_site(folder, files)
    written = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert written == files
    assert not is_site(models)


def test_what_is_said_without_a_server_is_said_in_both_languages() -> None:
    text = (OWN / "answers.js").read_text(encoding="utf-8")
    words = dict(re.findall(r"^  (\w\w): \{\n(.*?)^  \},$", text, re.MULTILINE | re.DOTALL))
    keys = {language: re.findall(r"^ +(\w+): ", part, re.MULTILINE) for language, part in words.items()}
    assert keys["de"] == keys["en"]
    thrown = re.findall(r'(?:failure\(|code: )"(\w+)"', "".join(
        path.read_text(encoding="utf-8") for path in OWN.glob("*.js")
    ))  # fmt: skip
    served = re.findall(r"^      (\w+): ", (SERVED / "texts.js").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(thrown) <= {*keys["en"], *served}
    assert "damaged_copy" in thrown


def test_the_service_worker_has_its_mark_once() -> None:
    assert (OWN / "sw.js").read_text(encoding="utf-8").count(MARK) == 1
