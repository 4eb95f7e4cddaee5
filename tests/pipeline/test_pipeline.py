"""The whole pipeline as a newcomer meets it: real stages through DVC in a fresh repository, on a small sample."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml
from fastapi.testclient import TestClient
from PIL import Image, ImageDraw

import prepare
from specimen.common.errors import SpecimenError
from specimen.serving.app import make_app
from specimen.serving.model_watcher import MetricsRecord

ROOT = Path(__file__).parents[2]
TINY = {
    "sample": {"plants": 40, "image_size": 48},
    "prepare": {"image_size": 32},
    "train": {"epochs": 2, "batch_size": 8},
    "evaluate": {"gallery": 4},
}

Dvc = Callable[..., str]


def run(*command: str, cwd: Path, status: int = 0) -> str:
    """Run a command as in an activated environment; return what it printed."""
    paths = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = os.environ | {"PATH": paths, "DVC_NO_ANALYTICS": "1", "COVERAGE_PROCESS_START": str(ROOT / "pyproject.toml")}
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def dvc(*arguments: str, cwd: Path, status: int = 0) -> str:
    return run(sys.executable, "-m", "dvc", *arguments, cwd=cwd, status=status)


def write_params(folder: Path, **changes: dict[str, object]) -> None:
    """Write the params of the repository, made small, with `changes` by section on top."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    for section, values in [*TINY.items(), *changes.items()]:
        params[section] = params[section] | values
    (folder / "params.yaml").write_text(yaml.safe_dump(params))


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository after its first `dvc repro`, committed. Not to be changed: copy it."""
    folder = tmp_path_factory.mktemp("fresh") / "repository"
    for name in ("src", ".dvc/config", ".dvcignore", ".gitignore", "dvc.yaml", "data/dvc.yaml", "data/.gitignore"):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns("__pycache__"))
        elif (ROOT / name).exists():
            shutil.copyfile(ROOT / name, target)
    write_params(folder)
    run("git", "init", "--quiet", "--initial-branch=main", cwd=folder)
    for key, value in {"user.name": "Test", "user.email": "test@example.com", "commit.gpgsign": "false"}.items():
        run("git", "config", key, value, cwd=folder)
    dvc("repro", cwd=folder)
    run("git", "add", "--all", cwd=folder)
    run("git", "commit", "--quiet", "--message", "First run", cwd=folder)
    return folder


@pytest.fixture
def repository(fresh: Path, tmp_path: Path) -> Path:
    """A copy of the repository, with its cache, to do things to."""
    return Path(shutil.copytree(fresh, tmp_path / "repository", symlinks=True))


def test_every_stage_leaves_its_outputs(fresh: Path) -> None:
    for path in (
        "data/prepared/images.npy",
        "models/model.pt",
        "models/model.onnx",
        "plots/history.csv",
        "plots/test/worst.png",
    ):
        assert (fresh / path).stat().st_size > 0
    metrics = json.loads((fresh / "metrics/test.json").read_text())
    assert metrics["rmse"] > 0
    details = json.loads((fresh / "metrics/details.json").read_text())
    assert details["baseline"]["mean"]["rmse"] > 0
    assert details["baseline"]["forest"]["difference"]["rmse"]["low"] is not None
    assert set(details["by"]) == {"age_days", "condition"}
    assert 0 < metrics["attention_by_chance"] < 1
    assert 0 <= metrics["attention_inside"] <= 1
    counts = json.loads((fresh / "metrics/data.json").read_text())
    assert counts["rows"] == counts["kept"] + sum(counts["rejected"].values()) == 80


def test_predictions_are_those_of_the_test_split(fresh: Path) -> None:
    samples = pd.read_csv(fresh / "data/prepared/samples.csv")
    predictions = pd.read_csv(fresh / "plots/predictions.csv")
    assert predictions["image"].tolist() == samples.loc[samples["split"] == "test", "image"].tolist()
    assert predictions["prediction"].between(predictions["low"], predictions["high"]).all()


def test_what_is_no_plant_is_flagged_and_test_photos_hardly_ever(fresh: Path, tmp_path: Path) -> None:
    Image.effect_noise((64, 64), 80).convert("RGB").save(tmp_path / "noise.png")
    for colour in ("black", "white", "grey"):
        Image.new("RGB", (64, 64), colour).save(tmp_path / f"{colour}.png")
    face = Image.new("RGB", (64, 64), "white")
    pen = ImageDraw.Draw(face)
    pen.ellipse((8, 4, 56, 60), fill=(240, 200, 170), outline="black")
    for x in (24, 40):
        pen.ellipse((x - 4, 22, x + 4, 30), fill="black")
    pen.arc((20, 30, 44, 50), 20, 160, fill="red", width=2)
    face.save(tmp_path / "face.png")
    run(sys.executable, "src/predict.py", str(tmp_path), "-o", str(tmp_path / "out.csv"), cwd=fresh)
    assert pd.read_csv(tmp_path / "out.csv")["unlike"].tolist() == [True] * 5
    predictions = pd.read_csv(fresh / "plots/predictions.csv")
    share = json.loads((fresh / "metrics/test.json").read_text())["unlike"]
    assert share == pytest.approx(predictions["unlike"].mean(), abs=1e-5)
    assert share <= 1 / len(predictions), "with 8 plants in val, one photo may surprise"


@pytest.mark.parametrize("model", ["models/model.pt", "models/model.onnx"])
def test_photos_have_the_predictions_of_evaluate(fresh: Path, tmp_path: Path, model: str) -> None:
    run(
        sys.executable,
        "src/predict.py",
        "data/sample/images",
        "-o",
        str(tmp_path / "out.csv"),
        "--model",
        model,
        cwd=fresh,
    )
    found = pd.read_csv(tmp_path / "out.csv")
    found = found.assign(image=found["image"].map(lambda path: Path(path).name)).set_index("image")
    evaluated = pd.read_csv(fresh / "plots/predictions.csv")
    names = evaluated["image"].map(lambda path: Path(path).name)
    assert (found["prediction"].loc[names].to_numpy() - evaluated["prediction"]).abs().max() < 1e-4


def test_the_server_has_the_predictions_of_evaluate_and_its_metrics(fresh: Path) -> None:
    evaluated = pd.read_csv(fresh / "plots/predictions.csv")
    photos = fresh / "data/sample/images"
    files = [("images", (name, (photos / name).read_bytes())) for name in evaluated["image"]]
    record = MetricsRecord(fresh / "dvc.lock", fresh / "metrics/test.json")
    with TestClient(make_app(fresh / "models/model.onnx", metrics_record=record)) as client:
        answer = client.post("/predict", files=files).json()
        facts = client.get("/model").json()
    found = [result["prediction"] for result in answer["results"]]
    assert (pd.Series(found) - evaluated["prediction"]).abs().max() < 1e-4
    assert answer["version"] in (fresh / "dvc.lock").read_text()
    assert facts["metrics"] == json.loads((fresh / "metrics/test.json").read_text())


def test_a_registered_version_is_fetched(repository: Path, tmp_path: Path) -> None:
    run("gto", "register", "model-onnx", "--version", "v1.0.0", cwd=repository)
    dvc("artifacts", "get", str(repository), "model-onnx", "--rev", "v1.0.0", "-o", "got.onnx", cwd=tmp_path)
    assert (tmp_path / "got.onnx").read_bytes() == (repository / "models/model.onnx").read_bytes()


def test_photos_of_one_plant_share_a_split(fresh: Path) -> None:
    samples = pd.read_csv(fresh / "data/prepared/samples.csv")
    assert (samples.groupby("group")["split"].nunique() == 1).all()
    assert (samples.groupby("group").size() == 2).any()


def test_nothing_changed_after_a_run(repository: Path) -> None:
    assert "Data and pipelines are up to date." in dvc("repro", cwd=repository)
    assert run("git", "status", "--porcelain", cwd=repository) == ""


def test_a_forced_run_leaves_the_lock_as_it_was(repository: Path) -> None:
    dvc("repro", "--force", cwd=repository)
    assert run("git", "diff", "--stat", cwd=repository) == ""


def test_a_tracker_leaves_the_lock_as_it_was(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("dvclive", reason="needs the extra track")
    monkeypatch.setenv("SPECIMEN_TRACK", "dvclive")
    said = dvc("repro", "--force", "--single-item", "train", cwd=repository)
    said += dvc("repro", "--force", "--single-item", "evaluate", cwd=repository)
    assert said.count("dvclive: run resnet18-32px-lr0.001") == 2
    assert json.loads((repository / "dvclive/metrics.json").read_text())["test"]["rmse"] > 0
    assert run("git", "status", "--porcelain", cwd=repository) == ""


def test_an_experiment_shows_in_params_metrics_and_plots(repository: Path) -> None:
    dvc("exp", "run", "--set-param", "train.epochs=1", cwd=repository)
    params = json.loads(dvc("params", "diff", "--json", cwd=repository))
    assert params["params.yaml"]["train.epochs"] == {"old": 2, "new": 1, "diff": -1}
    metrics = json.loads(dvc("metrics", "diff", "--json", cwd=repository))
    assert metrics["metrics/test.json"]["rmse"]["diff"] != 0
    plots = json.loads(dvc("plots", "diff", "--json", cwd=repository))["data"]
    assert {"loss", "predictions", "errors", "plots/test/predicted_vs_true.png"} <= set(plots)
    assert plots["loss"][0]["revisions"] == ["workspace", "HEAD"]


def test_what_was_pushed_to_s3_needs_no_run_elsewhere(repository: Path, tmp_path: Path) -> None:
    pytest.importorskip("moto")
    import s3

    clone = tmp_path / "clone"
    with s3.serve() as endpoint, pytest.MonkeyPatch.context() as patch:
        patch.chdir(repository)
        with s3.point_dvc_at(endpoint):
            dvc("push", cwd=repository)
            run("git", "clone", "--quiet", str(repository), str(clone), cwd=tmp_path)
            shutil.copyfile(repository / ".dvc/config.local", clone / ".dvc/config.local")
            dvc("pull", cwd=clone)
    assert "Data and pipelines are up to date." in dvc("repro", cwd=clone)
    assert run("git", "status", "--porcelain", cwd=clone) == ""


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train": {"epocs": 3}}, "train.epocs: unknown key. Did you mean 'epochs'?"),
        ({"data": {"root": "data/raw"}}, "data/raw"),
        ({"data": {"target": "fresh_wieght_total"}}, "has no column 'fresh_wieght_total'. Did you mean"),
        ({"data": {"image_column": "lab_book_page"}}, "none of 80 rows is usable."),
    ],
)
def test_a_mistake_costs_no_output_of_the_last_good_run(
    repository: Path, changes: dict[str, dict[str, object]], message: str
) -> None:
    write_params(repository, **changes)
    said = dvc("repro", cwd=repository, status=255)
    assert message in said
    assert "dvc checkout" not in said
    run("git", "checkout", "--", "params.yaml", cwd=repository)
    assert "Data and pipelines are up to date." in dvc("status", cwd=repository)


def test_a_failing_verb_ends_with_2_and_leaves_its_outputs(repository: Path) -> None:
    before = (repository / "data/prepared/meta.json").read_bytes()
    write_params(repository, data={"target": "fresh_wieght_total"})
    for verb in ("validate", "prepare"):
        said = run(sys.executable, f"src/{verb}.py", cwd=repository, status=2)
        assert said.startswith("error: data.target: ")
    assert (repository / "data/prepared/meta.json").read_bytes() == before


def test_where_a_later_stage_fails_the_way_back_is_told(repository: Path) -> None:
    before = (repository / "models/model.pt").read_bytes()
    write_params(repository, train={"backbone": "resnet19"})
    assert "dvc checkout" in dvc("repro", cwd=repository, status=255)
    dvc("checkout", "models/model.pt", cwd=repository)
    assert (repository / "models/model.pt").read_bytes() == before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": {"tabel": "labels.xlsx"}}, "params.yaml:\n  data.tabel: unknown key. Did you mean 'table'?"),
        ({"train": {"epochs": "many"}}, "train.epochs: Input should be a valid integer"),
        (
            {"data": {"target": "fresh_wieght_total"}},
            "has no column 'fresh_wieght_total'. Did you mean",
        ),
        ({"data": {"root": "data/raw"}}, "data.root: 'data/raw' does not exist"),
        ({"data": {"table": "label.xlsx"}}, "Did you mean 'labels.xlsx'?"),
        ({"data": {"sheet": "Label"}}, "no sheet 'Label'. Did you mean 'labels'?"),
        ({"data": {"images": "pictures"}}, "'pictures' does not exist in 'data/sample'. There: images, masks."),
        ({"data": {"image_column": "lab_book_page"}}, "none of 80 rows is usable. Rejected by prepare.rules:"),
        ({"split": {"test": 0.001}}, "split: test would be empty"),
    ],
)
def test_a_mistake_gives_one_clear_message_and_leaves_all_as_it_was(
    fresh: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, changes: dict[str, dict[str, object]], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data/sample").symlink_to(fresh / "data/sample")
    write_params(tmp_path, **changes)
    with pytest.raises(SpecimenError) as error:
        prepare.main()
    assert message in str(error.value)
    assert not list((tmp_path / "data").glob("*prepared*"))


def test_an_unreadable_sheet_is_named(fresh: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(fresh / "data/sample", "data/sample", symlinks=True)
    sheet = Path("data/sample/labels.xlsx")
    content = sheet.read_bytes()
    sheet.unlink()
    sheet.write_bytes(content[:1000])
    write_params(tmp_path)
    with pytest.raises(SpecimenError, match=r"data/sample/labels\.xlsx"):
        prepare.main()
