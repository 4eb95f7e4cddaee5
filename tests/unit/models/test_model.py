"""The model: any backbone with a head of our own, from any weights, in one file."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.error import URLError

import builders
import pytest
import torch
from torch import Tensor, nn
from torchvision.models import WeightsEnum, get_model, get_model_weights
from torchvision.transforms.functional import normalize

from specimen.common.errors import SpecimenError
from specimen.models.meta import WAY_OUT, missing_model
from specimen.models.model import Model, load_model, make_model, save_model
from specimen.models.normalize import Normalize
from specimen.models.task import Classification

BACKBONE = "mobilenet_v3_small"
META = builders.model_meta(Classification(("a", "Ä", "🌱"), 0.0), backbone=BACKBONE)
PLAIN_META = META.model_dump(mode="json")
FAMILIES = [
    "convnext_tiny",
    "densenet121",
    "efficientnet_b0",
    "googlenet",
    "mobilenet_v3_small",
    "regnet_y_400mf",
    "resnet18",
    "shufflenet_v2_x0_5",
    "swin_t",
    "vit_b_16",
]


def pictures(count: int = 2, size: int = 32) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, 3, size, size), dtype=torch.uint8, generator=generator)


@torch.inference_mode()
def output(model: nn.Module, images: Tensor) -> Tensor:
    result: Tensor = model.eval()(images)
    return result


def plain(backbone: str, classes: int = 1000) -> nn.Module:
    """Return a model of torchvision as it is, with random weights that tell each class apart."""
    torch.manual_seed(1)
    options = {"init_weights": False} if backbone == "googlenet" else {}
    return get_model(backbone, weights=None, num_classes=classes, **options)


def fault(call: Callable[[], object]) -> str:
    with pytest.raises(SpecimenError) as caught:
        call()
    return str(caught.value)


@pytest.mark.parametrize("backbone", FAMILIES)
def test_a_backbone_of_any_family_gets_a_head(backbone: str) -> None:
    model = make_model(backbone, 5, 32)
    assert output(model.backbone, torch.rand(2, 3, 32, 32)).shape == (2, model.head.in_features)
    nn.init.zeros_(model.head.weight)
    with torch.no_grad():
        model.head.bias.copy_(torch.arange(5))
    assert output(model, pictures()).tolist() == [[0, 1, 2, 3, 4]] * 2


def test_a_new_model_is_ready_to_be_trained() -> None:
    model = make_model(BACKBONE, 2, 32)
    assert model.training
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert model.backbone.features[0][0].weight.is_contiguous(memory_format=torch.channels_last)


def test_one_seed_makes_one_model() -> None:
    states = []
    for _ in range(2):
        torch.manual_seed(3)
        states.append(make_model(BACKBONE, 2, 32).state_dict())
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])


def test_trying_the_size_leaves_no_trace_in_the_statistics() -> None:
    norm = make_model(BACKBONE, 2, 32).backbone.features[0][1]
    assert norm.running_mean.abs().max() == 0
    assert norm.num_batches_tracked == 0


@pytest.mark.parametrize("backbone", ["mobilenet_v3_small", "mnasnet0_5"])
def test_norms_of_a_network_from_scratch_know_the_pictures_after_a_few_steps(backbone: str) -> None:
    """Else it predicts the same for every photo, whatever it has learnt."""
    learnt = make_model(backbone, 5, 32).backbone.train()
    norms = [module for module in learnt.modules() if isinstance(module, nn.BatchNorm2d)]
    seen: dict[nn.Module, Tensor] = {}
    for norm in norms:
        norm.register_forward_pre_hook(lambda norm, inputs: seen.update({norm: inputs[0]}))
    with torch.no_grad():
        for _ in range(40):
            learnt(pictures(count=8) / 255)
    for norm in norms:
        assert norm.running_mean is not None
        far = (norm.running_mean - seen[norm].mean((0, 2, 3))).abs().max()
        assert far < 0.1 * seen[norm].std()


def test_of_an_unknown_backbone_the_nearest_is_named() -> None:
    message = fault(lambda: make_model("resnet_18", 2, 32))
    assert message.startswith("train.backbone: no model 'resnet_18' here. Did you mean 'resnet18'? Models: alexnet, ")


@pytest.mark.parametrize("backbone", ["squeezenet1_0", "squeezenet1_1", "fcn_resnet50", "raft_large"])
def test_what_has_no_linear_head_or_no_classes_is_not_offered(backbone: str) -> None:
    message = fault(lambda: make_model(backbone, 2, 32))
    assert f"no model '{backbone}' here." in message
    assert backbone not in message.split("Models: ")[1]


@pytest.mark.parametrize("backbone", ["alexnet", "maxvit_t", "vit_h_14"])
def test_pictures_that_a_backbone_cannot_take_are_refused_with_the_way_out(backbone: str) -> None:
    message = fault(lambda: make_model(backbone, 2, 32))
    assert message.startswith(f"train.backbone: {backbone} takes no pictures of 32 px (")
    assert message.endswith("Set prepare.image_size to 224, which it is made for, or choose another backbone.")


def give(monkeypatch: pytest.MonkeyPatch, state: dict[str, Tensor] | Exception) -> None:
    """Let torchvision's weights be `state`, or their download fail, instead of fetching them."""

    def get_state_dict(self: WeightsEnum, *args: Any, **kwargs: Any) -> dict[str, Tensor]:
        if isinstance(state, Exception):
            raise state
        return state

    monkeypatch.setattr(WeightsEnum, "get_state_dict", get_state_dict)


