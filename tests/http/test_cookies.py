"""Cookies of pages: whoever calls with one must come from one of our pages; bearer tokens are as they were."""

from __future__ import annotations

from dataclasses import replace
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any

import pytest

from inspection_api.app import create_app
from inspection_api.http.cookies import is_from_our_page
from tests.factories import PASSWORD

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from inspection_api.core.settings import Settings
    from inspection_api.http.runtime import Runtime
    from tests.factories import World

API = "/api/v1"
OURS = {"X-Xunji-Page": "1", "Origin": "http://localhost"}


def log_in(client: FlaskClient, username: str = "officer", password: str = PASSWORD, **more: Any) -> Any:
    body = {"bank": "demo", "username": username, "password": password}
    return client.post(f"{API}/sessions/page", json=body, headers=OURS, **more)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"site": "same-origin", "origin": "http://elsewhere"}, True),
        ({"site": "same-origin", "is_marked": False}, False),
        ({"site": "same-site", "origin": "https://bank.example"}, False),
        ({"site": "cross-site", "origin": "https://bank.example"}, False),
        ({"site": "none"}, False),
        ({"origin": "https://bank.example"}, True),
        ({"origin": "https://bank.example", "is_marked": False}, False),
        ({"origin": "https://bank.example.evil.example"}, False),
        ({"origin": "https://evil.example/bank.example"}, False),
        ({"origin": "null"}, False),
        ({}, False),
        ({"is_safe": True, "is_marked": False}, True),
        ({"is_safe": True, "is_marked": False, "site": "none"}, True),
        ({"is_safe": True, "is_marked": False, "site": "same-origin"}, True),
        ({"is_safe": True, "site": "same-site"}, False),
        ({"is_safe": True, "site": "cross-site"}, False),
    ],
)
def test_a_request_comes_from_our_page_if_the_browser_says_so_and_it_is_marked(
    *, request_: dict[str, Any], expected: bool
) -> None:
    plain: dict[str, Any] = {"is_safe": False, "is_marked": True, "site": None, "origin": None}
    assert is_from_our_page(**(plain | request_), hosts={"bank.example"}) is expected


def test_a_page_logs_in_with_a_cookie_that_no_script_reads(client: FlaskClient, world: World) -> None:
    answer = log_in(client)
    assert answer.status_code == 201
    assert set(answer.json) == {"expires_at", "user"}
    cookie = SimpleCookie(answer.headers["Set-Cookie"])["xunji"]
    assert (cookie["path"], cookie["samesite"], cookie["max-age"]) == ("/", "Strict", "43200")
    assert cookie["httponly"]
    assert not cookie["secure"]
    assert client.get(f"{API}/me").json["user"]["username"] == "officer"


def test_over_tls_the_cookie_is_secure_and_bound_to_this_host(client: FlaskClient, world: World) -> None:
    body = {"bank": "demo", "username": "officer", "password": PASSWORD}
    headers = {"X-Xunji-Page": "1", "Origin": "https://localhost"}
    answer = client.post(f"{API}/sessions/page", json=body, headers=headers, base_url="https://localhost")
    cookie = SimpleCookie(answer.headers["Set-Cookie"])["__Host-xunji"]
    assert cookie["secure"]
    assert not cookie["domain"]
    token = cookie.value
    assert client.get(f"{API}/me", base_url="https://localhost").status_code == 200
    client.delete_cookie("__Host-xunji")
    client.set_cookie("xunji", token)
    assert client.get(f"{API}/me", base_url="https://localhost").status_code == 401


def test_behind_a_proxy_that_ends_tls_the_cookie_is_secure(settings: Settings, runtime: Runtime, world: World) -> None:
    told = replace(settings, public_url="https://xunji.bank.example")
    client = create_app(told, parts=replace(runtime, settings=told)).test_client()
    body = {"bank": "demo", "username": "officer", "password": PASSWORD}
    headers = {"X-Xunji-Page": "1", "Origin": "https://xunji.bank.example"}
    answer = client.post(f"{API}/sessions/page", json=body, headers=headers)
    assert answer.status_code == 201
    assert SimpleCookie(answer.headers["Set-Cookie"])["__Host-xunji"]["secure"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Xunji-Page": "1"},
        {"Origin": "http://localhost"},
        {"X-Xunji-Page": "1", "Origin": "http://evil.example"},
        {"X-Xunji-Page": "1", "Origin": "http://localhost", "Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"), [("DELETE", "/sessions"), ("POST", "/sync/push"), ("POST", "/sessions/page")]
)
def test_nothing_is_changed_by_a_cookie_that_another_site_sends(
    client: FlaskClient, world: World, headers: dict[str, str], method: str, path: str
) -> None:
    log_in(client)
    body = {"bank": "demo", "username": "officer", "password": PASSWORD}
    refused = client.open(API + path, method=method, json=body, headers=headers)
    assert (refused.status_code, refused.json["code"]) == (403, "cross_site_request")
    assert client.get(f"{API}/me").status_code == 200


def test_no_other_site_reads_with_a_cookie(client: FlaskClient, world: World) -> None:
    log_in(client)
    for site, status in (("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)):
        assert client.get(f"{API}/me", headers={"Sec-Fetch-Site": site}).status_code == status


def test_a_bearer_token_needs_no_page_and_wins_over_a_cookie(client: FlaskClient, world: World) -> None:
    log_in(client)
    bearer = world.headers("manager")
    from_elsewhere = {**bearer, "Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert client.get(f"{API}/me", headers=from_elsewhere).json["user"]["username"] == "manager"
    assert client.delete(f"{API}/sessions/current", headers=from_elsewhere).status_code == 204
    assert client.get(f"{API}/me", headers=bearer).status_code == 401
    for wrong in ("Bearer xj.00000000.none", "Basic b2ZmaWNlcjp4", ""):
        assert client.get(f"{API}/me", headers={"Authorization": wrong}).status_code == 401
    assert client.get(f"{API}/me").json["user"]["username"] == "officer"


@pytest.mark.parametrize("value", ["", "xj", "xj.00000000." + "x" * 43, "xj.zz.\x7f", "号"])
def test_a_cookie_that_is_no_token_is_nobody(client: FlaskClient, world: World, value: str) -> None:
    answer = client.get(f"{API}/me", headers={"Cookie": f"xunji={value}".encode().decode("latin-1")})
    assert (answer.status_code, answer.json["code"]) == (401, "unauthenticated")


def test_a_wrong_password_sets_no_cookie(client: FlaskClient, world: World) -> None:
    answer = log_in(client, password="wrong-password")
    assert (answer.status_code, answer.json["code"]) == (401, "login_refused")
    assert "Set-Cookie" not in answer.headers
