"""The whole pipeline as a newcomer meets it: real stages through DVC in a fresh repository, on a small sample.

Only `tiny_repository` is made by a full `dvc repro`. After that, stages run in this process, and DVC compares: what it
calls up to date is byte for byte what it ran itself.
"""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import s3
import yaml
from fastapi.testclient import TestClient
from PIL import Image, ImageDraw
from projects import changed_stages, dvc, environment, fail_script, git, run, run_script, write_params

from specimen.common.errors import SpecimenError
from specimen.serving.app import make_app
from specimen.serving.model_watcher import MetricsRecord

Params = dict[str, dict[str, Any]]


def test_every_stage_leaves_its_outputs(tiny_repository: Path) -> None:
    for path in (
        "data/prepared/shards.csv",
        "models/model.pt",
        "models/model.onnx",
        "plots/history.csv",
        "plots/test/worst.png",
    ):
        assert (tiny_repository / path).stat().st_size > 0
    metrics = json.loads((tiny_repository / "metrics/test.json").read_text())
    assert metrics["rmse"] > 0
    details = json.loads((tiny_repository / "metrics/details.json").read_text())
    assert details["baseline"]["mean"]["rmse"] > 0
    difference = details["baseline"]["forest"]["difference"]["rmse"]
    assert metrics["rmse"] - details["baseline"]["forest"]["rmse"] == pytest.approx(difference["value"], abs=1e-5)
    assert "low" not in difference, "five groups are too few for an interval"
    assert set(details["by"]) == {"age_days", "condition"}
    assert 0 < metrics["attention_by_chance"] < 1
    for name in ("inside", "on_top", "inside_untrained", "on_top_untrained"):
        assert 0 <= metrics[f"attention_{name}"] <= 1
    counts = json.loads((tiny_repository / "metrics/data.json").read_text())
    assert counts["rows"] == counts["kept"] + sum(counts["rejected"].values()) == 80


def test_predictions_are_those_of_the_test_split(tiny_repository: Path) -> None:
    samples = pd.read_csv(tiny_repository / "data/prepared/samples.csv")
    predictions = pd.read_csv(tiny_repository / "plots/predictions.csv")
    assert predictions["image"].tolist() == samples.loc[samples["split"] == "test", "image"].tolist()
    assert predictions["prediction"].between(predictions["low"], predictions["high"]).all()


def test_what_is_no_plant_is_flagged_and_test_photos_hardly_ever(tiny_repository: Path, tmp_path: Path) -> None:
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
    run_script(tiny_repository, "predict", str(tmp_path), "-o", str(tmp_path / "out.csv"))
    assert pd.read_csv(tmp_path / "out.csv")["unlike"].tolist() == [True] * 5
    predictions = pd.read_csv(tiny_repository / "plots/predictions.csv")
    share = json.loads((tiny_repository / "metrics/test.json").read_text())["unlike"]
    assert share == pytest.approx(predictions["unlike"].mean(), abs=1e-5)
    assert share <= 1 / len(predictions), "with 8 plants in val, one photo may surprise"


@pytest.mark.parametrize("model", ["models/model.pt", "models/model.onnx"])
def test_photos_have_the_predictions_of_evaluate(tiny_repository: Path, tmp_path: Path, model: str) -> None:
    out = tmp_path / "out.csv"
    run_script(tiny_repository, "predict", "data/sample/images", "-o", str(out), "--model", model)
    predicted = pd.read_csv(out)
    predicted = predicted.assign(image=predicted["image"].map(lambda path: Path(path).name)).set_index("image")
    evaluated = pd.read_csv(tiny_repository / "plots/predictions.csv")
    names = evaluated["image"].map(lambda path: Path(path).name)
    assert (predicted["prediction"].loc[names].to_numpy() - evaluated["prediction"]).abs().max() < 1e-4


