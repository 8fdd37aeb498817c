"""The seeded bank: what somebody who tries the program out finds in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from checkpoints.models import CheckpointAssignment, CheckpointPlate
from inspection_api.demo.seed import IN_FORCE_FOR, seed

if TYPE_CHECKING:
    from inspection_api.core.banks import Bank
    from inspection_api.core.db import Database
    from inspection_api.http.runtime import Runtime
    from tests.fixtures import Clock


def test_a_visit_of_the_weeks_before_the_seeding_finds_its_plate_and_its_officer(
    runtime: Runtime, committed_database: Database, committed_bank: Bank, clock: Clock
) -> None:
    seed(replace(runtime, database=committed_database), committed_bank.code, small=True)
    since = clock.now - IN_FORCE_FOR
    assert since <= clock.now - timedelta(days=30)
    with committed_database.transaction(committed_bank) as ctx:
        for column in (CheckpointPlate.issued_at, CheckpointAssignment.valid_from):
            assert ctx.session.execute(select(func.min(column), func.max(column))).one() == (since, since)
