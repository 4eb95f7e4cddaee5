"""What params.yaml may say, and the messages for what it may not."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from specimen.common.errors import SpecimenError
from specimen.config.base import Section
from specimen.config.data import RESERVED, RESERVED_PREFIX
from specimen.config.params import Params, load_params
from specimen.models import predictions

ROOT = Path(__file__).parents[3]
RECIPES = sorted((ROOT / "recipes").glob("*.yaml"))
DATA = "data: {root: data/raw, task: regression, table: labels.xlsx}\n"

Load = Callable[[str], Params]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load params from the text of a file."""

    def load_text(text: str) -> Params:
        path = tmp_path / "params.yaml"
        path.write_text(text, encoding="utf-8")
        return load_params(path)

    return load_text


def fault(load: Load, text: str) -> str:
    with pytest.raises(SpecimenError) as caught:
        load(text)
    return str(caught.value)


@pytest.mark.parametrize("path", [ROOT / "params.yaml", *RECIPES], ids=lambda path: path.name)
def test_what_is_shipped_is_valid_and_says_only_what_it_means(path: Path) -> None:
    params = load_params(path)
    for section, content in yaml.safe_load(path.read_text(encoding="utf-8")).items():
        assert set(content) <= getattr(params, section).model_fields_set


def test_there_is_a_recipe_of_each_task() -> None:
    assert {load_params(path).data.task for path in RECIPES} == {"regression", "classification"}


def test_data_is_all_that_must_be_given(load: Load) -> None:
    assert load(DATA).train.epochs == 20


@pytest.mark.parametrize("written", ["1e-3", "1e-03", "0.001", ".001", "'0.001'"])
def test_a_learning_rate_is_a_number_however_it_is_written(load: Load, written: str) -> None:
    lr = load(f"{DATA}train: {{lr: {written}}}").train.lr
    assert isinstance(lr, float)
    assert lr == 0.001


def test_params_never_change() -> None:
    params = load_params(ROOT / "params.yaml")
    with pytest.raises(ValidationError, match="frozen"):
        params.train.lr = 1.0  # type: ignore[misc]


@dataclasses.dataclass(frozen=True)
class Slip:
    """A slip of the pen and what must be said of it."""

    text: str
    key: str
    nearest: str


SLIPS = [
    Slip("trian: {lr: 1}", "trian", "train"),
    Slip("train: {epoch: 1}", "train.epoch", "epochs"),
    Slip("split: {vall: 0.1}", "split.vall", "val"),
    Slip("prepare: {image-size: 96}", "prepare.image-size", "image_size"),
    Slip("prepare: {rules: {missing_labels: fail}}", "prepare.rules.missing_labels", "missing_label"),
    Slip("prepare: {rules: {label_out_of_range: {minn: 0}}}", "prepare.rules.label_out_of_range.minn", "min"),
    Slip("prepare: {rules: {twin_labels: {tolerence: 1}}}", "prepare.rules.twin_labels.tolerence", "tolerance"),
    Slip("prepare: {rules: {missing_label: {acton: fail}}}", "prepare.rules.missing_label.acton", "action"),
    Slip("train: {augment: {color: 0.5}}", "train.augment.color", "colour"),
]


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: slip.key)
def test_an_unknown_key_names_file_key_and_the_nearest_right_one(load: Load, slip: Slip) -> None:
    message = fault(load, DATA + slip.text)
    file, line = message.split("\n")
    assert file.endswith("params.yaml:")
    assert line.startswith(f"  {slip.key}: unknown key. Did you mean '{slip.nearest}'? Accepted: ")


def test_the_keys_listed_are_those_of_the_same_section(load: Load) -> None:
    message = fault(load, f"{DATA}prepare: {{rules: {{small_image: {{xyz: 1}}}}}}")
    assert message.endswith("prepare.rules.small_image.xyz: unknown key. Accepted: action, min_side.")


