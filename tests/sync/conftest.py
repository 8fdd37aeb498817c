"""A street of checkpoints and a phone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from inspection_api.inspections.service import writing as record_writing
from tests.sync.drafting import Desk
from tests.sync.offices import Office
from tests.sync.phone import Phone, Street

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask.testing import FlaskClient

    from tests.factories import World


@pytest.fixture
def street(world: World) -> Street:
    return Street(world)


@pytest.fixture
def phone(client: FlaskClient, world: World, street: Street) -> Phone:
    phone = Phone(client, world, street)
    phone.shake_hands()
    return phone


@pytest.fixture
def second(client: FlaskClient, world: World, street: Street) -> Phone:
    """The officer's other device."""
    phone = Phone(client, world, street)
    phone.shake_hands()
    return phone


@pytest.fixture
def desk(street: Street) -> Desk:
    return Desk(street)


@pytest.fixture
def poison(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Notes of drafts that a bug of ours cannot write, until the set is cleared."""
    notes: set[str] = set()
    write = record_writing._write

    def written(ctx: Any, statement: Any, rows: Sequence[dict[str, Any]]) -> None:
        if any(row["note"] in notes for row in rows):
            raise RuntimeError("a bug")
        write(ctx, statement, rows)

    monkeypatch.setattr(record_writing, "_write", written)
    return notes


@pytest.fixture
def office(client: FlaskClient, world: World) -> Office:
    return Office(client, world)
