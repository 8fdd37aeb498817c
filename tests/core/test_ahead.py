"""Statements ahead: nothing passes them, a failure is told as if somebody had waited, a rollback forgets them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import Integer, bindparam, text
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.orm import Session

from inspection_api.core import ahead

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

    from sqlalchemy import Engine

ADD = text("INSERT INTO thing VALUES (:id) RETURNING id")
COUNT = text("SELECT count(*) FROM thing")
FAR = text("INSERT INTO nowhere VALUES (:id)")


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with engine.connect() as connection, Session(connection) as session:
        session.execute(text("CREATE TEMPORARY TABLE thing (id uuid PRIMARY KEY) ON COMMIT DROP"))
        yield session
        session.rollback()


def _send(session: Session, *ids: UUID, heard: Callable[[Any], object] = bool) -> None:
    for each in ids:
        ahead.send(session, ADD, {"id": each}, heard)


def _send_and_fail(session: Session) -> None:
    _send(session, uuid4())
    ahead.send(session, FAR, {"id": uuid4()})
    raise ZeroDivisionError


def _send_and_commit(session: Session) -> None:
    ahead.send(session, text("SELECT pg_sleep(0.1)"), {})
    session.commit()


def test_what_was_sent_is_there_for_whoever_asks_next_and_is_heard_in_its_order(session: Session) -> None:
    ids = [uuid4() for _ in range(3)]
    heard: list[UUID] = []
    for id_ in ids:
        ahead.send(session, ADD, {"id": id_}, lambda rows: heard.append(rows.scalar_one()))
    assert session.execute(COUNT).scalar_one() == 3
    assert heard == ids


def test_a_commit_waits_for_what_was_sent(session: Session) -> None:
    heard: list[Any] = []
    ahead.send(session, ADD, {"id": uuid4()}, heard.append)
    session.commit()
    assert len(heard) == 1


def test_a_failure_shows_where_it_arrives_as_what_it_is_and_the_rest_has_no_effect(session: Session) -> None:
    id_ = uuid4()
    heard: list[Any] = []
    with pytest.raises(IntegrityError, match="thing_pkey") as failed, ahead.savepoint(session):
        _send(session, id_, id_, uuid4(), heard=heard.append)
    assert failed.value.params is None
    assert session.execute(COUNT).scalar_one() == 0
    assert heard == []


def test_a_failure_shows_at_the_commit_at_last(session: Session) -> None:
    ahead.send(session, FAR, {"id": uuid4()})
    with pytest.raises(ProgrammingError, match="nowhere"):
        session.commit()


def test_a_savepoint_that_is_rolled_back_forgets_what_was_sent_and_hides_nothing(session: Session) -> None:
    with pytest.raises(ZeroDivisionError), ahead.savepoint(session):
        _send_and_fail(session)
    assert session.execute(COUNT).scalar_one() == 0


def test_who_hears_may_refuse(session: Session) -> None:
    def refuse(_rows: Any) -> None:
        raise LookupError

    with pytest.raises(LookupError), ahead.savepoint(session):
        ahead.send(session, ADD, {"id": uuid4()}, refuse)
    assert session.execute(COUNT).scalar_one() == 0


def test_a_lost_connection_is_told_as_such(engine: Engine) -> None:
    with Session(engine) as victim, Session(engine) as killer:
        pid = victim.execute(text("SELECT pg_backend_pid()")).scalar_one()
        killer.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        with pytest.raises(OperationalError) as failed:
            _send_and_commit(victim)
        assert failed.value.connection_invalidated
        victim.rollback()
        assert victim.execute(text("SELECT 1")).scalar_one() == 1


def test_what_sqlalchemy_must_write_is_heard_at_once(session: Session) -> None:
    among = text("SELECT 1 WHERE 2 IN :some").bindparams(bindparam("some", type_=Integer(), expanding=True))
    heard: list[Any] = []
    ahead.send(session, among, {"some": [1, 2]}, lambda rows: heard.append(rows.all()))
    assert heard == [[(1,)]]


def test_more_than_a_socket_holds_arrives(session: Session) -> None:
    measure = text("SELECT length(CAST(:word AS text))")
    heard: list[int] = []
    for _ in range(3):
        ahead.send(session, measure, {"word": "x" * 5_000_000}, lambda rows: heard.append(rows.scalar_one()))
    assert session.execute(COUNT).scalar_one() == 0
    assert heard == [5_000_000] * 3