def test_all_faults_are_reported_at_once(load: Load) -> None:
    message = fault(load, "data: {task: regression, table: x}\ntrain: {lr: 0, epochs: many}\nsplitt: {}\n")
    keys = [line.strip().split(":")[0] for line in message.splitlines()[1:]]
    assert keys == ["data.root", "train.epochs", "train.lr", "splitt"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("train: {epochs: many}", "train.epochs: Input should be a valid integer, .*, got 'many'"),
        ("export: {formats: [fp32, int4]}", "export.formats.1: Input should be 'fp32', 'fp16' or 'int8', got 'int4'"),
        ("export: {formats: [int8]}", "export: formats: the others are made from fp32 .*; add fp32"),
        ("export: {formats: [fp32, int8, int8]}", "export: formats: fp32, int8, int8 names one twice"),
        ("export: {metric_tolerance: -0.1}", "export.metric_tolerance: Input should be greater than or equal to 0"),
        ("train: {epochs: 0}", "train.epochs: Input should be greater than or equal to 1, got 0"),
        ("train: {lr: -1}", "train.lr: Input should be greater than 0, got -1"),
        ("train: {lr: .nan}", "train.lr: Input should be a finite number, got nan"),
        ("train: {warmup: 1}", "train.warmup: Input should be less than 1, got 1"),
        ("train: {label_smoothing: .nan}", "train.label_smoothing: .* got nan"),
        ("train: {loss: rmse}", "train.loss: Input should be 'mse', 'mae' or 'huber', got 'rmse'"),
        ("train: {augment: {flip: 1.5}}", "train.augment.flip: Input should be less than or equal to 1, got 1.5"),
        ("split: {seed: -1}", "split.seed: Input should be greater than or equal to 0, got -1"),
        ("split: {val: 0.6, test: 0.5}", r"split: val \+ test = 1.1 leaves nothing for train"),
        ("split: {folds: 3, fold: 3}", "split: fold is 3, but folds: 3 are numbered 0 to 2"),
        ("prepare: {image_size: 8}", "prepare.image_size: Input should be greater than or equal to 16, got 8"),
        ("prepare: {rules: {label_out_of_range: {min: .nan}}}", "label_out_of_range.min: .* finite number, got nan"),
        ("prepare: {rules: {label_out_of_range: {min: 9, max: 1}}}", "label_out_of_range: min = 9 is above max = 1"),
        ("prepare: {rules: {missing_label: fial}}", "missing_label.action: .*'reject' or 'fail', got 'fial'"),
        ("prepare:", "prepare: Input should be keys and values; to keep the defaults, leave the section out"),
        ("train: {augment: [flip]}", r"train.augment: Input should be keys and values; .*, got \['flip'\]"),
        ("5: 6", "5: Keys should be text"),
    ],
)
def test_a_wrong_value_is_reported_with_its_key_and_what_is_accepted(load: Load, text: str, expected: str) -> None:
    with pytest.raises(SpecimenError, match=expected):
        load(DATA + text)


def test_a_category_must_be_a_feature(load: Load) -> None:
    message = fault(load, "data: {root: x, task: regression, table: x, features: [bed], categories: [beds]}")
    assert message.endswith("data: categories: 'beds' is not in features: bed.")


def test_a_text_for_a_list_of_columns_is_refused_in_plain_words(load: Load) -> None:
    message = fault(load, "data: {root: x, task: regression, table: x, group: plant}")
    assert message.endswith("data.group: Input should be a list, such as [a, b], got 'plant'.")


@pytest.mark.parametrize("text", ["a: [", "\t- a", "a: b: c", "\0"])
def test_what_is_not_yaml_is_one_message(load: Load, text: str) -> None:
    assert "params.yaml is not valid YAML: " in fault(load, text)


