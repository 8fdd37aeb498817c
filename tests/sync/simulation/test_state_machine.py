"""The same steps, chosen and cut down by hypothesis (sync.md §9, layer 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.sync.simulation.events import EVENTS
from tests.sync.simulation.simulator import CASTS, Simulation, Step

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from tests.sync.simulation.towns import Stage

WRITTEN = ("save", "submit", "bind", "unlock")
TROUBLE = ("lose_requests", "lose_answers", "double", "server_dies", "echo", "overtake", "small_batches", "offline")
PHONE = ("crash", "reboot", "jump", "reinstall")
PULLED = ("pull", "abort_pull", "snapshot", "verify", "synchronise", "push")
WHO = st.integers(0, 3)
NUMBER = st.integers(0, 10**6)


class Protocol(RuleBasedStateMachine):
    """Two to four devices in two banks; every step looks at everything, and the end lets them finish."""

    stage: ClassVar[Stage]
    act: AbstractContextManager[None] | None = None
    simulation: Simulation
    is_broken = False

    @initialize(cast=st.sampled_from(CASTS))
    def raise_the_curtain(self, cast: tuple[tuple[str, str], ...]) -> None:
        self.act = self.stage.act()
        self.act.__enter__()
        self.simulation = Simulation(self.stage, cast)

    def step(self, what: str, who: int, number: int) -> None:
        try:
            self.simulation.step(Step(what, who, number))
        except BaseException:
            self.is_broken = True
            raise

    @rule(what=st.sampled_from(WRITTEN), who=WHO, number=NUMBER)
    def an_officer_writes(self, what: str, who: int, number: int) -> None:
        self.step(what, who, number)

    @rule(what=st.sampled_from(TROUBLE), who=WHO, number=NUMBER)
    def a_push_meets_trouble(self, what: str, who: int, number: int) -> None:
        self.step(what, who, number)

    @rule(what=st.sampled_from(PULLED), who=WHO, number=NUMBER)
    def a_device_synchronises(self, what: str, who: int, number: int) -> None:
        self.step(what, who, number)

    @rule(what=st.sampled_from(PHONE), who=WHO, number=NUMBER)
    def a_phone_fails(self, what: str, who: int, number: int) -> None:
        self.step(what, who, number)

    @rule(what=st.sampled_from(sorted(EVENTS)), who=WHO, number=NUMBER)
    def the_bank_goes_on(self, what: str, who: int, number: int) -> None:
        self.step(what, who, number)

    def teardown(self) -> None:
        if self.act is None:
            return
        try:
            if not self.is_broken:
                self.simulation.quiesce()
        finally:
            self.simulation.close()
            self.act.__exit__(None, None, None)


def run(stage: Stage, monkeypatch: pytest.MonkeyPatch, *, examples: int, steps: int) -> None:
    monkeypatch.setattr(Protocol, "stage", stage, raising=False)
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Protocol, settings=chosen)


def test_any_steps_in_any_order_keep_the_promises(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    run(stage, monkeypatch, examples=5, steps=10)


@pytest.mark.long
def test_many_more_steps_keep_them_too(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    run(stage, monkeypatch, examples=300, steps=30)