def test_the_server_has_the_predictions_of_evaluate_and_its_metrics(tiny_repository: Path) -> None:
    evaluated = pd.read_csv(tiny_repository / "plots/predictions.csv")
    photos = tiny_repository / "data/sample/images"
    files = [("images", (name, (photos / name).read_bytes())) for name in evaluated["image"]]
    record = MetricsRecord(tiny_repository / "dvc.lock", tiny_repository / "metrics/test.json")
    with TestClient(
        make_app(tiny_repository / "models/model.onnx", metrics_record=record), base_url="http://localhost"
    ) as client:
        answer = client.post("/predict", files=files).json()
        facts = client.get("/model").json()
    predicted = [result["prediction"] for result in answer["results"]]
    assert (pd.Series(predicted) - evaluated["prediction"]).abs().max() < 1e-4
    assert answer["version"] in (tiny_repository / "dvc.lock").read_text()
    assert facts["metrics"] == json.loads((tiny_repository / "metrics/test.json").read_text())


def test_a_registered_version_is_fetched(repository: Path, tmp_path: Path) -> None:
    run("gto", "register", "model-onnx", "--version", "v1.0.0", cwd=repository)
    dvc(tmp_path, "artifacts", "get", str(repository), "model-onnx", "--rev", "v1.0.0", "-o", "got.onnx")
    assert (tmp_path / "got.onnx").read_bytes() == (repository / "models/model.onnx").read_bytes()


def test_photos_of_one_plant_share_a_split(tiny_repository: Path) -> None:
    samples = pd.read_csv(tiny_repository / "data/prepared/samples.csv")
    assert (samples.groupby("group")["split"].nunique() == 1).all()
    assert (samples.groupby("group").size() == 2).any()


def test_nothing_changed_after_a_run(repository: Path) -> None:
    assert "Data and pipelines are up to date." in dvc(repository, "repro")
    assert git(repository, "status", "--porcelain") == ""


def test_pictures_are_decoded_once_and_a_killed_run_changes_nothing(repository: Path) -> None:
    params = yaml.safe_load((repository / "params.yaml").read_text())
    write_params(repository, params, split={"seed": 6})
    assert "\n0 photos decoded, 68 taken from the last store\n" in dvc(repository, "repro", "prepare")
    again = ("repro", "--force", "--single-item", "prepare")
    shutil.rmtree(repository / "data/prepared")
    assert "\n0 photos decoded, 68 taken from the last store\n" in dvc(repository, *again)
    lock = (repository / "dvc.lock").read_bytes()

    for moment in (0.1, 0.5):
        command = [sys.executable, str(repository / "src/prepare.py"), "--clean"]
        with subprocess.Popen(command, cwd=repository, env=environment(repository), stdout=subprocess.PIPE) as process:
            while not (repository / "data/.prepared.new/images").exists() and process.poll() is None:
                time.sleep(0.01)
            time.sleep(moment)
            process.kill()
        assert process.returncode == -signal.SIGKILL
        assert (repository / "data/prepared/meta.json").exists(), "the earlier store is whole"
    dvc(repository, *again)
    assert (repository / "dvc.lock").read_bytes() == lock


def test_a_second_run_of_every_stage_leaves_the_lock_as_it_was(repository: Path) -> None:
    for outputs in ("data/sample", "data/prepared", "models", "plots", "metrics"):
        shutil.rmtree(repository / outputs)
    for stage in ("sample", "validate", "prepare", "train", "evaluate", "export"):
        run_script(repository, stage)
    assert changed_stages(repository) == set()
    assert git(repository, "status", "--porcelain") == ""


