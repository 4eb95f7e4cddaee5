"""What is unlike the training photos is far from them, in every file of the model; what is like them is near."""

from __future__ import annotations

from pathlib import Path

import builders
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import torch
from PIL import Image, ImageDraw

from specimen.data.dataset.store import Store
from specimen.inference.batch_prediction import predict_files
from specimen.inference.inputs import find_inputs
from specimen.inference.load import load_predictor
from specimen.models.model import Model, load_model, make_model, save_model
from specimen.models.novelty import Novelty, colours_of
from specimen.onnx.export import to_onnx
from specimen.training import novelty_limits
from specimen.training.novelty_limits import MARGIN, EmbeddingsAndColours, find_novelty, fit_novelty

SIDE, PHOTOS_OF_PLANTS = 32, 150
NOTHING = pd.DataFrame(index=range(PHOTOS_OF_PLANTS))

Images = npt.NDArray[np.uint8]


def plants(first: int, count: int) -> Images:
    """Return soft green pictures of about the same brightness, no two of them the same."""
    return np.stack([_plant(np.random.default_rng(seed)) for seed in range(first, first + count)])


def _plant(rng: np.random.Generator) -> Images:
    spots = Image.fromarray(rng.integers(-50, 50, (5, 5)).astype(np.float32))
    soft = np.asarray(spots.resize((SIDE, SIDE), Image.Resampling.BICUBIC))
    return np.clip(soft[..., None] + (60, 120, 50), 0, 255).astype(np.uint8)


def face() -> Image.Image:
    drawn = Image.new("RGB", (SIDE, SIDE), (120, 160, 200))
    pen = ImageDraw.Draw(drawn)
    pen.ellipse((5, 2, 27, 30), fill=(230, 190, 160))
    for x in (11, 21):
        pen.ellipse((x - 2, 11, x + 2, 15), fill="black")
    pen.arc((10, 16, 22, 26), 20, 160, fill=(160, 30, 30))
    return drawn


STRANGERS = {
    "noise": Image.fromarray(np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)),
    "face": face(),
    **{name: Image.new("RGB", (SIDE, SIDE), name) for name in ("black", "white", "grey", "green")},
}


def tensor(images: Images) -> torch.Tensor:
    return torch.from_numpy(images).permute(0, 3, 1, 2)


