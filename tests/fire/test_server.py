"""The real server, gunicorn with its two workers: many sockets at once, and workers that are killed (sync.md §9.4)."""

from __future__ import annotations

import os
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Barrier, Event
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from inspection_api.core.permissions import Role
from tests.fire.serving import Answer, Lost, Served, Wire, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

    from inspection_api.core.settings import Settings
    from tests.factories import World
    from tests.sync.phone import Phone, Street

SOCKETS = 8
DEATHS = 3
"""So many workers die at least."""
PATIENCE_S = 60
"""So much longer than planned they may take for it on a slow machine."""
BUSY = {429, 503}
RECEIPTS = text("SELECT op_id::text, status FROM sync_receipt WHERE device_id = ANY (:devices)")
SUBMITTED = text(
    "SELECT data ->> 'inspection_id' FROM event WHERE kind = 'inspection.submitted'"
    " AND (data ->> 'inspection_id')::uuid = ANY (:ids)"
)
MEDIA = text("SELECT count(*) FROM media WHERE inspection_id = ANY (:ids)")


@pytest.fixture
def server(settings: Settings, street: Street) -> Iterator[Served]:
    """A server that starts after the bank is there, so that it knows it from the beginning."""
    with serving(settings) as served:
        yield served


def send_until_taken(phone: Phone, body: bytes) -> tuple[Answer, int]:
    """Send the same bytes until they are answered with 200, as a device does; return how many answers were lost."""
    deadline, lost = time.monotonic() + 60, 0
    while time.monotonic() < deadline:
        try:
            answer = phone.send(body)
        except Lost:
            lost += 1
            time.sleep(0.05)
            continue
        if answer.status_code == 200:
            return answer, lost
        assert answer.status_code in BUSY, answer.body
        time.sleep(0.05)
    raise AssertionError("never taken")


def effects(world: World, devices: list[UUID], visits: list[str]) -> tuple[dict[str, str], list[str], int]:
    """Return the stored receipts, for which visits an event was written, and how many media they have."""
    with world.transaction(read_only=True) as ctx:
        stored = ctx.session.execute(RECEIPTS, {"devices": devices}).all()
        events = ctx.session.scalars(SUBMITTED, {"ids": visits}).all()
        media = ctx.session.execute(MEDIA, {"ids": visits}).scalar_one()
    assert len({row.op_id for row in stored}) == len(stored)
    return {row.op_id: row.status for row in stored}, sorted(events), int(media)


def test_one_batch_on_eight_sockets_at_once_has_one_effect_and_equal_answers(
    server: Served, enrol: Callable[..., Phone], street: Street, committed_world: World
) -> None:
    phone = enrol(Wire(server.port))
    points = [street.add() for _ in range(5)]
    tasks = street.make_tasks()
    ops = [phone.submit(point, tasks[point]) for point in points]
    body, start = phone.batch(*ops), Barrier(SOCKETS)

    def send(_number: int) -> Answer:
        start.wait()
        return send_until_taken(phone, body)[0]

    with ThreadPoolExecutor(SOCKETS) as pool:
        answers = list(pool.map(send, range(SOCKETS)))
    results = answers[0].json["results"]
    assert {each["status"] for each in results} == {"applied"}
    assert all(each.json["results"] == results for each in answers)
    assert sorted(each.json["replayed"] for each in answers) == [False] + [True] * (SOCKETS - 1)
    visits = [op["entity_id"] for op in ops]
    stored, events, media = effects(committed_world, [phone.id], visits)
    assert (len(stored), events, media) == (5, sorted(visits), 15)


@dataclass
class Round:
    """What one phone pushed: every operation, and what it was told about those that were acknowledged."""

    phone: Phone
    point: UUID
    visits: list[str] = field(default_factory=list)
    told: dict[str, str] = field(default_factory=dict)
    lost: int = 0

    def push(self, visits: int) -> None:
        ops = [self.phone.submit(self.point) for _ in range(visits)]
        self.visits += [op["entity_id"] for op in ops]
        answer, lost = send_until_taken(self.phone, self.phone.batch(*ops))
        self.lost += lost
        results: list[dict[str, Any]] = answer.json["results"]
        assert [each["op_id"] for each in results] == [op["op_id"] for op in ops]
        self.told |= {each["op_id"]: each["status"] for each in results}


def kill_workers(server: Served, *, until: Event, pause_s: float, taken: Callable[[], int], killed: list[int]) -> None:
    """Kill one of the server's workers every so often, and note which in ``killed``.

    Between two something is ``taken``: on a slow machine a worker would else die before it is up, for ever.
    """
    dice, known = random.Random(1), -1  # noqa: S311 - a reproducible choice, no secret
    while not until.wait(pause_s):
        if taken() == known:
            continue
        known = taken()
        with suppress(ProcessLookupError, IndexError):
            worker = dice.choice(server.workers)
            os.kill(worker, signal.SIGKILL)
            killed.append(worker)


def crew(enrol: Callable[..., Phone], world: World, server: Served, size: int) -> list[Phone]:
    """Return so many phones, two of each officer, all on real sockets."""
    names = [f"runner{number // 2}" for number in range(size)]
    for name in names:
        if name not in world.people:
            world.add_user(name, Role.LOAN_OFFICER, "sub_branch")
    return [enrol(Wire(server.port), username=name) for name in names]


@pytest.mark.parametrize(
    ("phones", "seconds", "pause_s"), [(4, 5.0, 0.7), pytest.param(16, 90.0, 0.7, marks=pytest.mark.long)]
)
def test_what_was_acknowledged_is_stored_once_though_workers_are_killed(
    server: Served,
    enrol: Callable[..., Phone],
    street: Street,
    committed_world: World,
    phones: int,
    seconds: float,
    pause_s: float,
) -> None:
    rounds = [Round(phone, street.add(phone.username)) for phone in crew(enrol, committed_world, server, phones)]
    end, done, killed = time.monotonic() + seconds, Event(), list[int]()

    def is_over() -> bool:
        """It goes on until workers died and a request was really cut off, in the first seconds as a rule."""
        is_enough = len(killed) >= DEATHS and any(each.lost for each in rounds)
        return time.monotonic() > end + PATIENCE_S or (time.monotonic() > end and is_enough)

    def taken() -> int:
        return sum(len(each.told) for each in rounds)

    def push(each: Round) -> None:
        while not is_over():
            each.push(5)

    with ThreadPoolExecutor(phones + 1) as pool:
        killer = pool.submit(kill_workers, server, until=done, pause_s=pause_s, taken=taken, killed=killed)
        try:
            for future in [pool.submit(push, each) for each in rounds]:
                future.result()
        finally:
            done.set()
        killer.result()
    assert len(killed) >= DEATHS
    assert sum(each.lost for each in rounds) > 0
    visits = [visit for each in rounds for visit in each.visits]
    told = {op_id: status for each in rounds for op_id, status in each.told.items()}
    stored, events, media = effects(committed_world, [each.phone.id for each in rounds], visits)
    assert stored == told
    assert len(told) == len(visits) > 0
    assert events == sorted(visits)
    assert media == 3 * len(visits)
