"""The files for clouds: the server takes their options, fits into their memory, and is asked for its health."""

from pathlib import Path
from typing import Any

import pytest
import yaml

import serve
from specimen.serving.limits import Limits

ROOT = Path(__file__).parents[2]


def read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((ROOT / "docker" / name).read_text())
    return content


RUN = read("cloudrun.yaml")["spec"]["template"]["spec"]
APPS = read("containerapp.yaml")["properties"]
COMPOSE = read("vm.compose.yaml")["services"]
ARGUMENTS = {
    "cloudrun": RUN["containers"][0]["args"],
    "containerapp": APPS["template"]["containers"][0]["args"],
    "compose": [word.replace("${SPECIMEN_NAME:?}", "plants.example.org") for word in COMPOSE["server"]["command"]],
}
GIB = {"2Gi": 2**31, "2g": 2**31}


@pytest.mark.parametrize("arguments", ARGUMENTS.values(), ids=ARGUMENTS)
def test_the_server_takes_the_options(arguments: list[str]) -> None:
    options = serve.parse_options(["--host", "0.0.0.0", *arguments])
    assert options.allow_host, "else it refuses the name that it has there"
    assert options.port == 8000


def test_the_memory_is_what_the_defaults_fit_in() -> None:
    wanted = Limits.memory_bytes + 360_000_000
    for memory in (
        RUN["containers"][0]["resources"]["limits"]["memory"],
        APPS["template"]["containers"][0]["resources"]["memory"],
        COMPOSE["server"]["mem_limit"],
    ):
        assert wanted <= GIB[memory]


def test_a_server_is_not_sent_more_requests_than_it_takes() -> None:
    [rule] = APPS["template"]["scale"]["rules"]
    assert RUN["containerConcurrency"] <= Limits.requests
    assert int(rule["http"]["metadata"]["concurrentRequests"]) <= Limits.requests


def test_requests_that_cloud_run_refuses_are_refused_with_a_reason() -> None:
    options = serve.parse_options(RUN["containers"][0]["args"])
    assert options.max_file <= options.max_request < 32
    assert RUN["timeoutSeconds"] > 2 * options.timeout


def test_each_asks_for_the_health_at_the_port_of_the_server() -> None:
    probes = [RUN["containers"][0]["startupProbe"], RUN["containers"][0]["livenessProbe"]]
    probes += APPS["template"]["containers"][0]["probes"]
    assert len(probes) == 4
    assert [probe["httpGet"] for probe in probes] == [{"path": "/health", "port": 8000}] * 4
    assert "127.0.0.1:8000/health" in COMPOSE["server"]["healthcheck"]["test"][-1]
    assert RUN["containers"][0]["ports"] == [{"containerPort": APPS["configuration"]["ingress"]["targetPort"]}]


def test_none_is_open_without_a_key_and_the_server_behind_the_proxy_has_no_port() -> None:
    by_name = {one["name"]: one for one in RUN["containers"][0]["env"]}
    assert by_name["SPECIMEN_API_KEY"]["valueFrom"]["secretKeyRef"]["name"] == "specimen-key"
    by_name = {one["name"]: one for one in APPS["template"]["containers"][0]["env"]}
    assert by_name["SPECIMEN_API_KEY"]["secretRef"] == APPS["configuration"]["secrets"][0]["name"]
    assert ":?" in COMPOSE["server"]["environment"]["SPECIMEN_API_KEY"]
    assert "ports" not in COMPOSE["server"]


def test_each_has_an_upper_limit_of_machines() -> None:
    annotations = read("cloudrun.yaml")["spec"]["template"]["metadata"]["annotations"]
    assert int(annotations["autoscaling.knative.dev/maxScale"]) <= 10
    assert APPS["template"]["scale"]["maxReplicas"] <= 10