@pytest.mark.parametrize("backbone", ["resnet18", "googlenet"])
def test_named_weights_compute_what_they_compute_in_torchvision(monkeypatch: pytest.MonkeyPatch, backbone: str) -> None:
    give(monkeypatch, plain(backbone).state_dict())
    known = get_model_weights(backbone)["IMAGENET1K_V1"]
    preset = known.transforms()
    reference = get_model(backbone, weights=known)
    *_, last = (module for module in reference.modules() if isinstance(module, nn.Linear))

    model = make_model(backbone, 1000, 64, "IMAGENET1K_V1")
    model.head.load_state_dict(last.state_dict())

    images = pictures(size=64)
    expected = output(reference, normalize(images / 255, preset.mean, preset.std))
    spread = (expected[0] - expected[1]).abs().mean().item()
    torch.testing.assert_close(output(model, images), expected, rtol=0, atol=spread / 100)


def test_named_weights_bring_their_own_scaling_of_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, plain(BACKBONE).state_dict())
    preset = SimpleNamespace(mean=[0.5] * 3, std=[0.5] * 3)
    monkeypatch.setattr(WeightsEnum, "transforms", property(lambda self: lambda: preset))
    model = make_model(BACKBONE, 2, 32, "DEFAULT")
    white = torch.full((1, 3, 32, 32), 255, dtype=torch.uint8)
    torch.testing.assert_close(model.normalize(white), torch.ones(1, 3, 32, 32))


def test_of_unknown_weights_the_message_lists_what_there_is() -> None:
    message = fault(lambda: make_model("resnet50", 2, 32, "IMAGENET1K"))
    assert message.startswith("train.weights: resnet50 has no 'IMAGENET1K'. Did you mean 'IMAGENET1K_V")
    assert message.endswith("Accepted: none, IMAGENET1K_V1, IMAGENET1K_V2, DEFAULT, a file .pt or .pth.")