def test_another_encoding_is_one_message(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_bytes("data: {root: Äpfel}".encode("utf-16"))
    with pytest.raises(SpecimenError, match="is not valid YAML"):
        load_params(path)


@pytest.mark.parametrize("text", ["", "- data", "data", "5"])
def test_the_message_for_what_is_not_a_mapping_lists_the_sections(load: Load, text: str) -> None:
    assert "expected sections sample, data, prepare, split, train, evaluate, export, report, found " in fault(
        load, text
    )


def test_a_missing_file_is_reported_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(SpecimenError, match=r"params.yaml not found; run from the root of the repository"):
        load_params(tmp_path / "params.yaml")


def test_a_rule_has_a_short_form(load: Load) -> None:
    rules = load(f"{DATA}prepare: {{rules: {{missing_label: fail, twin_labels: warn}}}}").prepare.rules
    assert rules.missing_label.action == "fail"
    assert (rules.twin_labels.action, rules.twin_labels.tolerance) == ("warn", 0.0)


def test_off_is_off_although_yaml_reads_it_as_false(load: Load) -> None:
    assert yaml.safe_load("off") is False
    assert load(f"{DATA}prepare: {{rules: {{near_duplicate: off}}}}").prepare.rules.near_duplicate.action == "off"


@pytest.mark.parametrize("action", ["off", "warn"])
def test_rows_that_cannot_be_trained_on_cannot_be_kept(load: Load, action: str) -> None:
    message = fault(load, f"{DATA}prepare: {{rules: {{unreadable_image: {action}}}}}")
    assert f"prepare.rules.unreadable_image.action: Input should be 'reject' or 'fail', got '{action}'" in message


def test_a_number_may_be_the_name_of_a_column(load: Load) -> None:
    data = load("data: {root: x, task: regression, table: x, group: [1, 2], target: 2024}").data
    assert data.group == ("1", "2")
    assert data.target == "2024"


LEAKING = "data: {root: x, task: regression, table: x, target: weight, leaks: [area], features: [%s], allow_leaks: %s}"


@pytest.mark.parametrize("feature", ["area", "weight"])
def test_a_feature_that_gives_the_target_away_is_refused(load: Load, feature: str) -> None:
    message = fault(load, LEAKING % (f"age, {feature}", "false"))
    assert f"features: {feature} gives the target away" in message
    assert "set data.allow_leaks: true" in message


def test_a_leak_may_be_allowed(load: Load) -> None:
    assert load(LEAKING % ("age, area", "true")).data.features == ("age", "area")


def test_a_leak_that_is_no_feature_is_fine(load: Load) -> None:
    assert load(LEAKING % ("age", "false")).data.leaks == ("area",)


@pytest.mark.parametrize("name", [*sorted(RESERVED), "p: rust", "p: "])
def test_a_feature_cannot_have_the_name_of_a_column_of_the_store_or_the_predictions(load: Load, name: str) -> None:
    message = fault(load, f"data: {{root: x, task: regression, table: x, target: weight, features: ['{name}']}}")
    assert f"the store and the predictions have columns {name} of their own; rename those of the sheet" in message


def test_every_column_that_a_prediction_or_a_plot_of_errors_adds_is_reserved() -> None:
    added = {predictions.PREDICTION, predictions.LOW, predictions.HIGH, predictions.CONFIDENCE, predictions.UNLIKE}
    added |= {predictions.PREDICTION_SET, predictions.DISTANCE, "error", "residual"}
    assert added <= RESERVED
    assert predictions.probability_column("rust").startswith(RESERVED_PREFIX)


@pytest.mark.parametrize("name", ["errors", "p", "P: x", "sp: x"])
def test_a_feature_may_have_a_name_that_only_looks_like_one_of_these(load: Load, name: str) -> None:
    data = load(f"data: {{root: x, task: regression, table: x, target: weight, features: ['{name}']}}").data
    assert data.features == (name,)


def test_class_folders_cannot_be_a_regression(load: Load) -> None:
    assert "one folder per class, so task must be classification" in fault(load, "data: {root: x, task: regression}")


@pytest.mark.parametrize("key", ["group: [a]", "features: [a]", "split_column: a"])
def test_class_folders_have_no_columns(load: Load, key: str) -> None:
    message = fault(load, f"data: {{root: x, task: classification, {key}}}")
    assert "name columns of a table, but table is null" in message


def sections(section: type[Section]) -> dict[str, type[Section]]:
    """Return a section and those within it, by the name of their class."""
    found: dict[str, type[Section]] = {section.__name__: section}
    for field in section.model_fields.values():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            found |= sections(field.annotation)
    return found


@pytest.mark.parametrize("section", sections(Params).values(), ids=lambda section: section.__name__)
def test_every_section_is_explained_frozen_and_closed(section: type[Section]) -> None:
    config: dict[str, Any] = dict(section.model_config)
    assert section.__doc__
    assert config["frozen"] is True
    assert config["extra"] == "forbid"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ema: 1", "train.ema: Input should be less than 1, got 1"),
        ("class_weights: even", "train.class_weights: Input should be 'none' or 'balanced', got 'even'"),
        ("compile: maybe", "train.compile: Input should be 'auto', 'on' or 'off', got 'maybe'"),
        ("patience: 0", "train.patience: Input should be greater than or equal to 1, got 0"),
        ("clip_norm: 0", "train.clip_norm: Input should be greater than 0, got 0"),
        ("backbone: none", "backbone: none learns from features alone, but features is empty"),
        ("fine_tune: head", "fine_tune: head is for a backbone that has learnt something; set weights"),
        ("batch_norm: frozen", "keeps the statistics of a backbone that has learnt something; set weights"),
        ("{fine_tune: head, weights: a.pt, augment: {mixup: 1}}", "embeddings, which mixup and cutmix cannot mix"),
        ("features: [age]", "train.features: 'age' is not in data.features, which the store keeps: none"),
        ("augment: {cutmix: 0.5}", "mixup and cutmix mix classes, so not with data.task: regression"),
    ],
)
def test_settings_of_a_training_that_contradict_each_other_are_reported(load: Load, text: str, message: str) -> None:
    section = text if text.startswith("{") else f"{{{text}}}"
    assert message in fault(load, f"{DATA}train: {section}")


@pytest.mark.parametrize(("written", "meant"), [("on", "on"), ("off", "off"), ('"off"', "off"), ("auto", "auto")])
def test_on_and_off_are_words_also_where_yaml_reads_a_bare_one_as_true_or_false(
    load: Load, written: str, meant: str
) -> None:
    assert load(f"{DATA}train: {{compile: {written}}}").train.compile == meant


def test_features_alone_are_something_to_learn_from(load: Load) -> None:
    params = load("data: {root: x, task: regression, table: y, features: [a]}\ntrain: {backbone: none, features: [a]}")
    assert params.train.features == ("a",)
