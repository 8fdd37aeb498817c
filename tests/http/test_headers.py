"""What every answer carries, and the two endpoints that stand outside the API."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from flask import request

from inspection_api.app import create_app, openapi
from inspection_api.core.banks import BankCatalogue

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from inspection_api.core.settings import Settings
    from inspection_api.http.runtime import Runtime
    from tests.factories import World


@pytest.mark.parametrize("path", ["/healthz", "/api/v1/me", "/nothing", "/api/v1/openapi.json"])
def test_every_answer_is_hardened(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in headers


def test_a_safe_request_id_comes_back(client: FlaskClient) -> None:
    assert client.get("/healthz", headers={"X-Request-Id": "trace-1.a_B"}).headers["X-Request-Id"] == "trace-1.a_B"


@pytest.mark.parametrize("given", ["", "x" * 65, 'a"b', "<script>", "a b", "号"])
def test_an_unsafe_request_id_is_replaced(client: FlaskClient, given: str) -> None:
    number = client.get("/healthz", headers={"X-Request-Id": given.encode().decode("latin-1")}).headers["X-Request-Id"]
    assert len(number) == 16
    assert int(number, 16) >= 0


def test_healthz_needs_no_database(settings: Settings, runtime: Runtime) -> None:
    answer = create_app(replace(settings, database_url="postgresql+psycopg://127.0.0.1:1/none")).test_client()
    assert answer.get("/healthz").json == {"status": "ok"}
    assert answer.get("/readyz").status_code == 503


def test_readyz_is_ready_when_every_bank_is_at_the_head(client: FlaskClient) -> None:
    assert client.get("/readyz").json == {"status": "ok"}


def test_readyz_names_the_banks_that_wait_for_a_migration(
    settings: Settings, runtime: Runtime, catalogue: BankCatalogue
) -> None:
    newer = BankCatalogue(engine=catalogue.engine, secret_key=catalogue.secret_key, head="9999")
    answer = create_app(settings, parts=replace(runtime, banks=newer)).test_client().get("/readyz")
    assert (answer.status_code, answer.json["code"]) == (503, "bank_maintenance")
    assert {"demo", "other"} <= set(answer.json["banks"])


def test_the_served_document_is_the_exported_one(client: FlaskClient, world: World) -> None:
    assert client.get("/api/v1/openapi.json").json == openapi()


@pytest.mark.parametrize(("proxies", "address"), [(0, "127.0.0.1"), (1, "203.0.113.9"), (2, "198.51.100.7")])
def test_only_our_own_proxies_are_believed(settings: Settings, runtime: Runtime, proxies: int, address: str) -> None:
    app = create_app(replace(settings, proxies=proxies), parts=runtime)
    app.add_url_rule("/address", view_func=lambda: request.remote_addr)
    forwarded = {"X-Forwarded-For": "192.0.2.1, 198.51.100.7, 203.0.113.9"}
    assert app.test_client().get("/address", headers=forwarded).text == address
