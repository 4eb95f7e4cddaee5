"""Dagster on real stages of DVC, in process: lineage, metadata, checks, and what starts a run."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image
from projects import commit_all, dvc_here, git, init_git

pytest.importorskip("dagster", reason="needs the extra dagster")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


def drawn_png() -> bytes:
    """Draw a plot of many pixels and colours: 1600 x 900 of noise in blocks."""
    blocks = np.random.default_rng(0).integers(0, 256, (45, 80, 3), dtype=np.uint8)
    drawn = io.BytesIO()
    Image.fromarray(blocks).resize((1600, 900), Image.Resampling.NEAREST).save(drawn, "PNG")
    return drawn.getvalue()


PREPARE = """
import json, pathlib
folder = pathlib.Path("data/prepared")
folder.mkdir(parents=True)
counts = {"rows": 5, "kept": 3, "rejected": {"missing_label": 2}, "warned": {"near_duplicate": 1}}
(folder / "meta.json").write_text(json.dumps({"counts": counts}))
"""
EVALUATE = f"""
import base64, json, pathlib
PNG = {base64.b64encode(drawn_png())!r}
pathlib.Path("plots/test").mkdir(parents=True)
pathlib.Path("metrics").mkdir(exist_ok=True)
pathlib.Path("plots/test/worst.png").write_bytes(base64.b64decode(PNG))
metrics = {{"rmse": 0.5, "groups": 5, "baseline": {{"mean": {{"rmse": 0.75}}}}}}
pathlib.Path("metrics/test.json").write_text(json.dumps(metrics))
pathlib.Path("metrics/data.json").write_text(json.dumps({{"groups": 35}}))
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A DVC repository of three stages in two files, with scripts that write what the stages of Specimen write."""
    scripts = {"sample": "import pathlib; pathlib.Path('data/raw').mkdir(parents=True)", "prepare": PREPARE}
    for name, text in {**scripts, "evaluate": EVALUATE}.items():
        (tmp_path / f"{name}.py").write_text(text)
    (tmp_path / "data").mkdir()
    sample = {"cmd": "python sample.py", "wdir": "..", "outs": ["data/raw"], "desc": "Draw"}
    (tmp_path / "data/dvc.yaml").write_text(yaml.safe_dump({"stages": {"sample": sample}}))
    metrics = [{f"metrics/{name}.json": {"cache": False}} for name in ("test", "data")]
    stages = {
        "prepare": {"cmd": "python prepare.py", "deps": ["data/raw"], "outs": ["data/prepared"]},
        "evaluate": {"cmd": "python evaluate.py", "deps": ["data/prepared"], "outs": ["plots/test", *metrics]},
    }
    (tmp_path / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    data = {"root": "labels", "task": "regression", "table": "labels.csv"}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump({"data": data}))
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels/labels.csv").write_text("image,target\n")
    dvc_here(tmp_path, "init", "--quiet", "--no-scm")
    return tmp_path


def test_the_real_pipeline_has_an_asset_for_each_stage() -> None:
    from specimen.integrations import dagster_assets

    stages = yaml.safe_load((dagster_assets.ROOT / "dvc.yaml").read_text())["stages"]
    graph = dagster_assets.defs.resolve_asset_graph()
    keys = {key.to_user_string(): graph.get(key) for key in graph.get_all_asset_keys()}
    assert set(stages) <= set(keys)
    assert "prepare" in {parent.to_user_string() for parent in keys["train"].parent_keys}
    assert {"prepare", "train"} <= {parent.to_user_string() for parent in keys["evaluate"].parent_keys}
    assert keys["train"].description == stages["train"]["desc"]


def test_all_assets_are_materialised_with_metrics_plots_and_checks(repository: Path) -> None:
    import dagster as dg

    from specimen.integrations import dagster_assets

    defs = dagster_assets.build(repository)
    with dg.DagsterInstance.ephemeral() as instance:
        result = defs.resolve_job_def("pipeline").execute_in_process(instance=instance)
    assert result.success
    seen: dict[str, Any] = {
        event.asset_key.to_user_string(): event.materialization.metadata
        for event in result.get_asset_materialization_events()
    }
    assert set(seen) == {"data/sample", "prepare", "evaluate"}
    assert seen["evaluate"]["rmse"].value == 0.5
    assert (seen["evaluate"]["groups"].value, seen["evaluate"]["data: groups"].value) == (5, 35), "no number is lost"
    assert seen["evaluate"]["test.json"].value["baseline"] == {"mean": {"rmse": 0.75}}
    before, shown = seen["evaluate"]["plots"].value.removesuffix(")").split("(data:image/png;base64,")
    assert before == "**worst**\n\n![worst]"
    picture = Image.open(io.BytesIO(base64.b64decode(shown)))
    assert (picture.format, picture.mode, picture.size) == ("PNG", "P", (800, 450))
    checks = {check.check_name: check for check in result.get_asset_check_evaluations()}
    assert not checks["missing_label"].passed
    assert checks["missing_label"].metadata["rejected"].value == 2
    assert not checks["near_duplicate"].passed
    assert checks["missing_image"].passed
    assert json.loads(dvc_here(repository, "status", "--json")) == {}


TRAIN = """
import json, pathlib, yaml
train = yaml.safe_load(open("params.yaml"))["train"]
pathlib.Path("metrics").mkdir(exist_ok=True)
pathlib.Path("metrics/test.json").write_text(json.dumps({"epochs": train["epochs"], "rmse": 1 / train["epochs"]}))
"""


@pytest.fixture
def committed(tmp_path: Path) -> Path:
    """A repository of Git and DVC with a stage train that has run, on 3 epochs, and is committed."""
    (tmp_path / "train.py").write_text(TRAIN)
    stage = {"cmd": "python train.py", "deps": ["train.py"], "params": ["train"]}
    metric = {"metrics/test.json": {"cache": False}}
    (tmp_path / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"train": stage | {"outs": [metric]}}}))
    data = {"root": "data", "task": "regression", "table": "labels.csv"}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump({"data": data, "train": {"epochs": 3}}))
    init_git(tmp_path)
    dvc_here(tmp_path, "init", "--quiet")
    dvc_here(tmp_path, "repro", "--quiet")
    commit_all(tmp_path, "first")
    return tmp_path


def metadata_of(repository: Path, job: str, run_config: dict[str, Any]) -> dict[str, Any]:
    """Run a job on a repository whose one stage is train; return the metadata of its asset."""
    import dagster as dg

    from specimen.integrations import dagster_assets

    with dg.DagsterInstance.ephemeral() as instance:
        defs = dagster_assets.build(repository)
        result = defs.resolve_job_def(job).execute_in_process(run_config=run_config, instance=instance)
    (event,) = result.get_asset_materialization_events()
    return {key: entry.value for key, entry in event.materialization.metadata.items()}


def test_a_run_config_is_an_experiment_and_the_workspace_stays_as_it_is(committed: Path) -> None:
    seen = metadata_of(committed, "pipeline", {"epochs": 2, "overrides": ["train.augment.flip=0.25"]})
    assert (seen["epochs"], seen["rmse"], seen["DVC"]) == (2, 0.5, "ran")
    assert seen["changes"] == "train.epochs=2, train.augment.flip=0.25"
    assert json.loads((committed / "metrics/test.json").read_text())["epochs"] == 3
    assert git(committed, "status", "--porcelain") == ""
    dvc_here(committed, *seen["to apply it"].split()[1:])
    assert yaml.safe_load((committed / "params.yaml").read_text())["train"] == {"epochs": 2, "augment": {"flip": 0.25}}
    assert json.loads((committed / "metrics/test.json").read_text())["epochs"] == 2


@pytest.mark.parametrize("run_config", [{}, {"epochs": 3, "lr": 0.001, "overrides": ["train.weights=none"]}])
def test_a_run_config_that_changes_nothing_runs_nothing(committed: Path, run_config: dict[str, Any]) -> None:
    seen = metadata_of(committed, "pipeline", run_config)
    assert seen["DVC"] == "unchanged"
    assert "experiment" not in seen
    assert git(committed, "for-each-ref", "refs/exps") == ""
    assert git(committed, "status", "--porcelain") == ""


def test_a_wrong_value_is_refused_by_name_before_there_is_a_run(committed: Path) -> None:
    import dagster as dg

    with pytest.raises(dg.DagsterInvalidConfigError, match=r"train\.epochs: Input should be greater .* 1, got 0\."):
        metadata_of(committed, "pipeline", {"epochs": 0})
    with pytest.raises(dg.DagsterInvalidConfigError, match=r"train\.los: unknown key\. Did you mean 'loss'"):
        metadata_of(committed, "pipeline", {"overrides": ["train.los=mae"]})
    with pytest.raises(dg.DagsterInvalidConfigError, match=r'Value "two" of type .* is not valid'):
        metadata_of(committed, "pipeline", {"epochs": "two"})


def test_assets_that_are_materialised_without_the_job_take_the_same_run_config(committed: Path) -> None:
    import dagster as dg

    def config(**values: Any) -> dict[str, Any]:
        return {"ops": {"dvc": {"config": values}}}

    assert metadata_of(committed, "__ASSET_JOB", config(epochs=2))["epochs"] == 2
    with pytest.raises(dg.Failure, match=r"run config:\n  train\.epochs: Input should be greater .* 1, got 0\."):
        metadata_of(committed, "__ASSET_JOB", config(epochs=0))


def test_a_stage_that_fails_is_a_failed_asset_with_its_message(repository: Path) -> None:
    import dagster as dg

    from specimen.integrations import dagster_assets

    (repository / "prepare.py").write_text("raise SystemExit('error: data.target: no such column')")
    with dg.DagsterInstance.ephemeral() as instance:
        job = dagster_assets.build(repository).resolve_job_def("pipeline")
        result = job.execute_in_process(instance=instance, raise_on_error=False)
    assert not result.success
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert "data.target: no such column" in str(failure.step_failure_data.user_failure_data.description)


def test_the_sensor_asks_for_a_run_when_the_label_table_changes(repository: Path) -> None:
    import dagster as dg

    from specimen.integrations import dagster_assets

    sensor = dagster_assets.build(repository).resolve_sensor_def("label_table")
    table = repository / "labels/labels.csv"

    def tick(cursor: str | None) -> Any:
        with dg.DagsterInstance.ephemeral() as instance, dg.build_sensor_context(instance, cursor=cursor) as context:
            return sensor(context)

    first = tick(None)
    assert not first.run_requests
    assert isinstance(tick(first.cursor), dg.SkipReason)
    table.write_text("image,target\na.png,1\n")
    second = tick(first.cursor)
    assert len(second.run_requests) == 1
    assert isinstance(tick(second.cursor), dg.SkipReason)


def test_the_sensor_waits_for_a_table_that_is_being_replaced(repository: Path) -> None:
    import dagster as dg

    from specimen.integrations import dagster_assets

    sensor = dagster_assets.build(repository).resolve_sensor_def("label_table")
    (repository / "labels/labels.csv").unlink()
    with dg.DagsterInstance.ephemeral() as instance, dg.build_sensor_context(instance, cursor="before") as context:
        skipped = sensor(context)
    assert isinstance(skipped, dg.SkipReason)
    assert skipped.skip_message == "data.table: no file 'labels.csv' in 'labels'."


def test_the_root_is_the_working_directory_if_it_has_a_pipeline(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from specimen.integrations import dagster_assets

    monkeypatch.chdir(repository)
    assert dagster_assets.find_root() == repository
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert dagster_assets.find_root() == Path(dagster_assets.__file__).parents[3]