@torch.inference_mode()
def see(model: Model, images: Images) -> EmbeddingsAndColours:
    return model.embed(tensor(images)), colours_of(tensor(images))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A model that knows pictures of plants, as torch has it and as ONNX."""
    folder = tmp_path_factory.mktemp("models")
    torch.manual_seed(0)
    model = make_model("resnet18", 1, SIDE).eval()
    val = see(model, plants(1000, 50))
    model.novelty = fit_novelty(see(model, plants(0, PHOTOS_OF_PLANTS)), val, np.arange(50))
    meta = builders.model_meta(backbone="resnet18", novelty_photos=PHOTOS_OF_PLANTS)
    save_model(folder / "model.pt", model, meta)
    (folder / "model.onnx").write_bytes(to_onnx(*load_model(folder / "model.pt")))
    return [folder / "model.pt", folder / "model.onnx"]


@pytest.mark.parametrize("kind", [0, 1], ids=["torch", "onnx"])
def test_what_no_training_photo_looks_like_is_unlike_and_new_plants_are_not(files: list[Path], kind: int) -> None:
    strangers = load_predictor(files[kind]).predict(np.stack([*map(np.asarray, STRANGERS.values())]), NOTHING[:6])
    assert strangers["unlike"].all(), dict(zip(STRANGERS, strangers["distance"], strict=True))
    assert load_predictor(files[kind]).predict(plants(2000, PHOTOS_OF_PLANTS), NOTHING)["unlike"].mean() <= 0.02


def test_the_onnx_file_tells_the_same_distances(files: list[Path]) -> None:
    images = np.concatenate([plants(2000, 9), *(np.asarray(one)[None] for one in STRANGERS.values())])
    found, wanted = (load_predictor(path).outputs(images, NOTHING[:15])[1] for path in files[::-1])
    assert found is not None
    assert wanted is not None
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_a_picture_has_its_distance_in_any_company(files: list[Path]) -> None:
    loaded, images = load_predictor(files[0]), plants(2000, 9)
    together = loaded.predict(images, NOTHING[:9])
    turned = loaded.predict(images[::-1], NOTHING[:9])
    alone = loaded.predict(images[:1], NOTHING[:1])
    np.testing.assert_allclose(turned["distance"][::-1], together["distance"], atol=0.001)
    assert alone["distance"][0] == pytest.approx(together["distance"][0], abs=0.001)


def test_a_training_photo_is_no_distance_away(files: list[Path]) -> None:
    assert load_predictor(files[0]).predict(plants(0, 5), NOTHING[:5])["distance"].max() < 0.02


def test_the_columns_come_last_and_are_empty_without_a_prediction(files: list[Path], tmp_path: Path) -> None:
    Image.fromarray(plants(2001, 1)[0]).save(tmp_path / "a plant.png")
    (tmp_path / "broken.png").write_text("only words")
    STRANGERS["noise"].save(tmp_path / "noise.png")
    inputs = find_inputs([str(tmp_path)]).photos
    (table,) = predict_files(load_predictor(files[1]), inputs, NOTHING[:3])
    assert list(table.columns) == ["image", "prediction", "distance", "unlike", "error"]
    assert table["unlike"].tolist() == [False, pd.NA, True]
    assert table["distance"].isna().tolist() == [False, True, False]
    (bad,) = predict_files(load_predictor(files[1]), inputs[1:2], NOTHING[:1])
    assert bad.dtypes.equals(table.dtypes)


def seen(directions: list[list[float]], light: float = 0.5) -> EmbeddingsAndColours:
    embedding = torch.tensor(directions, dtype=torch.float32)
    return embedding, torch.full((len(embedding), 6), light)


def test_the_limit_is_the_farthest_of_val_and_a_margin() -> None:
    angle = np.deg2rad(10)
    novelty = fit_novelty(seen([[1, 0], [0, 3]]), seen([[2, 0], [np.cos(angle), np.sin(angle)]]), ["a", "b"])
    assert novelty is not None
    assert novelty.limits[0] == pytest.approx(MARGIN * 2 * np.sin(angle / 2), rel=1e-5)
    both = novelty.distances(*seen([[0, 9], [-1, 0]]))[:, 0]
    torch.testing.assert_close(both, torch.tensor([0.0, np.sqrt(2)]), check_dtype=False)


def test_colours_count_where_the_embedding_sees_no_difference() -> None:
    colours = torch.rand(20, 6, generator=torch.Generator().manual_seed(0)) / 10
    same = torch.ones(20, 4)
    novelty = fit_novelty((same, colours), (same[:5], colours[:5] + 0.01), range(5))
    assert novelty is not None
    bright, like = torch.full((1, 3, 8, 8), 255, dtype=torch.uint8), torch.full((1, 3, 8, 8), 12, dtype=torch.uint8)
    assert novelty(bright, same[:1]) > 1
    assert novelty(bright, same[:1]) > novelty(like, same[:1])


def test_colours_are_the_mean_and_the_spread() -> None:
    image = torch.zeros(1, 3, 2, 2, dtype=torch.uint8)
    image[0, 0, 0] = 255
    image[0, 2] = 51
    torch.testing.assert_close(colours_of(image), torch.tensor([[0.5, 0, 0.2, 0.5, 0, 0]]))


def test_of_a_model_that_diverged_nothing_is_known() -> None:
    assert fit_novelty(seen([[np.nan, 1]]), seen([[1, 1]]), ["a"]) is None


def test_training_photos_all_the_same_leave_a_limit_above_zero() -> None:
    novelty = fit_novelty(seen([[1, 1], [1, 1]]), seen([[1, 1]]), ["a"])
    assert novelty is not None
    distance = novelty(torch.full((1, 3, 8, 8), 200, dtype=torch.uint8), torch.tensor([[1.0, -1.0]]))
    assert distance.isfinite().all()
    assert distance > 1


def test_at_most_so_many_photos_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(novelty_limits, "PHOTOS", 5)
    splits = ["train"] * 10 + ["val"] * 3
    samples = pd.DataFrame({"split": splits, "group": range(13)})
    with builders.tiny_backbone() as backbone:
        model = make_model(backbone, 1, SIDE).eval()
    novelty = find_novelty(model, 2, Store(plants(0, 13), samples, builders.dataset_meta()))
    assert novelty is not None
    assert novelty.embeddings.shape == (5, 8)
    # The first and the last of train are among them, so they are no distance away.
    distances = novelty(tensor(plants(0, 10)), see(model, plants(0, 10))[0])
    assert distances[[0, 9]].max() < 1e-3 < distances[1:9].max()


def test_a_model_of_features_alone_knows_no_distance() -> None:
    samples = pd.DataFrame({"split": ["train", "val"], "group": [0, 1]})
    store = Store(plants(0, 2), samples, builders.dataset_meta())
    assert find_novelty(make_model("none", 1, SIDE, features_width=1), 2, store) is None


def test_a_model_that_knows_no_photos_still_predicts(tmp_path: Path) -> None:
    with builders.tiny_backbone() as backbone:
        save_model(tmp_path / "model.pt", make_model(backbone, 1, SIDE), builders.model_meta(backbone=backbone))
        assert list(load_predictor(tmp_path / "model.pt").predict(plants(0, 2), NOTHING[:2])) == ["prediction"]


def test_a_picture_that_is_no_number_to_the_model_is_unlike() -> None:
    novelty = Novelty(2, 3)
    assert not novelty(torch.zeros(1, 3, 4, 4, dtype=torch.uint8), torch.full((1, 3), np.nan)) <= 1
