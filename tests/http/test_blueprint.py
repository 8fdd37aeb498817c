"""The blueprint's promises: a permission or no import, one transaction per request, and headers read strictly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, text

from inspection_api.accounts.models import Organisation
from inspection_api.core.errors import Conflict
from inspection_api.core.events import Event
from inspection_api.http.blueprint import LOGGED_IN, TRACED, Blueprint

if TYPE_CHECKING:
    from flask import Flask

    from inspection_api.core.context import Context
    from tests.factories import World


@pytest.fixture
def writing_app(own_app: Flask) -> Flask:
    """The application with endpoints that try what may not be."""
    blp = Blueprint("writing", "")

    @blp.get("/writing", permission=LOGGED_IN)
    def writing(ctx: Context) -> dict[str, str]:
        ctx.session.execute(text("UPDATE organisation SET name = 'x'"))
        return {}

    @blp.post("/refusing", permission=LOGGED_IN)
    def refusing(ctx: Context) -> dict[str, str]:
        ctx.session.execute(text("UPDATE organisation SET name = 'x'"))
        ctx.record("thing.written")
        raise Conflict

    @blp.post("/editing", permission=LOGGED_IN, if_match=True)
    def editing(ctx: Context, version: int) -> dict[str, int]:
        return {"version": version}

    @blp.post("/creating", permission=LOGGED_IN, idempotent=True)
    def creating(ctx: Context, idempotency_key: str) -> dict[str, str]:
        return {"key": idempotency_key}

    @blp.get("/traced", permission=LOGGED_IN, transaction=TRACED)
    def traced(ctx: Context) -> dict[str, str]:
        ctx.record("thing.viewed")
        return {}

    own_app.register_blueprint(blp)
    return own_app


def test_a_get_that_writes_is_an_error_and_changes_nothing(
    writing_app: Flask, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = writing_app.test_client().get("/api/v1/writing", headers=world.headers("officer"))
    assert answer.status_code == 500
    assert "read-only" in capsys.readouterr().out
    with world.transaction() as ctx:
        assert "x" not in ctx.session.scalars(select(Organisation.name)).all()


def test_a_traced_get_leaves_its_event_before_it_answers(writing_app: Flask, world: World) -> None:
    assert writing_app.test_client().get("/api/v1/traced", headers=world.headers("officer")).status_code == 200
    with world.transaction() as ctx:
        event = ctx.session.scalars(select(Event).where(Event.kind == "thing.viewed")).one()
        assert event.actor_id == world.people["officer"]


def test_an_endpoint_without_a_permission_is_an_error_at_import() -> None:
    blp = Blueprint("careless", "")
    for method in (blp.get, blp.post, blp.put, blp.patch, blp.delete):
        with pytest.raises(TypeError, match="permission"):
            method("/careless")


def test_a_refusal_takes_back_what_was_written(writing_app: Flask, world: World) -> None:
    answer = writing_app.test_client().post("/api/v1/refusing", headers=world.headers("officer"))
    assert answer.status_code == 409
    with world.transaction() as ctx:
        assert "x" not in ctx.session.scalars(select(Organisation.name)).all()
        assert ctx.session.scalars(select(Event).where(Event.kind == "thing.written")).all() == []


@pytest.mark.parametrize("value", [None, "", "7", '"x"', 'W/"7"', '"7"x', '"7", "8"', "*", '"1234567890123456789"'])
def test_if_match_is_one_version_in_quotes(writing_app: Flask, world: World, value: str | None) -> None:
    headers = {**world.headers("officer"), **({} if value is None else {"If-Match": value})}
    client = writing_app.test_client()
    answer = client.post("/api/v1/editing", headers=headers)
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "If-Match")
    assert client.post("/api/v1/editing", headers={**headers, "If-Match": '"7"'}).json == {"version": 7}


@pytest.mark.parametrize("value", [None, "", "short", "x" * 101, "with space", "号号号号号号号号"])
def test_an_idempotency_key_is_a_word_of_8_to_100_characters(
    writing_app: Flask, world: World, value: str | None
) -> None:
    given = {} if value is None else {"Idempotency-Key": value.encode().decode("latin-1")}
    client, headers = writing_app.test_client(), {**world.headers("officer"), **given}
    answer = client.post("/api/v1/creating", headers=headers)
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "Idempotency-Key")
    good = {**headers, "Idempotency-Key": "one-intention"}
    assert client.post("/api/v1/creating", headers=good).json == {"key": "one-intention"}
