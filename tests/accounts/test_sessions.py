"""My sessions: the list of them, ending one, ending all; by cookie and by token alike."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import select

from inspection_api.core.events import Event
from tests.factories import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

    from tests.factories import World
    from tests.fixtures import Clock

API = "/api/v1"
OURS = {"X-Xunji-Page": "1", "Origin": "http://localhost"}


def log_in(client: FlaskClient) -> None:
    body = {"bank": "demo", "username": "officer", "password": PASSWORD}
    assert client.post(f"{API}/sessions/page", json=body, headers=OURS).status_code == 201


def test_i_see_my_live_sessions_and_which_one_this_is(
    client: FlaskClient, world: World, clock: Clock, queries: Callable[[], list[str]]
) -> None:
    world.headers("officer")
    clock.advance(hours=11)
    world.headers("manager")
    here, other = world.headers("officer"), world.headers("officer")
    clock.advance(hours=2)
    statements = queries()
    sessions = client.get(f"{API}/sessions", headers=here).json["items"]
    assert len(statements) <= 4
    assert sorted(row["is_current"] for row in sessions) == [False, True]
    assert all(set(row) == {"id", "client", "created_at", "expires_at", "is_current"} for row in sessions)
    client.delete(f"{API}/sessions/current", headers=other)
    assert [row["is_current"] for row in client.get(f"{API}/sessions", headers=here).json["items"]] == [True]


def test_a_session_says_on_what_device_it_is(client: FlaskClient, world: World) -> None:
    phone = "Mozilla/5.0 (Linux; Android 13; 23013RK75C) AppleWebKit/537.36 Chrome/120.0.0.0 Mobile Safari/537.36"
    body = {"bank": "demo", "username": "officer", "password": PASSWORD}
    for agent in (phone, "x" * 5000, "curl/8.5", ""):
        made = client.post(f"{API}/sessions", json=body, headers={"User-Agent": agent})
        assert made.status_code == 201
    sessions = client.get(f"{API}/sessions", headers=world.headers("officer")).json["items"]
    assert [row["client"] for row in sessions] == [
        "安卓手机 23013RK75C · Chrome",
        "x" * 40,
        "curl",
        "未知设备",
        "未知设备",
    ]


def test_i_end_one_of_my_sessions_and_nobody_elses(client: FlaskClient, world: World) -> None:
    here, lost, manager = world.headers("officer"), world.headers("officer"), world.headers("manager")
    (theirs,) = client.get(f"{API}/sessions", headers=manager).json["items"]
    ids = [row["id"] for row in client.get(f"{API}/sessions", headers=here).json["items"] if not row["is_current"]]
    for stranger in (theirs["id"], str(uuid4())):
        assert client.delete(f"{API}/sessions/{stranger}", headers=here).status_code == 404
    ended = [client.delete(f"{API}/sessions/{session_id}", headers=here) for session_id in ids * 2]
    assert [answer.status_code for answer in ended] == [204, 404]
    assert client.get(f"{API}/me", headers=lost).status_code == 401
    assert client.get(f"{API}/me", headers=manager).status_code == 200
    assert client.get(f"{API}/me", headers=here).status_code == 200


def test_logging_out_everywhere_ends_all_tokens_and_cookies_of_mine_with_an_event_each(
    client: FlaskClient, world: World
) -> None:
    log_in(client)
    tokens, manager = [world.headers("officer"), world.headers("officer")], world.headers("manager")
    ended = client.delete(f"{API}/sessions", headers=OURS)
    assert ended.status_code == 204
    assert "xunji=;" in ended.headers["Set-Cookie"]
    assert "Max-Age=0" in ended.headers["Set-Cookie"]
    assert [client.get(f"{API}/me", headers=token).status_code for token in tokens] == [401, 401]
    assert client.get(f"{API}/me").status_code == 401
    assert client.get(f"{API}/me", headers=manager).status_code == 200
    with world.transaction() as ctx:
        noted = ctx.session.scalars(select(Event.data).where(Event.kind == "session.revoked")).all()
    assert len({data["session_id"] for data in noted}) == 3


def test_a_cookie_ends_with_its_session(client: FlaskClient, world: World, clock: Clock) -> None:
    log_in(client)
    clock.advance(hours=12)
    assert client.get(f"{API}/me").status_code == 401
    log_in(client)
    assert client.delete(f"{API}/sessions/current", headers=OURS).status_code == 204
    assert client.get_cookie("xunji") is None


def test_a_machine_has_no_sessions_to_list(client: FlaskClient, world: World) -> None:
    _, station = world.machine("sub_branch", "print_station")
    for method in ("GET", "DELETE"):
        assert client.open(f"{API}/sessions", method=method, headers=station).status_code == 403
