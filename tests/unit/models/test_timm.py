"""Backbones of timm, through the same door as those of torchvision."""

import sys
from pathlib import Path

import builders
import pytest
import torch

from specimen.common.errors import SpecimenError
from specimen.data.dataset.features import CategoryFeature
from specimen.models.model import load_model, make_model, save_model
from specimen.models.task import Classification

timm = pytest.importorskip("timm", reason="needs the extra timm")

SMALL = "timm/mobilenetv3_small_050"


def fault(*arguments: object) -> str:
    with pytest.raises(SpecimenError) as caught:
        make_model(*arguments)
    return str(caught.value)


@pytest.mark.parametrize("backbone", [SMALL, "timm/vit_tiny_patch16_224", "timm/deit_tiny_distilled_patch16_224"])
def test_a_backbone_gives_logits_and_learns(backbone: str) -> None:
    model = make_model(backbone, 3, 32)
    model(torch.zeros(2, 3, 32, 32, dtype=torch.uint8)).sum().backward()
    assert all(parameter.grad is not None for parameter in model.head.parameters())
    assert any(parameter.grad is not None for parameter in model.backbone.parameters())


def test_pictures_are_scaled_as_the_model_of_timm_wants_them() -> None:
    grey = torch.full((1, 3, 32, 32), 255, dtype=torch.uint8)
    scaled = make_model("timm/vit_tiny_patch16_224", 2, 32).normalize(grey)  # mean and std are 0.5
    torch.testing.assert_close(scaled, torch.ones_like(scaled))


def test_a_saved_model_predicts_the_same(tmp_path: Path) -> None:
    model = make_model(SMALL, 2, 32, features_width=1).eval()
    soil = {"soil": CategoryFeature(categories=("clay",))}
    dataset = builders.dataset_meta(task="classification", class_names=("a", "b"), features=soil)
    meta = builders.model_meta(Classification(("a", "b"), 0.0), dataset=dataset, backbone=SMALL)
    save_model(tmp_path / "model.pt", model, meta)
    images, features = torch.randint(0, 256, (2, 3, 32, 32), dtype=torch.uint8), torch.ones(2, 1)
    torch.testing.assert_close(load_model(tmp_path / "model.pt")[0](images, features), model(images, features))


def test_weights_come_from_a_file_of_timm(tmp_path: Path) -> None:
    start = timm.create_model("mobilenetv3_small_050", num_classes=7)
    torch.save(start.state_dict(), tmp_path / "start.pth")
    model = make_model(SMALL, 3, 32, str(tmp_path / "start.pth"))
    for key, value in model.backbone.state_dict().items():
        torch.testing.assert_close(value, start.state_dict()[key])


def test_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    torch.save(timm.create_model("resnet10t").state_dict(), tmp_path / "start.pth")
    assert "do not fit: missing " in fault(SMALL, 3, 32, str(tmp_path / "start.pth"))


def test_of_an_unknown_model_or_tag_the_nearest_is_named() -> None:
    assert "timm has no 'resnet_18'. Did you mean 'resnet18'?" in fault("timm/resnet_18", 2, 32)
    assert "timm/resnet18 has no 'a1_in1'. Did you mean 'a1_in1k'?" in fault("timm/resnet18", 2, 32, "a1_in1")


def test_a_failed_download_says_the_ways_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a network: the library is set to use none."""
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    message = fault("timm/resnet18", 2, 32, "gluon_in1k")
    assert "'gluon_in1k' of timm/resnet18 could not be downloaded" in message
    assert "Set train.weights to a state dict file, or to none" in message


def test_without_the_extra_the_message_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)  # as if it were not installed
    message = fault(SMALL, 2, 32)
    assert message.startswith(f"train.backbone: {SMALL} needs the extra 'timm'")
    assert "pip install '.[timm]'" in message


def test_a_model_that_needs_the_extra_says_so_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_model(tmp_path / "model.pt", make_model(SMALL, 1, 32), builders.model_meta(backbone=SMALL))
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(SpecimenError) as caught:
        load_model(tmp_path / "model.pt")
    assert str(caught.value).startswith(f"{tmp_path / 'model.pt'}: its backbone cannot be made here. ")
    assert "needs the extra 'timm'" in str(caught.value)
