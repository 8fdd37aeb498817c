"""A herd of devices: a worker takes on a few at once, lets a few wait, and refuses the others at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from inspection_api.app import create_app
from inspection_api.http.admission import COURTESY_S, RETRY_AFTER_S, Gate, ServerBusy
from inspection_api.server import THREADS, Server
from tests.sync.phone import Phone, Street

if TYPE_CHECKING:
    from inspection_api.core.settings import Settings
    from inspection_api.http.runtime import Runtime
    from tests.factories import World

PATIENCE_S = 20.0


def test_one_works_one_waits_and_the_third_is_refused() -> None:
    gate, working, leave = Gate(at_once=1, waiting=1), Event(), Event()

    def work() -> None:
        with gate.entered():
            working.set()
            assert leave.wait(PATIENCE_S)

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.submit(work), pool.submit(work)
        assert working.wait(PATIENCE_S)
        while gate._places._value:
            pass
        with pytest.raises(ServerBusy), gate.entered():
            pass
        leave.set()
        first.result()
        second.result()
    with gate.entered():
        pass


def test_a_line_that_does_not_move_is_left() -> None:
    gate = Gate(at_once=1, waiting=1, patience_s=0.01)
    with gate.entered():
        for _ in range(3):
            with pytest.raises(ServerBusy), gate.entered():
                pass
    with gate.entered():
        pass


def test_whoever_fails_inside_leaves_the_gate_open() -> None:
    gate = Gate(at_once=1, waiting=0)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), gate.entered():
            1 / 0  # noqa: B018 - it fails


@pytest.mark.parametrize(("open_", "idle", "ends"), [(1, 0, False), (2, 0, True), (3, 2, False), (5, 3, True)])
def test_a_connection_ends_with_its_answer_where_others_are_in_line(
    settings: Settings, open_: int, idle: int, *, ends: bool
) -> None:
    worker, request = SimpleNamespace(nr_conns=open_, keepalived_conns=[None] * idle), SimpleNamespace(headers=[])
    Server(settings, {}).cfg.pre_request(worker, request)
    assert (request.headers == [("CONNECTION", "close")]) == ends


def test_the_gate_leaves_threads_for_everybody_else() -> None:
    gate = Gate()
    assert gate._places._initial_value < THREADS


def test_whoever_has_his_turn_stands_aside_while_a_person_is_answered() -> None:
    gate, passing, answered, order = Gate(), Event(), Event(), []

    def ask() -> None:
        with gate.passed():
            passing.set()
            assert answered.wait(PATIENCE_S)
            order.append("person")

    with ThreadPoolExecutor(2) as pool:
        asked = pool.submit(ask)
        assert passing.wait(PATIENCE_S)
        with gate.entered():
            gate._turn.courtesy_s = PATIENCE_S
            pool.submit(answered.set)
            gate.stand_aside()
            order.append("device")
        asked.result()
    assert order == ["person", "device"]


def test_courtesy_ends_and_then_a_turn_goes_on_whoever_asks() -> None:
    gate, passing, leave = Gate(), Event(), Event()

    def ask() -> None:
        with gate.passed():
            passing.set()
            assert leave.wait(PATIENCE_S)

    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask)
        assert passing.wait(PATIENCE_S)
        for _ in range(2):  # every turn has courtesy of its own
            with gate.entered():
                gate.stand_aside()
                assert gate._turn.courtesy_s == 0
                gate.stand_aside()
        leave.set()
        asked.result()


def test_nobody_stands_aside_for_himself_or_without_a_turn() -> None:
    gate = Gate()
    with gate.entered(), gate.passed():
        gate.stand_aside()
        assert gate._turn.courtesy_s == COURTESY_S
    with gate.passed():
        gate.stand_aside()
    assert gate._people == 0


def test_a_push_stands_aside_between_its_steps(settings: Settings, runtime: Runtime, world: World) -> None:
    street, gate = Street(world), CountingGate()
    phone = Phone(create_app(settings, parts=replace(runtime, gate=gate)).test_client(), world, street)
    phone.shake_hands()
    phone.push(*(phone.submit(street.add()) for _ in range(10)))
    assert gate.courtesies > 10


class CountingGate(Gate):
    """Counts how often somebody would have stood aside."""

    courtesies = 0

    def stand_aside(self) -> None:
        """Count it, and stand aside."""
        self.courtesies += 1
        super().stand_aside()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/sync/handshake"),
        ("POST", "/api/v1/sync/push"),
        ("GET", "/api/v1/sync/pull"),
        ("POST", "/api/v1/sync/snapshot"),
        ("POST", "/api/v1/sync/verify"),
    ],
)
def test_a_refused_device_is_told_when_to_come_again_and_others_are_served(
    settings: Settings, runtime: Runtime, world: World, method: str, path: str
) -> None:
    full = replace(runtime, gate=Gate(at_once=1, waiting=0))
    client = create_app(settings, parts=full).test_client()
    with full.gate.entered():
        refused = client.open(path, method=method, data=b"{}")
        served = client.get("/api/v1/me", headers=world.headers("officer"))
    assert (refused.status_code, refused.json["code"]) == (503, "server_busy")
    assert refused.headers["Retry-After"] == str(RETRY_AFTER_S)
    assert served.status_code == 200
    assert client.open(path, method=method, data=b"{}").status_code == 401
