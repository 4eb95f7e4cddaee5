"""A table without pictures goes the same way as photos: prepare, train, evaluate."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

import evaluate
import export
import prepare
import train
from specimen.common.errors import SpecimenError
from specimen.config.data import Data
from specimen.config.params import load_params
from specimen.data.dataset.store import Store
from specimen.inference.load import load_predictor

ROOT = Path(__file__).parents[2]
FLATS = 160

Configure = Callable[..., None]


def flats() -> pd.DataFrame:
    """Offers of flats whose price follows area and district, with some noise."""
    rng = np.random.default_rng(0)
    area, district = rng.integers(25, 140, FLATS), rng.choice(["Mitte", "Süd", "Nord"], FLATS)
    per_m2 = pd.Series(district).map({"Mitte": 6000, "Süd": 4000, "Nord": 3000}) * rng.normal(1, 0.05, FLATS)
    return pd.DataFrame(
        {
            "flat_id": [f"F{number}" for number in range(FLATS)],
            "area_m2": area,
            "rooms": np.maximum(1, area // 25),
            "floor": rng.integers(0, 6, FLATS),
            "district": district,
            "price": (area * per_m2).round(-2),
            "price_per_m2": per_m2.round(),
        }
    )


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Configure]:
    """Go to an empty project; the function that comes back writes a sheet, and the recipe's params with changes."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    monkeypatch.chdir(tmp_path)
    for verb in (prepare, train):
        monkeypatch.setattr(verb, "keep_freed_memory", lambda: None)  # would hold for the tests that follow

    def configure(sheet: pd.DataFrame, **data: Any) -> None:
        Path("data/raw").mkdir(parents=True, exist_ok=True)
        sheet.to_csv("data/raw/flats.csv", index=False, sep=";", decimal=",")
        params = yaml.safe_load((ROOT / "recipes/prices.yaml").read_text(encoding="utf-8"))
        params["data"] |= data
        params["train"] |= {"epochs": 20, "device": "cpu", "precision": "fp32"}
        Path("params.yaml").write_text(yaml.safe_dump(params))

    yield configure
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(False)


def samples() -> pd.DataFrame:
    """Prepare, and return the samples."""
    prepare.main()
    return Store.load(Path("data/prepared")).samples


def test_the_whole_pipeline_learns_from_the_columns_alone(project: Configure) -> None:
    project(flats())
    for verb in (prepare, train, evaluate):
        verb.main()
    metrics = json.loads(Path("metrics/test.json").read_text())
    assert metrics["r2"] > 0.7
    predictions = pd.read_csv("plots/predictions.csv")
    assert predictions["image"].is_unique
    assert predictions["image"].str.fullmatch(r"F\d+").all()
    assert not list(Path("plots").rglob("worst.png")) + list(Path("plots").rglob("samples.png"))
    assert Path("plots/test/history.png").exists()


def test_a_forest_equals_the_forest_that_models_are_compared_with(
    project: Configure, capsys: pytest.CaptureFixture[str]
) -> None:
    project(flats())
    params = yaml.safe_load((ROOT / "recipes/forest.yaml").read_text(encoding="utf-8"))
    Path("params.yaml").write_text(yaml.safe_dump(params | {"train": params["train"] | {"epochs": 5}}))
    for verb in (prepare, train, evaluate, export):
        verb.main()
    assert "no effect on backbone forest: epochs" in capsys.readouterr().out
    metrics = json.loads(Path("metrics/test.json").read_text())
    forest = json.loads(Path("metrics/details.json").read_text())["baseline"]["forest"]
    assert {name: metrics[name] for name in ("rmse", "mae", "r2")} == {
        name: forest[name] for name in ("rmse", "mae", "r2")
    }
    assert {difference["value"] for difference in forest["difference"].values()} == {0}
    assert metrics["coverage"] > 0.7
    assert pd.read_csv("plots/tables/importances.csv")["feature"].iloc[0] == "area_m2"
    history = pd.read_csv("plots/history.csv")
    assert history.columns.tolist() == ["epoch", "train_loss", "val_loss", "val_rmse", "val_r2"]
    assert len(history) == 1
    store = Store.load(Path("data/prepared"))
    tables = [
        load_predictor(Path(f"models/model.{kind}")).predict(store.images, store.samples) for kind in ("pt", "onnx")
    ]
    pd.testing.assert_frame_equal(*tables, rtol=1e-5)


