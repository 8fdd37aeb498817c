"""The life of a paper, step by step as hypothesis likes, on the real database, against a ledger kept by hand (§2.2)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from inspection_api.core.errors import Problem
from inspection_api.inspections.models import Inspection
from inspection_api.inspections.rules import Amendment
from inspection_api.inspections.service.amending import amend
from kiosk_print import service
from tests.kiosk_print.ledger import Ledger, chinese_day

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.fixtures import Clock
    from tests.kiosk_print.conftest import Desk

API = "/api/v1"
PRINTERS = st.sampled_from(["officer", "manager", "branch_manager"])
ASKERS = st.sampled_from(["officer", "manager", "second_manager"])
DECIDERS = st.sampled_from(
    ["manager", "second_manager", "branch_manager", "approver", "province_manager", "second_province_manager"]
)
VOIDERS = st.sampled_from(["manager", "second_manager", "branch_manager"])
KEYS = st.sampled_from(["intention-1", "intention-2", "intention-3", "new", "new"])
PICK = st.integers(0, 99)
START = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)


class Life(RuleBasedStateMachine):
    """One visit from before its acceptance; the clock only goes forward."""

    client: ClassVar[FlaskClient]
    desk: ClassVar[Desk]
    clock: ClassVar[Clock]
    series: ClassVar[dict[str, int]]

    @initialize()
    def begin(self) -> None:
        self.clock.now = START
        self.ledger = Ledger()
        self.visit_id = self.desk.accept(state="submitted", accepted_at=None)
        self.request_ids: list[str] = []
        self.print_ids: list[str] = []
        self.plea_ids: list[str] = []
        self.put_terms(7, 5)

    @property
    def now(self) -> datetime:
        return self.clock.now

    def call(self, method: str, path: str, user: str, key: str | None = None, **body: Any) -> Any:
        headers = {**self.desk.world.headers(user), "Idempotency-Key": key or str(uuid4())}
        more = {"json": body} if method != "get" else {}
        return getattr(self.client, method)(f"{API}{path}", headers=headers, **more)

    def meets(self, answer: Any, refusal: str | None, status: int = 200) -> bool:
        """Tell whether the ledger lets it happen, after the server said the same."""
        told = (answer.status_code, None) if answer.status_code < 400 else (None, answer.json["code"])
        assert told == ((status, None) if refusal is None else (None, refusal)), answer.json
        return refusal is None

    @rule(hours=st.sampled_from([1, 11, 24, 49, 97]))
    def time_passes(self, hours: int) -> None:
        self.clock.advance(hours=hours)

    @rule(ms=st.sampled_from([-1, 0]))
    def time_passes_to_the_edge_of_the_window(self, ms: int) -> None:
        if self.ledger.windows:
            self.clock.now = max(self.now, self.ledger.windows[-1].closes + timedelta(milliseconds=ms))

    @rule(ms=st.sampled_from([-1, 0]))
    def time_passes_to_the_end_of_the_request(self, ms: int) -> None:
        pending = self.ledger.pending(self.now)
        if pending:
            self.clock.now = max(self.now, pending.expires + timedelta(milliseconds=ms))

    @rule()
    def the_visit_is_accepted(self) -> None:
        if self.ledger.state == "submitted":
            self.become("accepted", accepted_at=self.now, blockers=[])
            self.ledger.accept(self.now)

    @rule(sure=PICK)
    def the_visit_is_voided(self, sure: int) -> None:
        if self.ledger.state == "accepted" and sure > 90:
            self.desk.void(self.visit_id)
            self.ledger.void_visit()

    def become(self, state: str, **values: Any) -> None:
        with self.desk.world.transaction() as ctx:
            row = ctx.session.get_one(Inspection, self.visit_id)
            for name, value in {"state": state, **values}.items():
                setattr(row, name, value)
            ctx.session.flush()
            ctx.record(f"inspection.{state}", inspection_id=str(self.visit_id))

    @rule(who=ASKERS)
    def somebody_asks_for_an_unlock(self, who: str) -> None:
        answer = self.desk.ask(self.client, self.visit_id, who)
        if self.meets(answer, self.ledger.ask(who, self.now), 201):
            self.request_ids.append(answer.json["id"])

    @rule(who=ASKERS, pick=PICK)
    def somebody_withdraws_a_request(self, who: str, pick: int) -> None:
        if self.request_ids:
            place = -1 if pick < 80 else pick % len(self.request_ids)
            answer = self.call("post", f"/unlock-requests/{self.request_ids[place]}/withdraw", who)
            self.meets(answer, self.ledger.withdraw(self.ledger.requests[place], who, self.now))

    @rule(who=DECIDERS, days=st.sampled_from([None, 1, 3, 7]), pick=PICK)
    def somebody_decides_a_request(self, who: str, days: int | None, pick: int) -> None:
        if self.request_ids:
            place = -1 if pick < 80 else pick % len(self.request_ids)
            body = {"approved": True, "days": days} if days else {"approved": False, "reason": "理由不充分"}
            answer = self.desk.decide(self.client, self.request_ids[place], who, **body)
            request = self.ledger.requests[place]
            if not self.meets(answer, self.ledger.decide(request, who, self.now, days)) and "decided_by" in answer.json:
                winner = request.decided_by
                assert answer.json["decided_by_name"] == (f"姓名{winner}" if winner else None)

    @rule(who=PRINTERS, key=KEYS)
    def somebody_prints(self, who: str, key: str) -> None:
        key = str(uuid4()) if key == "new" else f"{key}-{self.visit_id}"
        answer = self.desk.print(self.client, self.visit_id, who, key)
        known = self.ledger.keys.get((who, key))
        if known is None and self.meets(answer, self.ledger.may_print(self.now), 201):
            known = self.ledger.print(who, key, self.next_number())
            self.print_ids.append(answer.json["id"])
        if known is not None:
            told = (int(answer.json["number"].split("-")[3]), answer.json["copy"], answer.json["status"])
            assert told == (int(known.number), known.copy, known.status)

    def next_number(self) -> str:
        """Return the number of the next original, and take it from the series if it will be one."""
        month = f"{chinese_day(self.now):%Y%m}"
        if not self.ledger.living:
            self.series[month] = self.series.get(month, 0) + 1
        return str(self.series.get(month, 0))

    @rule(who=VOIDERS, pick=PICK)
    def somebody_voids_a_print(self, who: str, pick: int) -> None:
        if self.print_ids:
            place = pick % len(self.print_ids)
            answer = self.call("post", f"/prints/{self.print_ids[place]}/void", who, reason="打印机卡纸，原件损坏")
            self.meets(answer, self.ledger.void_sheet(self.ledger.sheets[place], who))

    @rule(who=PRINTERS, pick=PICK)
    def somebody_asks_that_a_print_be_voided(self, who: str, pick: int) -> None:
        if self.print_ids:
            place = pick % len(self.print_ids)
            answer = self.desk.ask_void(self.client, self.print_ids[place], who)
            if self.meets(answer, self.ledger.plead(self.ledger.sheets[place], who), 201):
                self.plea_ids.append(answer.json["id"])

    @rule(who=PRINTERS, pick=PICK)
    def somebody_takes_that_back(self, who: str, pick: int) -> None:
        if self.plea_ids:
            place = -1 if pick < 80 else pick % len(self.plea_ids)
            answer = self.call("post", f"/void-requests/{self.plea_ids[place]}/withdraw", who)
            self.meets(answer, self.ledger.take_plea_back(self.ledger.pleas[place], who))

    @rule(who=VOIDERS, approved=st.booleans(), pick=PICK)
    def somebody_decides_about_it(self, *, who: str, approved: bool, pick: int) -> None:
        if self.plea_ids:
            place = -1 if pick < 80 else pick % len(self.plea_ids)
            body = {"approved": approved, "reason": "" if approved else "内容无误，不必作废"}
            answer = self.desk.decide_void(self.client, self.plea_ids[place], who, **body)
            plea = self.ledger.pleas[place]
            told = self.ledger.answer_plea(plea, who, approved=approved)
            if not self.meets(answer, told) and told == "void_decided":
                assert answer.json["decided_by_name"] == (f"姓名{plea.decided_by}" if plea.decided_by else None)

    @rule()
    def the_superior_gives_his_opinion(self) -> None:
        answer = self.call("post", f"/inspections/{self.visit_id}/paper/opinion", "approver", text="同意，压降授信")
        self.meets(answer, self.ledger.give_opinion("approver", self.now), 201)

    @rule(conclusion=st.sampled_from(["normal", "watch", "strong_watch"]))
    def an_amendment_is_approved(self, conclusion: str) -> None:
        with self.desk.world.transaction("manager") as ctx:
            author = self.desk.world.people["officer"]
            change = {"conclusion": {"value": conclusion}}
            wanted = Amendment(inspection_id=self.visit_id, op_id=uuid4(), author_id=author, answers=change)
            try:
                amend(ctx, wanted)
                told = None
            except Problem as problem:
                told = problem.code
        assert told == self.ledger.amend(conclusion, self.now)

    @rule(days=st.integers(1, 9), limit=st.integers(1, 6))
    def the_bank_changes_its_terms(self, days: int, limit: int) -> None:
        self.put_terms(days, limit)

    def put_terms(self, days: int, limit: int) -> None:
        path = f"/organisations/{self.desk.world.organisations['sub_branch']}/print-terms"
        answer = self.call("put", path, "province_manager", window_days=days, prints_per_window=limit)
        assert answer.status_code == 200
        self.ledger.window_days, self.ledger.limit = days, limit

    @rule()
    def the_sweep_runs(self) -> None:
        with self.desk.world.transaction() as ctx:
            while service.sweep(ctx):
                pass
            mine = [event for event in ctx.pending if event.data.get("inspection_id") == str(self.visit_id)]
            told = [event.kind for event in mine if not event.kind.endswith(".escalated")]
        assert sorted(told) == self.ledger.sweep(self.now)

    @invariant()
    def the_paper_stands_as_the_ledger_says(self) -> None:
        if not hasattr(self, "ledger"):
            return
        paper, ledger, now = self.desk.paper(self.client, self.visit_id), self.ledger, self.now
        assert paper["state"] == ledger.standing(now)
        assert [datetime.fromisoformat(each["closes_at"]) for each in paper["windows"]] == [
            each.closes for each in ledger.windows
        ]
        used = {each.window for each in ledger.sheets}
        assert [each["used"] for each in paper["windows"]] == [n in used for n in range(1, len(ledger.windows) + 1)]
        assert paper["unlock_count"] == len(ledger.unlocks)
        last = ledger.unlocks[-1] if ledger.unlocks else None
        assert (paper["last_unlocked_by"] or {}).get("name") == (f"姓名{last.decided_by}" if last else None)
        assert [self.effective(each) for each in paper["requests"]] == [each.stands(now) for each in ledger.requests]
        printed = [(int(each["number"].split("-")[3]), each["copy"], each["status"]) for each in paper["prints"]]
        assert sorted(printed) == sorted((int(each.number), each.copy, each.status) for each in ledger.sheets)
        assert [each["status"] for each in paper["void_requests"]] == [each.status for each in ledger.pleas]
        assert (paper["opinion"] is not None) == (ledger.opinion_by is not None)
        if ledger.standing(now) in {"locked", "unlock_requested"}:
            names = {each["name"].removeprefix("姓名") for each in paper["deciders"]}
            assert names == ledger.deciders(now)
        originals = [each for each in ledger.living if each.copy == 1]
        assert len(originals) <= 1

    def effective(self, request: dict[str, Any]) -> str:
        over = request["status"] == "pending" and datetime.fromisoformat(request["expires_at"]) <= self.now
        return "expired" if over else str(request["status"])


def live(client: FlaskClient, desk: Desk, clock: Clock, *, examples: int, steps: int) -> None:
    parts = {"client": client, "desk": desk, "clock": clock, "series": {}}
    quiet = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    run_state_machine_as_test(type("Life", (Life,), parts), settings=quiet)


def test_a_paper_lives_as_the_ledger_says(client: FlaskClient, desk: Desk, clock: Clock) -> None:
    live(client, desk, clock, examples=12, steps=30)


@pytest.mark.long
def test_many_papers_live_as_the_ledger_says(client: FlaskClient, desk: Desk, clock: Clock) -> None:
    live(client, desk, clock, examples=150, steps=60)
