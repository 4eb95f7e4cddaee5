"""Who may ask is known from the head of a request."""

import socket
from collections.abc import Sequence

import pytest

from specimen.common.errors import SpecimenError
from specimen.serving import welcome
from specimen.serving.access import Access, check_key
from specimen.serving.request_errors import RequestError


def status(access: Access, method: str = "POST", path: str = "/predict", **headers: str) -> int:
    """Return with which status a request with these headers is refused, 200 if it is not."""
    raw = [
        (name.replace("_", "-").encode(), value.encode()) for name, value in {"host": "localhost", **headers}.items()
    ]
    try:
        access.check({"type": "http", "method": method, "path": path, "headers": raw})
    except RequestError as error:
        return error.status
    return 200


@pytest.mark.parametrize(
    ("host", "hosts", "expected"),
    [
        ("localhost:8000", [], 200),
        ("LOCALHOST", [], 200),
        ("127.0.0.1:8000", [], 200),
        ("192.168.1.7", [], 200),
        ("[::1]:8000", [], 200),
        ("[fe80::1%eth0]", [], 200),
        ("evil.example", [], 421),
        ("localhost.evil.example", [], 421),
        ("127.0.0.1.evil.example", [], 421),
        ("[::1", [], 421),
        ("", [], 421),
        ("lab.example", ["Lab.example"], 200),
        ("lab.example.:443", ["lab.example"], 200),
        ("evil.example", ["lab.example"], 421),
        ("evil.example", ["*"], 200),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_name_that_the_server_does_not_know_is_refused(
    method: str, host: str, hosts: Sequence[str], expected: int
) -> None:
    assert status(Access(hosts=hosts), method, host=host) == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, 200),
        ({"sec_fetch_site": "same-origin", "origin": "http://localhost"}, 200),
        ({"sec_fetch_site": "none"}, 200),
        ({"origin": "http://localhost:8000", "host": "localhost:8000"}, 200),
        ({"origin": "https://localhost"}, 200),  # behind a proxy with TLS
        ({"origin": "https://lab.example", "sec_fetch_site": "cross-site"}, 200),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "same-site"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "http://localhost:3000"}, 403),
        ({"origin": "null"}, 403),
    ],
)
def test_a_page_of_another_site_may_not_send_requests(headers: dict[str, str], expected: int) -> None:
    access = Access(origins=["https://lab.example"])
    assert status(access, **headers) == expected
    assert status(access, "GET", "/", **headers) == 200, "a link may lead here"


@pytest.mark.parametrize(
    ("sent", "expected"),
    [("Bearer secret", 200), ("bearer secret", 200), ("Bearer other", 401), ("Basic secret", 401), ("secret", 401),
     ("Bearer sécret", 401), ("", 401)],
)  # fmt: skip
def test_the_key_opens_what_is_locked(sent: str, expected: int) -> None:
    access = Access(key="secret")
    for path in ("/predict", "/model", "/openapi.json", "/nothing"):
        assert status(access, path=path, authorization=sent) == expected
    for path in ("/", "/health", "/page/page.js"):
        assert status(access, "GET", path) == 200


@pytest.mark.parametrize("key", ["a\nb", "secret\n", " secret", "schlüssel", "→", "a\tb", " "])
def test_a_key_that_clients_cannot_send_is_refused_at_the_start(key: str) -> None:
    with pytest.raises(SpecimenError, match=r"the API key .*`openssl rand -hex 16`"):
        check_key(key)


def test_a_key_that_clients_can_send_stays_as_it_is() -> None:
    assert check_key("correct horse: battery!") == "correct horse: battery!"


@pytest.mark.parametrize(
    ("host", "locked", "warns", "address"),
    [
        ("127.0.0.1", False, False, "http://127.0.0.1:"),
        ("0.0.0.0", False, True, "http://192.168.1.7:"),
        ("0.0.0.0", True, False, "http://192.168.1.7:"),
    ],
)
def test_a_server_for_the_network_says_its_address_there_and_warns_without_a_key(
    monkeypatch: pytest.MonkeyPatch, host: str, locked: bool, warns: bool, address: str
) -> None:
    monkeypatch.setattr(welcome, "network_address", lambda _: "192.168.1.7")
    with socket.create_server((host, 0)) as bound:
        text = welcome.welcome(bound, locked, "KEY")
    assert ("Warning: everyone in the network can use this server. A key in the variable KEY" in text) == warns
    assert address in text
    assert "0.0.0.0" not in text, "no browser opens that"