def test_a_forest_that_is_trained_again_has_the_same_bytes(project: Configure) -> None:
    project(flats(), task="classification", target="district", features=["area_m2", "rooms", "price_per_m2"], leaks=[])
    params = yaml.safe_load(Path("params.yaml").read_text())
    params["train"] = {"backbone": "forest", "features": ["price_per_m2", "area_m2"], "forest": {"n_estimators": 9}}
    Path("params.yaml").write_text(yaml.safe_dump(params))
    prepare.main()
    outputs = []
    for _ in range(2):
        for verb in (train, evaluate, export):
            verb.main()
        outputs.append(
            [Path(name).read_bytes() for name in ("models/model.pt", "models/model.onnx", "metrics/test.json")]
        )
    assert outputs[0] == outputs[1]
    assert json.loads(Path("metrics/test.json").read_text())["accuracy"] > 0.8
    assert pd.read_csv("plots/predictions.csv")["prediction_set"].notna().all()


def test_the_store_has_pictures_of_no_size(project: Configure) -> None:
    project(flats())
    prepare.main()
    store = Store.load(Path("data/prepared"))
    assert store.images.shape == (FLATS, 0, 0, 3)
    assert store.meta.image_size == 0


def test_a_row_is_called_by_its_group_where_each_has_one_of_its_own(project: Configure) -> None:
    project(flats())
    assert samples()["image"].tolist() == flats()["flat_id"].tolist()


@pytest.mark.parametrize("group", [["rooms", "floor"], []], ids=["shared", "none"])
def test_a_row_is_called_by_its_number_where_groups_are_no_names(project: Configure, group: list[str]) -> None:
    project(flats(), group=group)
    found = samples()
    assert found["image"].tolist()[:2] == ["row 2", "row 3"]
    shared = flats()["rooms"].astype(str) + "/" + flats()["floor"].astype(str)
    assert found["group"].tolist() == (shared if group else found["image"]).tolist()


def test_an_empty_group_gives_all_rows_their_numbers(project: Configure) -> None:
    sheet = flats()
    sheet.loc[0, "flat_id"] = None
    project(sheet)
    found = samples()
    assert found["image"].tolist()[:2] == ["row 2", "row 3"]
    assert found["group"].tolist()[:2] == ["row 2", "F1"]


def test_rows_are_still_rejected_by_their_labels(project: Configure) -> None:
    sheet = flats().astype({"price": object})
    sheet.loc[[0, 1, 2], "price"] = [None, -5, "on request"]
    project(sheet)
    assert len(samples()) == FLATS - 3
    rejected = pd.read_csv("data/prepared/rejected.csv").sort_values("row")
    assert rejected["image"].tolist() == ["F0", "F1", "F2"]
    assert rejected["rule"].tolist() == ["missing_label", "label_out_of_range", "label_not_a_number"]


def test_classes_may_be_learnt_too(project: Configure) -> None:
    project(flats(), task="classification", target="district", features=["area_m2", "rooms"])
    params = yaml.safe_load(Path("params.yaml").read_text())
    params["train"] |= {"features": ["area_m2"], "target_transform": "none", "epochs": 2}
    Path("params.yaml").write_text(yaml.safe_dump(params))
    for verb in (prepare, train, evaluate):
        verb.main()
    assert json.loads(Path("metrics/test.json").read_text())["accuracy"] > 0
    assert not {"distance", "unlike"} & {*pd.read_csv("plots/predictions.csv")}, "there is no picture to be unlike"


def test_missing_data_are_reported(project: Configure) -> None:
    project(flats(), root="data/nowhere")
    with pytest.raises(SpecimenError, match=r"data\.root: 'data/nowhere' does not exist"):
        prepare.main()


def test_a_table_without_a_usable_row_is_reported(project: Configure) -> None:
    project(flats().assign(price=None))
    with pytest.raises(SpecimenError, match="none of 160 rows is usable") as error:
        prepare.main()
    assert "160 by missing_label, the first in row 2: image 'F0'" in str(error.value)


@pytest.mark.parametrize(
    ("section", "change", "message"),
    [
        ("train", {"backbone": "resnet18"}, "train.backbone: resnet18 looks at pictures, but data.image_column: null"),
        ("export", {"formats": ["fp32", "int8"]}, "export.formats: int8 are for networks that look at pictures"),
        ("train", {"features": []}, "backbone: none learns from features alone, but features is empty"),
        ("data", {"table": None, "task": "classification", "group": [], "features": []}, "but table is null"),
    ],
)
def test_params_that_do_not_go_with_a_table_alone_are_refused(
    project: Configure, section: str, change: dict[str, Any], message: str
) -> None:
    project(flats())
    params = yaml.safe_load(Path("params.yaml").read_text())
    params[section] |= change
    Path("params.yaml").write_text(yaml.safe_dump(params))
    with pytest.raises(SpecimenError) as error:
        load_params()
    assert message in str(error.value)


def test_an_image_column_is_the_default() -> None:
    assert Data(root="x", task="regression", table="t.csv").image_column == "image"
