"""The templates endpoints: who may, who may not, and what they answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from inspection_api.templates import default_template, service

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.factories import World

BODY = {"definition": default_template.DEFINITION}
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


def changed(
    client: FlaskClient, world: World, method: str, path: str, who: str, *, version: int, json: Any = None
) -> Any:
    """Return the answer to a change that is based on a version."""
    return client.open(path, method=method, json=json, headers=world.headers(who) | {"If-Match": f'"{version}"'})


def test_a_draft_is_published_by_a_second_person_and_shown_to_officers(
    client: FlaskClient, world: World, drafted: dict[str, Any]
) -> None:
    path = f"/api/v1/template-versions/{drafted['id']}"
    early = changed(client, world, "POST", f"{path}/publish", "second_province_manager", version=drafted["version"])
    assert (early.status_code, early.json["code"]) == (409, "version_not_proposed")
    proposed = changed(client, world, "POST", f"{path}/propose", "province_manager", version=drafted["version"])
    assert (proposed.status_code, proposed.json["status"]) == (200, "proposed")
    version = proposed.json["version"]
    twice = changed(client, world, "POST", f"{path}/propose", "province_manager", version=version)
    assert (twice.status_code, twice.json["code"]) == (409, "version_proposed")
    own = changed(client, world, "POST", f"{path}/publish", "province_manager", version=version)
    assert (own.status_code, own.json["code"]) == (403, "four_eyes")
    published = changed(client, world, "POST", f"{path}/publish", "second_province_manager", version=version)
    assert (published.status_code, published.json["status"]) == (200, "published")
    for method, url, body in (("POST", f"{path}/publish", None), ("PUT", path, BODY), ("DELETE", path, None)):
        late = changed(client, world, method, url, "second_province_manager", version=version + 1, json=body)
        assert (late.status_code, late.json["code"]) == (409, "version_published")
    shown = client.get(path, headers=world.headers("officer"))
    assert shown.json["definition"] == default_template.DEFINITION
    listed = client.get(f"/api/v1/templates/{drafted['template_id']}/versions", headers=world.headers("auditor"))
    assert [version["number"] for version in listed.json["items"]] == [1]


def test_writing_a_draft_anew_takes_its_proposal_back_and_makes_another_author(
    client: FlaskClient, world: World, drafted: dict[str, Any]
) -> None:
    path = f"/api/v1/template-versions/{drafted['id']}"
    proposed = changed(client, world, "POST", f"{path}/propose", "province_manager", version=drafted["version"]).json
    body = {"definition": default_template.DEFINITION | {"title": "新版"}}
    anew = changed(client, world, "PUT", path, "risk_manager", version=proposed["version"], json=body)
    assert (anew.status_code, anew.json["status"], anew.json["definition"]) == (200, "draft", body["definition"])
    assert anew.json["sha256"] != drafted["sha256"]
    assert len(anew.json["authors"]) == 2
    again = changed(client, world, "POST", f"{path}/propose", "risk_manager", version=anew.json["version"]).json
    own = changed(client, world, "POST", f"{path}/publish", "province_manager", version=again["version"])
    assert (own.status_code, own.json["code"]) == (403, "four_eyes")


@pytest.mark.parametrize(("method", "action"), [("PUT", ""), ("POST", "/propose"), ("POST", "/publish")])
def test_who_has_not_read_the_latest_draft_changes_nothing(
    client: FlaskClient, world: World, drafted: dict[str, Any], method: str, action: str
) -> None:
    path = f"/api/v1/template-versions/{drafted['id']}"
    other = {"definition": default_template.DEFINITION | {"title": "新版"}}
    latest = changed(client, world, "PUT", path, "province_manager", version=drafted["version"], json=other).json
    if action == "/publish":
        changed(client, world, "POST", f"{path}/propose", "province_manager", version=latest["version"])
    stale = changed(
        client, world, method, path + action, "second_province_manager", version=drafted["version"], json=BODY
    )
    assert (stale.status_code, stale.json["code"]) == (412, "version_changed")
    bare = client.open(path + action, method=method, json=BODY, headers=world.headers("second_province_manager"))
    assert bare.status_code == 422


def test_a_draft_is_tried_with_made_up_answers(client: FlaskClient, world: World, drafted: dict[str, Any]) -> None:
    path, headers = f"/api/v1/template-versions/{drafted['id']}/trial", world.headers("risk_manager")
    body = {
        "answers": {"op_status": {"value": "semi"}, "power_kwh": {"value": "many"}, "nothing": {"value": 1}, "x": 3},
        "media": [{"item": "power_kwh", "kind": "photo", "seconds": 0}],
    }
    answer = client.post(path, json=body, headers=headers)
    assert (answer.status_code, answer.json["is_valid"], answer.json["indicators"]) == (200, False, ["W01"])
    assert answer.json["values"] == {"op_status": {"value": "semi"}}
    codes = {row["item"]: row["code"] for row in answer.json["errors"]}
    assert codes.items() >= {"power_kwh": "wrong_type", "nothing": "unknown_item", "conclusion": "required"}.items()
    assert client.get(path.removesuffix("/trial"), headers=headers).json["version"] == drafted["version"]


@pytest.mark.parametrize(
    ("roles", "asked"), [(None, True), ([], False), (["loan_officer"], False), (["risk_manager", "auditor"], True)]
)
def test_a_trial_asks_what_the_roles_are_asked(
    client: FlaskClient, world: World, drafted: dict[str, Any], roles: list[str] | None, *, asked: bool
) -> None:
    path, headers = f"/api/v1/template-versions/{drafted['id']}", world.headers("risk_manager")
    items = [item | {"roles": ["risk_manager"]} for item in default_template.DEFINITION["items"]]
    body = {"definition": default_template.DEFINITION | {"items": items}}
    changed(client, world, "PUT", path, "risk_manager", version=drafted["version"], json=body)
    answer = client.post(f"{path}/trial", json={"answers": {}, "roles": roles}, headers=headers)
    assert (answer.status_code, answer.json["is_valid"]) == (200, not asked)
    unknown = client.post(f"{path}/trial", json={"answers": {}, "roles": ["king"]}, headers=headers)
    assert unknown.status_code == 422


HOSTILE: list[Any] = [None, 10**30, 1.5e300, "\x00", "\ud800", [[]], {"value": {"value": []}}, {"value": 10**30}]


@pytest.mark.parametrize("value", HOSTILE, ids=repr)
def test_a_hostile_answer_of_a_trial_is_judged_or_refused(
    client: FlaskClient, world: World, drafted: dict[str, Any], value: object
) -> None:
    path, headers = f"/api/v1/template-versions/{drafted['id']}/trial", world.headers("risk_manager")
    body = json.dumps({"answers": {"op_status": value, "remark": {"value": value}}})
    answer = client.post(path, data=body, content_type="application/json", headers=headers)
    assert answer.status_code in {200, 400, 422}


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
    ("put", "/api/v1/template-versions/{id}", "branch_manager"),
    ("post", "/api/v1/template-versions/{id}/trial", "officer"),
    ("post", "/api/v1/template-versions/{id}/propose", "auditor"),
    ("post", "/api/v1/template-versions/{id}/publish", "risk_manager"),
]


@pytest.mark.parametrize(("method", "path", "wrong_role"), ENDPOINTS)
def test_anonymous_wrong_role_and_unknown_are_refused(
    client: FlaskClient, world: World, method: str, path: str, wrong_role: str
) -> None:
    call = getattr(client, method)
    url, body = (
        path.format(id=uuid4()),
        {} if method == "get" else {"json": {"answers": {}} if "trial" in path else BODY},
    )
    assert call(url, **body).status_code == 401
    assert call(url, headers=world.headers(wrong_role), **body).status_code == 403
    if "{id}" in path:
        assert call(url, headers=world.headers("province_manager") | {"If-Match": '"1"'}, **body).status_code == 404


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
