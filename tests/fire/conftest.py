"""One bank that really commits, shared by the tests of this folder: making one costs more than most of them.

Every test brings its own phone and its own checkpoints, counts only what is theirs, and leaves no trigger behind.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from inspection_api.core.db import Database
from inspection_api.plans.models import InspectionRule
from inspection_api.subscriptions import SUBSCRIPTIONS
from tests.factories import World
from tests.fixtures import Clock, bank_of_its_own
from tests.sync.phone import Phone, Street

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

    from flask import Flask
    from sqlalchemy import Engine

    from inspection_api.core.banks import Bank, BankCatalogue

_numbers = count()


@dataclass
class LastingStreet(Street):
    """A street in a bank that has one already: its numbers go on, its rule is made once."""

    numbers: Any = field(default_factory=lambda: _numbers)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.portfolio.numbers = self.numbers

    def make_tasks(self) -> dict[UUID, UUID]:
        with self.world.transaction() as ctx:
            has_rule = bool(ctx.session.scalar(select(func.count()).select_from(InspectionRule)))
        if not has_rule:
            self.portfolio.create_rule()
        self.portfolio.generate()
        return {task.checkpoint_id: task.id for task in self.portfolio.tasks() if task.period_start.month == 3}


@pytest.fixture(scope="session")
def committed_bank(catalogue: BankCatalogue) -> Iterator[Bank]:
    with bank_of_its_own(catalogue) as bank:
        yield bank


@pytest.fixture(scope="session")
def staff(engine: Engine, committed_bank: Bank) -> World:
    return World(database=Database(engine, clock=Clock(), subscriptions=SUBSCRIPTIONS), bank=committed_bank).populate()


@pytest.fixture
def committed_world(staff: World, committed_database: Database) -> World:
    return replace(staff, database=committed_database)


@pytest.fixture
def street(committed_world: World) -> Street:
    return LastingStreet(committed_world)


@pytest.fixture
def enrol(committed_app: Flask, committed_world: World, street: Street) -> Iterator[Callable[..., Phone]]:
    """Return a maker of phones; nobody may have more than two, so all are given back."""
    phones: list[Phone] = []

    def make(client: Any = None, **values: Any) -> Phone:
        phone = Phone(client or committed_app.test_client(), committed_world, street, **values)
        phones.append(phone)
        phone.shake_hands()
        return phone

    yield make
    manager, client = committed_world.headers("second_manager"), committed_app.test_client()
    for phone in phones:
        assert client.post(f"/api/v1/devices/{phone.id}/revoke", headers=manager).status_code == 200


@pytest.fixture
def phone(enrol: Callable[..., Phone]) -> Phone:
    return enrol()
