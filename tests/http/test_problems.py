"""Every failure leaves as problem+json, whoever noticed it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from inspection_api.core.errors import Problem, TooMany
from inspection_api.http.document import problem_kinds
from inspection_api.http.problems import STATUS, status_of

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

    from tests.factories import World

NEW_USER = {"username": "newcomer", "name": "新人", "password": "a-new-password"}


def assert_problem(answer: Any, status: int, code: str) -> None:
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert answer.content_type == "application/problem+json"
    assert answer.json["type"] == f"urn:xunji:problem:{code}"
    assert answer.json["status"] == status
    assert answer.json["request_id"] == answer.headers["X-Request-Id"]


def post_user(client: FlaskClient, world: World, body: bytes | str) -> Any:
    headers = {**world.headers("administrator"), "Content-Type": "application/json"}
    return client.post("/api/v1/users", data=body, headers=headers)


@pytest.mark.parametrize(
    "path", ["/unknown", "/api/v1/unknown", "/api/v1/users/not-a-uuid", "/api/v1/users/%00", "/%ff"]
)
def test_an_unknown_route_is_not_found(client: FlaskClient, path: str) -> None:
    assert_problem(client.get(path), 404, "not_found")


def test_a_wrong_method_says_which_are_right(client: FlaskClient) -> None:
    answer = client.delete("/api/v1/users")
    assert_problem(answer, 405, "method_not_allowed")
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))


def test_ten_megabytes_of_json_are_too_large(client: FlaskClient, world: World) -> None:
    assert_problem(post_user(client, world, b'{"name": "' + b"x" * (10 << 20) + b'"}'), 413, "too_large")


@pytest.mark.parametrize("path", ["/api/v1/users", "/api/v1/sessions"])
@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "json_invalid"),
        (b"{", "json_invalid"),
        (b"\xff\xfe", "json_invalid"),
        (b'{"name": NaN}', "json_invalid"),
        (b'{"name": Infinity}', "json_invalid"),
        (b'{"name": ' + b"1" * 5000 + b"}", "json_invalid"),
        (b'{"name": 1e999}', "invalid"),
        (b"[" * 100_000, "json_too_deep"),
        (b"[" * 100 + b"]" * 100, "json_too_deep"),
        (b"[]", "invalid"),
        (b"null", "invalid"),
        (b'"text"', "invalid"),
    ],
)
def test_a_body_that_is_no_object_of_ours_is_refused(
    client: FlaskClient, world: World, path: str, body: bytes, code: str
) -> None:
    assert_problem(client.post(path, data=body, headers=world.headers("administrator")), 422, code)


@pytest.mark.parametrize("escaped", ["\\u0000", "\\ud800", "\\udfff", "a\\udc00\\ud800"])
@pytest.mark.parametrize("member", ["name", "password", "username", "unknown"])
def test_text_that_no_database_holds_is_refused_by_field(
    client: FlaskClient, world: World, escaped: str, member: str
) -> None:
    body = {**NEW_USER, "organisation_id": str(world.organisations["branch"])}
    text = json.dumps({**body, member: "@"}).replace("@", f"x{escaped}x")
    answer = post_user(client, world, text)
    assert_problem(answer, 422, "invalid")
    assert answer.json["errors"] == [{"field": member, "message": "含有 U+0000 或不成对的代理字符"}]


def test_a_key_that_no_database_holds_is_refused(client: FlaskClient, world: World) -> None:
    assert_problem(post_user(client, world, '{"a": {"\\u0000": 1}}'), 422, "invalid")


def test_a_query_with_a_null_character_is_refused(client: FlaskClient, world: World) -> None:
    answer = client.get("/api/v1/users?cursor=%00", headers=world.headers("auditor"))
    assert_problem(answer, 422, "invalid")
    assert answer.json["errors"][0]["field"] == "cursor"


@pytest.mark.parametrize(
    ("query", "field", "message"),
    [
        ("limit=0", "limit", "须在 1 与 200 之间"),
        ("limit=201", "limit", "须在 1 与 200 之间"),
        ("limit=x", "limit", "应为整数"),
        ("cursor=", "cursor", "长度须在 1 与 1000 之间"),
        ("cursor=rubbish", "cursor", "不是本列表给出的游标"),
        ("organisation_id=1", "organisation_id", "应为 UUID"),
        ("tenant=1", "tenant", "未知字段"),
    ],
)
def test_a_wrong_parameter_is_named_in_chinese(
    client: FlaskClient, world: World, query: str, field: str, message: str
) -> None:
    answer = client.get(f"/api/v1/users?{query}", headers=world.headers("auditor"))
    assert answer.status_code == 422
    assert answer.json["errors"] == [{"field": field, "message": message}]


def test_all_wrong_fields_are_told_at_once(client: FlaskClient, world: World) -> None:
    answer = post_user(client, world, json.dumps({"name": " ", "username": "A b", "password": 5, "level": 9}))
    told = {error["field"]: error["message"] for error in answer.json["errors"]}
    assert told == {
        "name": "长度须在 1 与 60 之间",
        "username": "格式不正确",
        "password": "应为文本",
        "organisation_id": "必填",
        "level": "未知字段",
    }


def failing_app(app: Flask, error: Exception) -> FlaskClient:
    def fail() -> None:
        raise error

    app.add_url_rule("/failing", view_func=fail)
    return app.test_client()


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OperationalError("", {}, Exception("gone")), "database_unavailable"),
        (PoolExhausted("no connection"), "pool_exhausted"),
    ],
)
def test_a_database_that_is_away_is_503_with_a_time_to_come_back(own_app: Flask, error: Exception, reason: str) -> None:
    answer = failing_app(own_app, error).get("/failing")
    assert_problem(answer, 503, "unavailable")
    assert answer.json["reason"] == reason
    assert int(answer.headers["Retry-After"]) >= 1


def test_an_unexpected_error_tells_its_number_and_nothing_else(
    own_app: Flask, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = failing_app(own_app, RuntimeError("the password is swordfish")).get("/failing")
    assert_problem(answer, 500, "internal_error")
    assert "swordfish" not in answer.text
    assert answer.json["request_id"] in capsys.readouterr().out


def test_a_pause_is_told_in_the_header_too(own_app: Flask) -> None:
    answer = failing_app(own_app, TooMany(retry_after_s=7)).get("/failing")
    assert_problem(answer, 429, "too_many")
    assert answer.headers["Retry-After"] == "7"


def test_a_problem_has_a_kind_or_names_its_status_itself(app: Flask) -> None:
    kinds = list(problem_kinds())
    assert len(kinds) > 80
    for kind in kinds:
        named = re.search(r"\((\d{3})[,)]", kind.__doc__ or "")
        assert issubclass(kind, tuple(STATUS)) or named, kind


def test_every_problem_has_a_code_and_chinese_words(app: Flask) -> None:
    for kind in problem_kinds():
        assert kind.code.replace("_", "").isalnum()
        assert kind.code == kind.code.lower()
        assert any("\u4e00" <= char <= "\u9fff" for char in kind.title), kind


def test_one_code_means_one_status(app: Flask) -> None:
    statuses: dict[str, set[int]] = {}
    for kind in [Problem, *problem_kinds()]:
        statuses.setdefault(kind.code, set()).add(status_of(kind()))
    assert {code for code, found in statuses.items() if len(found) > 1} == set()
