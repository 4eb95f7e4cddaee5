"""The alert rules: of metrics that the server has, and each fires on what it is for and not on an ordinary day."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from specimen.serving.monitoring import ServerMetrics

ROOT = Path(__file__).parents[2]
ALERTS = ROOT / "docker/alerts.yml"
RULES = {rule["alert"]: rule for rule in yaml.safe_load(ALERTS.read_text())["groups"][0]["rules"]}
PROMTOOL = shutil.which("promtool")

needs_promtool = pytest.mark.skipif(
    PROMTOOL is None and os.environ.get("REQUIRE_PROMTOOL") != "1",
    reason="no promtool on this machine (Debian: apt-get install --no-install-recommends prometheus)",
)

ORDINARY = {
    'up{job="specimen"}': "1x130",
    'specimen_requests_total{status="200"}': "0+10x130",
    'specimen_requests_total{status="429"}': "0+0.2x130",
    'specimen_requests_total{status="500"}': "0x130",
    'specimen_request_seconds_bucket{path="/predict", le="0.5"}': "0+10x130",
    'specimen_request_seconds_bucket{path="/predict", le="10"}': "0+10x130",
    'specimen_request_seconds_bucket{path="/predict", le="+Inf"}': "0+10x130",
    'process_resident_memory_bytes{job="specimen"}': "4e8x130",
    'specimen_images_total{outcome="predicted"}': "0+10x130",
    'specimen_images_total{outcome="damaged"}': "0+1x130",
    "specimen_unlike_images_total": "0+1x130",
    "specimen_model_problem": "0x130",
    "specimen_statistics_lost_total": "0x130",
}
"""Series of a server by metric; a value each minute for two hours."""
TROUBLE: dict[str, dict[str, str]] = {
    "ServerDown": {'up{job="specimen"}': "0x130"},
    "ServerFails": {'specimen_requests_total{status="500"}': "0x113 1x20"},
    "ServerBusy": {'specimen_requests_total{status="429"}': "0+2x130"},
    "ServerSlow": {'specimen_request_seconds_bucket{path="/predict", le="0.5"}': "0x130"},
    "MemoryHigh": {'process_resident_memory_bytes{job="specimen"}': "1.95e9x130"},
    "PhotosUnusable": {'specimen_images_total{outcome="damaged"}': "0+20x130"},
    "PhotosUnlike": {"specimen_unlike_images_total": "0+3x130"},
    "ModelNotInUse": {"specimen_model_problem": "0x100 1x30"},
    "StatisticsLost": {"specimen_statistics_lost_total": "0x90 4x40"},
}
QUIET: dict[str, dict[str, str]] = {
    "nothing": {},
    "three odd photos": {
        'specimen_images_total{outcome="predicted"}': "0x110 1x20",
        'specimen_images_total{outcome="damaged"}': "0x110 3x20",
        "specimen_unlike_images_total": "0x110 1x20",
    },
    "a restart": {'up{job="specimen"}': "1x118 0 1x20"},
}


def test_each_rule_has_a_case() -> None:
    assert set(TROUBLE) == set(RULES)


def test_rules_ask_for_metrics_that_the_server_has() -> None:
    metrics = ServerMetrics()
    metrics.requests.labels("GET", "/", 200).inc()
    metrics.seconds.labels("/").observe(1)
    metrics.images.labels("predicted").inc()
    known = set(re.findall(r"^(\w+)[{ ]", metrics.text().decode(), re.MULTILINE)) | {"up"}
    assert "process_resident_memory_bytes" in known
    for name, rule in RULES.items():
        asked = set(re.findall(r"\b(?:specimen|process)_\w+|\bup\b", rule["expr"]))
        assert asked, name
        assert asked <= known, name
    assert {metric for series in ORDINARY for metric in re.findall(r"^\w+", series)} <= known


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_says_what_is_wrong_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert set(rule["annotations"]) == {"summary", "action"}


@needs_promtool
def test_prometheus_accepts_the_configuration_with_the_rules() -> None:
    promtool("check", "config", str(ROOT / "docker/prometheus.yml"))


@needs_promtool
def test_a_rule_fires_on_what_it_is_for_alone(tmp_path: Path) -> None:
    cases = [case(name, trouble, {name}) for name, trouble in TROUBLE.items()]
    cases += [case(name, series, set()) for name, series in QUIET.items()]
    (tmp_path / "alerts.yml").write_bytes(ALERTS.read_bytes())
    file = tmp_path / "test.yml"
    file.write_text(yaml.safe_dump({"rule_files": ["alerts.yml"], "evaluation_interval": "1m", "tests": cases}))
    promtool("test", "rules", str(file))


def case(name: str, series: dict[str, str], firing: set[str]) -> dict[str, Any]:
    """Return a test for promtool: of all rules, these fire after two hours with other series than the ordinary ones."""
    assert series.keys() <= ORDINARY.keys()
    values = ORDINARY | series
    labelled = [
        (key if "{" in key else f"{key}{{}}").replace("{", '{instance="a", ').replace(", }", "}") for key in values
    ]
    return {
        "name": name,
        "interval": "1m",
        "input_series": [{"series": key, "values": one} for key, one in zip(labelled, values.values(), strict=True)],
        "alert_rule_test": [
            {"eval_time": "2h", "alertname": alert, "exp_alerts": [expected(alert)] if alert in firing else []}
            for alert in RULES
        ],
    }


def expected(alert: str) -> dict[str, Any]:
    """Return what promtool compares an alert with: the labels of the series, and the text with its values."""
    rule = RULES[alert]
    labels = {"instance": "a", **rule["labels"]}
    if 'job="specimen"' in rule["expr"]:
        labels["job"] = "specimen"
    summary = rule["annotations"]["summary"].replace("{{ $labels.instance }}", "a")
    summary = summary.replace("{{ $value | humanize }}", "1.95G")
    return {"exp_labels": labels, "exp_annotations": {"summary": summary, "action": rule["annotations"]["action"]}}


def promtool(*arguments: str) -> None:
    assert PROMTOOL, "promtool is missing: apt-get install --no-install-recommends prometheus"
    done = subprocess.run([PROMTOOL, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