def test_a_tracker_leaves_the_lock_as_it_was(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("dvclive", reason="needs the extra track")
    monkeypatch.setenv("SPECIMEN_TRACK", "dvclive")
    for stage in ("train", "evaluate"):
        run_script(repository, stage)
    output = capfd.readouterr()
    assert (output.out + output.err).count("dvclive: run shufflenet_v2_x0_5-") == 2
    assert json.loads((repository / "dvclive/metrics.json").read_text())["test"]["rmse"] > 0
    assert changed_stages(repository) == set()
    assert git(repository, "status", "--porcelain") == ""


@pytest.mark.usefixtures("preloaded_python")
def test_an_experiment_shows_in_params_metrics_and_plots(repository: Path) -> None:
    dvc(repository, "exp", "run", "--set-param", "train.epochs=1", "evaluate")
    params = json.loads(dvc(repository, "params", "diff", "--json"))
    assert params["params.yaml"]["train.epochs"] == {"old": 2, "new": 1, "diff": -1}
    metrics = json.loads(dvc(repository, "metrics", "diff", "--json"))
    assert metrics["metrics/test.json"]["rmse"]["diff"] != 0
    plots = json.loads(dvc(repository, "plots", "diff", "--json"))["data"]
    assert {"loss", "predictions", "errors", "plots/test/predicted_vs_true.png"} <= set(plots)
    assert plots["loss"][0]["revisions"] == ["workspace", "HEAD"]


def test_what_was_pushed_to_s3_needs_no_run_elsewhere(repository: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    with s3.serve() as endpoint, pytest.MonkeyPatch.context() as patch:
        patch.chdir(repository)
        with s3.point_dvc_at(endpoint):
            dvc(repository, "push")
            git(tmp_path, "clone", "--quiet", str(repository), str(clone))
            shutil.copyfile(repository / ".dvc/config.local", clone / ".dvc/config.local")
            dvc(clone, "pull")
    assert "Data and pipelines are up to date." in dvc(clone, "repro")
    assert git(clone, "status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train": {"epocs": 3}}, "train.epocs: unknown key. Did you mean 'epochs'?"),
        ({"data": {"root": "data/raw"}}, "data/raw"),
    ],
)
def test_a_mistake_costs_no_output_of_the_last_good_run(
    repository: Path, tiny_params: Params, changes: Params, message: str
) -> None:
    write_params(repository, tiny_params, **changes)
    output = dvc(repository, "repro", status=255)
    assert message in output
    assert "dvc checkout" not in output
    git(repository, "checkout", "--", "params.yaml")
    assert changed_stages(repository) == set()


@pytest.mark.parametrize("stage", ["validate", "prepare"])
@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"target": "fresh_wieght_total"}, "data.target: data/sample/labels.xlsx has no column 'fresh_wieght_total'."),
        ({"image_column": "lab_book_page"}, "none of 80 rows is usable."),
    ],
)
def test_a_failing_stage_ends_with_2_and_leaves_its_outputs(
    repository: Path, tiny_params: Params, stage: str, data: dict[str, Any], message: str
) -> None:
    write_params(repository, tiny_params, data=data)
    output = fail_script(repository, stage)
    assert output.startswith("error: ")
    assert message in output
    assert "dvc checkout" not in output
    git(repository, "checkout", "--", "params.yaml")
    assert changed_stages(repository) == set()


@pytest.mark.usefixtures("preloaded_python")
def test_where_a_later_stage_fails_the_way_back_is_told(repository: Path, tiny_params: Params) -> None:
    before = (repository / "models/model.pt").read_bytes()
    write_params(repository, tiny_params, train={"backbone": "resnet19"})
    assert "dvc checkout" in dvc(repository, "repro", "--single-item", "train", status=255)
    dvc(repository, "checkout", "models/model.pt")
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
    tiny_repository: Path, tiny_params: Params, tmp_path: Path, changes: Params, message: str
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/sample").symlink_to(tiny_repository / "data/sample")
    write_params(tmp_path, tiny_params, **changes)
    with pytest.raises(SpecimenError) as error:
        run_until_prepared(tmp_path)
    assert message in str(error.value)
    assert not list((tmp_path / "data").glob("*prepared*"))


def run_until_prepared(folder: Path) -> None:
    for stage in ("validate", "prepare"):
        run_script(folder, stage)


def test_an_unreadable_sheet_is_named(tiny_repository: Path, tiny_params: Params, tmp_path: Path) -> None:
    shutil.copytree(tiny_repository / "data/sample", tmp_path / "data/sample")
    sheet = tmp_path / "data/sample/labels.xlsx"
    sheet.write_bytes(sheet.read_bytes()[:1000])
    write_params(tmp_path, tiny_params)
    with pytest.raises(SpecimenError, match=r"data/sample/labels\.xlsx"):
        run_script(tmp_path, "prepare")
