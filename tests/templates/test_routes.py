"""The templates endpoints: who may, who may not, and what they answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from inspection_api.templates import default_template, service

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.factories import World

NEW = {"code": "short_form", "name": "简表", "family": "plain_paper"}


@pytest.fixture
def drafted(client: FlaskClient, world: World) -> dict[str, Any]:
    """A template with a draft by the province manager."""
    headers = world.headers("province_manager")
    template = client.post("/api/v1/templates", json=NEW, headers=headers).json
    path = f"/api/v1/templates/{template['id']}/versions"
    answer = client.post(path, json={"definition": default_template.DEFINITION}, headers=headers)
    assert answer.status_code == 201, answer.json
    return answer.json


def test_a_draft_is_published_by_a_second_person_and_shown_to_officers(
    client: FlaskClient, world: World, drafted: dict[str, Any]
) -> None:
    path = f"/api/v1/template-versions/{drafted['id']}"
    own = client.post(f"{path}/publish", headers=world.headers("province_manager"))
    assert (own.status_code, own.json["code"]) == (403, "four_eyes")
    published = client.post(f"{path}/publish", headers=world.headers("second_province_manager"))
    assert (published.status_code, published.json["status"]) == (200, "published")
    again = client.post(f"{path}/publish", headers=world.headers("second_province_manager"))
    assert (again.status_code, again.json["code"]) == (409, "version_published")
    assert client.delete(path, headers=world.headers("province_manager")).status_code == 409
    shown = client.get(path, headers=world.headers("officer"))
    assert shown.json["definition"] == default_template.DEFINITION
    listed = client.get(f"/api/v1/templates/{drafted['template_id']}/versions", headers=world.headers("auditor"))
    assert [version["number"] for version in listed.json["items"]] == [1]


def test_a_draft_is_thrown_away_by_delete(client: FlaskClient, world: World, drafted: dict[str, Any]) -> None:
    path = f"/api/v1/template-versions/{drafted['id']}"
    assert client.delete(path, headers=world.headers("second_province_manager")).status_code == 204
    assert client.get(path, headers=world.headers("officer")).status_code == 404


def test_templates_are_listed_and_shown(client: FlaskClient, world: World) -> None:
    with world.transaction() as ctx:
        version = service.ensure_default_template(ctx)
    headers = world.headers("officer")
    listed = client.get("/api/v1/templates", headers=headers).json["items"]
    assert [template["code"] for template in listed] == ["plain_paper"]
    assert client.get(f"/api/v1/templates/{version.template_id}", headers=headers).json == listed[0]


ENDPOINTS = [
    ("get", "/api/v1/templates", "administrator"),
    ("post", "/api/v1/templates", "branch_manager"),
    ("get", "/api/v1/templates/{id}", "administrator"),
    ("get", "/api/v1/templates/{id}/versions", "service_manager"),
    ("post", "/api/v1/templates/{id}/versions", "officer"),
    ("get", "/api/v1/template-versions/{id}", "nobody"),
    ("delete", "/api/v1/template-versions/{id}", "manager"),
    ("post", "/api/v1/template-versions/{id}/publish", "risk_manager"),
]


@pytest.mark.parametrize(("method", "path", "wrong_role"), ENDPOINTS)
def test_anonymous_wrong_role_and_unknown_are_refused(
    client: FlaskClient, world: World, method: str, path: str, wrong_role: str
) -> None:
    call = getattr(client, method)
    url, body = (
        path.format(id=uuid4()),
        {} if method == "get" else {"json": {"definition": default_template.DEFINITION}},
    )
    assert call(url, **body).status_code == 401
    assert call(url, headers=world.headers(wrong_role), **body).status_code == 403
    if "{id}" in path:
        assert call(url, headers=world.headers("province_manager"), **body).status_code == 404


@pytest.mark.parametrize(
    "change", [{"code": "Not A Code"}, {"name": ""}, {"name": "a\u0000"}, {"version": 3}, {"family": None}]
)
def test_a_malformed_template_is_refused(client: FlaskClient, world: World, change: dict[str, Any]) -> None:
    answer = client.post("/api/v1/templates", json=NEW | change, headers=world.headers("province_manager"))
    assert answer.status_code == 422


def test_a_taken_code_names_the_template_that_has_it(
    client: FlaskClient, world: World, drafted: dict[str, Any]
) -> None:
    answer = client.post("/api/v1/templates", json=NEW, headers=world.headers("second_province_manager"))
    assert (answer.status_code, answer.json["existing_id"]) == (409, drafted["template_id"])


def test_a_second_draft_and_a_broken_definition_are_refused(
    client: FlaskClient, world: World, drafted: dict[str, Any]
) -> None:
    path, headers = f"/api/v1/templates/{drafted['template_id']}/versions", world.headers("province_manager")
    second = client.post(path, json={"definition": default_template.DEFINITION}, headers=headers)
    assert (second.status_code, second.json["existing_id"]) == (409, drafted["id"])
    broken = client.post(path, json={"definition": {"title": "x"}}, headers=headers)
    assert (broken.status_code, broken.json["code"]) == (422, "definition_invalid")