@pytest.mark.parametrize("error", [URLError("no route to host"), RuntimeError("invalid hash value")])
def test_a_failed_download_is_reported_with_the_two_ways_out(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    give(monkeypatch, error)
    message = fault(lambda: make_model("resnet18", 2, 32, "DEFAULT"))
    assert str(error) in message
    assert "Fetch https://download.pytorch.org/models/resnet18-" in message
    assert "set train.weights to that file, or set train.weights: none to start from scratch." in message


@pytest.mark.parametrize("classes", [1000, 7])
def test_a_state_dict_of_any_number_of_classes_is_a_start(tmp_path: Path, classes: int) -> None:
    state = plain(BACKBONE, classes).state_dict()
    torch.save(state, tmp_path / "start.pth")
    model = make_model(BACKBONE, 3, 32, str(tmp_path / "start.pth"))
    loaded = model.backbone.state_dict()
    assert len(loaded) == len(state) - 2
    assert all(torch.equal(value, state[key]) for key, value in loaded.items())
    assert model.head.out_features == 3


def test_a_downloaded_file_with_second_heads_fits(tmp_path: Path) -> None:
    state = plain("googlenet").state_dict()
    assert any(key.startswith("aux1.") for key in state)
    torch.save(state, tmp_path / "googlenet.pth")
    loaded = make_model("googlenet", 3, 32, str(tmp_path / "googlenet.pth")).backbone.state_dict()
    assert torch.equal(loaded["conv1.conv.weight"], state["conv1.conv.weight"])


def test_a_state_dict_that_does_not_fit_is_refused_with_what_is_wrong(tmp_path: Path) -> None:
    state = plain(BACKBONE).state_dict()
    state["stranger"] = state.pop("features.0.0.weight")
    state["features.0.1.weight"] = torch.zeros(5)
    torch.save(state, tmp_path / "start.pt")
    message = fault(lambda: make_model(BACKBONE, 3, 32, str(tmp_path / "start.pt")))
    assert message.startswith(f"train.weights: '{tmp_path / 'start.pt'}' for {BACKBONE} at 32 px do not fit: ")
    assert "missing features.0.0.weight; unknown stranger; features.0.1.weight is (5,), not (16,)." in message


def test_of_many_faults_the_first_are_listed(tmp_path: Path) -> None:
    torch.save(plain("shufflenet_v2_x0_5").state_dict(), tmp_path / "start.pt")
    message = fault(lambda: make_model(BACKBONE, 3, 32, str(tmp_path / "start.pt")))
    assert re.search(r"\(and \d+ more\)\.$", message)
    assert message.count("missing") == 5


# Text, a pointer of Git LFS, a cut-off archive, a pickle of something else, and what made torch's readers stumble.
BROKEN = [
    b"",
    b"hello",
    b"abc,def\n",
    b"version https://git-lfs.github.com/spec/v1\n",
    b"PK\x03\x04 and no more",
    b"c\xff\xfe\n\n.",
    pickle.dumps({"a": {1, 2}}, protocol=4),
]


@pytest.mark.parametrize("content", BROKEN)
def test_a_broken_state_dict_is_one_message(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "start.pt"
    path.write_bytes(content)
    assert f"train.weights: {path} " in fault(lambda: make_model(BACKBONE, 2, 32, str(path)))


def test_a_state_dict_that_is_not_there_is_one_message(tmp_path: Path) -> None:
    path = tmp_path / "start.pt"
    assert f"train.weights: {path} does not exist." in fault(lambda: make_model(BACKBONE, 2, 32, str(path)))


@pytest.mark.parametrize("content", [torch.zeros(3), [torch.zeros(3)], {"weights": {"a": torch.zeros(3)}}])
def test_a_file_without_a_state_dict_is_one_message(tmp_path: Path, content: object) -> None:
    path = tmp_path / "start.pt"
    torch.save(content, path)
    assert f"{path} is not a state dict" in fault(lambda: make_model(BACKBONE, 2, 32, str(path)))


def write_start(path: Path, seed: int = 3, **changes: Any) -> Model:
    """Write a model of Specimen to start from, whose pictures are scaled otherwise than most."""
    torch.manual_seed(seed)
    model = make_model(BACKBONE, 1, 32)
    model.normalize = Normalize((0.5, 0.4, 0.3), (0.2, 0.25, 0.3))
    save_model(path, model, builders.model_meta(backbone=BACKBONE, **changes))
    return model


def test_a_model_of_specimen_is_weights_to_start_from(tmp_path: Path) -> None:
    start = write_start(tmp_path / "start.pt")
    model = make_model(BACKBONE, 2, 32, str(tmp_path / "start.pt"))
    torch.testing.assert_close(model.eval().embed(pictures()), start.eval().embed(pictures()))
    assert model.head.out_features == 2


def test_the_backbone_of_a_model_to_start_from_must_be_the_same(tmp_path: Path) -> None:
    write_start(tmp_path / "start.pt")
    message = fault(lambda: make_model("resnet18", 2, 32, str(tmp_path / "start.pt")))
    assert message == (
        f"train.weights: {tmp_path / 'start.pt'} is a model whose backbone is {BACKBONE}, not resnet18. Set "
        f"train.backbone: {BACKBONE}, or choose other weights."
    )


def test_weights_that_are_not_numbers_are_refused_with_their_file(tmp_path: Path) -> None:
    state = plain(BACKBONE, 2).state_dict()
    key = next(iter(state))
    state[key].view(-1)[0] = float("nan")
    torch.save(state, tmp_path / "start.pt")
    message = fault(lambda: make_model(BACKBONE, 2, 32, str(tmp_path / "start.pt")))
    assert f"'{tmp_path / 'start.pt'}'" in message
    assert message.endswith(f"are damaged: {key} holds values that are not finite numbers.")


def test_layers_that_want_the_version_of_their_weights_get_it(tmp_path: Path) -> None:
    torch.save(get_model("mnasnet0_5", weights=None).state_dict(), tmp_path / "start.pt")
    model = make_model("mnasnet0_5", 3, 32, str(tmp_path / "start.pt"))
    save_model(tmp_path / "model.pt", model, builders.model_meta(META.task, backbone="mnasnet0_5"))
    loaded, _ = load_model(tmp_path / "model.pt")
    torch.testing.assert_close(dict(loaded.state_dict()), dict(model.state_dict()))


@pytest.mark.parametrize("size", [512, 65536])
def test_a_block_of_zeros_in_a_model_is_noticed(tmp_path: Path, size: int) -> None:
    path = tmp_path / "model.pt"
    write_start(path)
    content = path.read_bytes()
    middle = len(content) // 2
    path.write_bytes(content[:middle] + bytes(size) + content[middle + size :])
    for load in (lambda: load_model(path), lambda: make_model(BACKBONE, 2, 32, str(path))):
        assert re.search(rf"{path}:? (is )?damaged: the checksum of \S+ in it does not match", fault(load))


def test_a_model_whose_weights_are_not_numbers_is_refused(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = make_model(BACKBONE, 3, 32)
    torch.nn.init.constant_(model.head.bias, float("inf"))
    save_model(tmp_path / "model.pt", model, builders.model_meta(META.task, backbone=BACKBONE))
    message = fault(lambda: load_model(tmp_path / "model.pt"))
    assert message.startswith(f"{tmp_path / 'model.pt'}: damaged: head.bias holds values that are not finite numbers.")


def test_of_a_model_that_is_not_there_the_message_says_how_to_get_it(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    message = f"{path}: no such model. `dvc pull` fetches it, `dvc repro` makes it."
    assert fault(lambda: load_model(path)) == message
    small = str(missing_model(Path("models/small/model.int8.onnx")))
    assert "`dvc repro` makes it if export.formats names it and it is good enough, see metrics/export.json" in small


def test_the_size_that_a_backbone_is_made_for_is_its_own() -> None:
    assert "Set prepare.image_size to 299, which it is made for" in fault(lambda: make_model("inception_v3", 2, 32))


def test_a_model_comes_back_as_it_was(tmp_path: Path) -> None:
    model = make_model(BACKBONE, 3, 32)
    save_model(tmp_path / "model.pt", model, META)
    loaded, meta = load_model(tmp_path / "model.pt")
    assert meta == META
    assert not loaded.training
    assert torch.equal(output(loaded, pictures()), output(model, pictures()))


def test_a_model_is_plain_values_and_tensors(tmp_path: Path) -> None:
    save_model(tmp_path / "model.pt", make_model(BACKBONE, 3, 32), META)
    content = torch.load(tmp_path / "model.pt", weights_only=True)
    assert set(content) == {"weights", "meta"}
    assert content["meta"] == PLAIN_META


def test_the_same_model_is_the_same_bytes_under_any_name(tmp_path: Path) -> None:
    model = make_model(BACKBONE, 3, 32)
    once = "".join(["weigh", "t"])
    twice = "".join(["weigh", "t"])  # equal, but another object
    for name, unit in (("a.pt", once), ("other.pt", twice)):
        save_model(tmp_path / name, model, builders.model_meta(dataset=builders.dataset_meta(target=once, unit=unit)))
    assert (tmp_path / "a.pt").read_bytes() == (tmp_path / "other.pt").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.pt", "other.pt"]


@pytest.mark.parametrize("content", BROKEN)
def test_a_file_that_is_no_model_is_one_message(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(content)
    message = fault(lambda: load_model(path))
    assert message.startswith(f"{path}: not a model of Specimen (")
    assert message.endswith("`dvc repro train` makes one.")
    assert "arbitrary code" not in message, "nobody should run what is in the file"


@pytest.mark.parametrize(
    "content",
    [
        torch.zeros(3),
        {"weight": torch.zeros(3)},
        {"weights": {}, "meta": PLAIN_META},
    ],
)
def test_a_file_of_somebody_else_is_one_message(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "model.pt")
    assert "not a model of Specimen (" in fault(lambda: load_model(tmp_path / "model.pt"))


@pytest.mark.parametrize("version", [None, 0, 1, 3, "2"])
def test_a_model_of_another_version_is_refused_with_the_way_out(tmp_path: Path, version: object) -> None:
    meta = PLAIN_META | {"schema_version": version}
    torch.save({"weights": {}, "meta": meta if version is not None else {"backbone": BACKBONE}}, tmp_path / "model.pt")
    shown = "none" if version is None else repr(version)
    assert fault(lambda: load_model(tmp_path / "model.pt")) == (
        f"{tmp_path / 'model.pt'}: made by another version of Specimen (schema_version {shown}, this one reads 2). "
        f"{WAY_OUT}"
    )


def test_of_damaged_facts_the_message_says_which(tmp_path: Path) -> None:
    torch.save({"weights": {}, "meta": PLAIN_META | {"backbone": 5}}, tmp_path / "model.pt")
    message = fault(lambda: load_model(tmp_path / "model.pt"))
    assert message == f"{tmp_path / 'model.pt'}: damaged (backbone: Input should be a valid string). {WAY_OUT}"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"used_features": ["age"]}, "damaged (: Value error, the data set has no feature age)"),
        ({"task": PLAIN_META["task"] | {"colour": "red"}}, "damaged (task.classification.colour: "),
        ({"colour": "red"}, "damaged (colour: Extra inputs are not permitted)"),
    ],
)
def test_facts_that_do_not_fit_are_damage(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    torch.save({"weights": {}, "meta": PLAIN_META | changes}, tmp_path / "model.pt")
    assert said in fault(lambda: load_model(tmp_path / "model.pt"))


def test_a_backbone_that_cannot_be_made_here_is_reported_with_the_file(tmp_path: Path) -> None:
    torch.save({"weights": {}, "meta": PLAIN_META | {"backbone": "resnet-18"}}, tmp_path / "model.pt")
    message = fault(lambda: load_model(tmp_path / "model.pt"))
    assert message.startswith(f"{tmp_path / 'model.pt'}: its backbone cannot be made here. ")
    assert "no model 'resnet-18' here. Did you mean 'resnet18'?" in message
