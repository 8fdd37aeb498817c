"""Drafts pushed by devices, from their numbers to their fields, without a database (sync.md §9, layer 1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from checkpoints.rules.lifecycle import State as CheckpointState
from checkpoints.rules.values import CheckpointFacts
from inspection_api.templates.default_template import DEFINITION
from inspection_api.templates.forms import compile_form
from sync.entities import OPERATIONS
from sync.protocol import order
from sync.protocol.facts import Facts, PublishedTemplate, Record, Sender
from sync.protocol.ledger import Known, Ledger, Position
from sync.protocol.order import GAP_PATIENCE, Turn
from sync.protocol.save import judge_save
from sync.protocol.verdicts import Status
from tests.sync.operations import NOW, received

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sync.protocol.envelope import Received

USER, POINT, TEMPLATE, RECORD, ORGANISATION, CUSTOMER = (UUID(int=number) for number in range(1, 7))
ITEMS = ("power_kwh", "tax_ytd", "note")
FORM = compile_form(DEFINITION)
PLACE = CheckpointFacts(
    id=POINT,
    code="CP-1",
    public_id="P",
    customer_id=CUSTOMER,
    organisation_id=ORGANISATION,
    officer_id=USER,
    state=CheckpointState.ACTIVE,
    radius_m=200,
    plate_generation=1,
    location_generation=1,
)


@dataclass
class Paper:
    """A server on paper: one draft, and of every device its position, receipts and held operations."""

    record: Record | None = None
    positions: dict[UUID, Position] = field(default_factory=dict)
    known: dict[UUID, Known] = field(default_factory=dict)
    held: dict[UUID, Received] = field(default_factory=dict)
    receipts: dict[UUID, Any] = field(default_factory=dict)

    def push(self, device_id: UUID, batch: Sequence[Received]) -> None:
        """Take a batch as a push does: arranged, judged in turn, written down."""
        before = self.positions.get(device_id, Position())
        arranged = order.arrange(batch, list(self.held.values()), self.known, before, now=NOW)
        ledger = Ledger(position=arranged.position, patient_since=NOW - GAP_PATIENCE, known=dict(self.known))
        facts = self._facts(device_id)
        for each in arranged.queue:
            step = order.decide_step(each, ledger)
            if step.turn is not Turn.REPLAY:
                verdict = step.verdict or self._judged(facts, each, step)
                ledger.note(each, verdict)
                self._keep(each, verdict)
        self.positions[device_id] = arranged.position
        self.record = facts.records.get(RECORD)

    def _facts(self, device_id: UUID) -> Facts:
        sender = Sender(
            user_id=USER,
            device_id=device_id,
            is_approved=True,
            since=datetime(2026, 1, 1, tzinfo=UTC),
            samples=(),
            bank_tag="0" * 8,
            plate_key=b"",
            received_at=NOW,
        )
        return Facts(
            sender=sender,
            checkpoints={POINT: PLACE},
            supervised=frozenset({POINT}),
            reachable=frozenset({POINT}),
            templates={TEMPLATE: PublishedTemplate(form=FORM, family="plain_paper")},
            records={RECORD: self.record} if self.record else {},
            stored_versions={RECORD: self.record.version} if self.record else {},
        )

    @staticmethod
    def _judged(facts: Facts, each: Received, step: order.Step) -> Any:
        assert each.operation is not None
        payload = OPERATIONS["inspection.save"].payload.decode(each.operation.payload)
        return judge_save(facts, each.operation, payload, step)[0]

    def _keep(self, each: Received, verdict: Any) -> None:
        op_id = each.head.op_id
        self.receipts[op_id] = verdict
        self.known[op_id] = Known(op_id=op_id, digest=each.digest(), status=verdict.status, seq=each.head.seq)
        self.held.pop(op_id, None)
        if verdict.status is Status.HELD:
            self.held[op_id] = each

    @property
    def says(self) -> dict[str, Any]:
        """Return the draft's fields."""
        if self.record is None:
            return {}
        note = {"note": self.record.note} if self.record.note is not None else {}
        return {**{item: answer["value"] for item, answer in self.record.answers.items()}, **note}

    @property
    def statuses(self) -> dict[UUID, Status]:
        return {op_id: verdict.status for op_id, verdict in self.receipts.items()}


def saved(device: int, seq: int, fields: dict[str, str], base_version: int = 0) -> Received:
    payload = {
        "checkpoint_id": str(POINT),
        "template_version_id": str(TEMPLATE),
        "answers": [{"item": item, "value": value} for item, value in fields.items() if item != "note"],
        **({"note": fields["note"]} if "note" in fields else {}),
    }
    op_id = UUID(int=device << 32 | seq)
    return received(seq, "inspection.save", op_id, entity_id=str(RECORD), payload=payload, base_version=base_version)


ONE, TWO = UUID(int=101), UUID(int=102)
FIELDS = st.dictionaries(st.sampled_from(ITEMS), st.integers(1, 5).map(str), min_size=1)
CHAIN = st.lists(FIELDS, min_size=1, max_size=6)


def chain(device: int, saves: Sequence[dict[str, str]]) -> list[Received]:
    return [saved(device, seq, fields) for seq, fields in enumerate(saves, start=1)]


def played(*batches: tuple[UUID, Sequence[Received]]) -> Paper:
    paper = Paper()
    for device_id, batch in batches:
        paper.push(device_id, batch)
    return paper


@given(CHAIN, CHAIN)
def test_pushing_again_changes_nothing(mine: list[dict[str, str]], theirs: list[dict[str, str]]) -> None:
    batches = [(ONE, chain(1, mine)), (TWO, chain(2, theirs))]
    once, twice = played(*batches), played(*batches, *batches, batches[0])
    assert (twice.record, twice.receipts, twice.positions) == (once.record, once.receipts, once.positions)


@given(CHAIN, st.integers(0, 6), st.randoms(use_true_random=False))
def test_a_prefix_and_the_rest_in_any_order_say_what_the_whole_says(
    saves: list[dict[str, str]], cut: int, chance: Any
) -> None:
    whole = chain(1, saves)
    shuffled = chance.sample(whole, len(whole))
    at_once, in_parts = played((ONE, whole)), played((ONE, shuffled[:cut]), (ONE, shuffled[cut:]))
    assert in_parts.says == at_once.says
    assert in_parts.statuses == at_once.statuses
    assert in_parts.positions == at_once.positions
    assert in_parts.held == {}


@given(CHAIN)
def test_a_devices_own_saves_never_clash_and_its_last_word_stands(saves: list[dict[str, str]]) -> None:
    paper = played(*((ONE, [each]) for each in chain(1, saves)))
    assert set(paper.statuses.values()) == {Status.APPLIED}
    expected: dict[str, str] = {}
    for fields in saves:
        expected |= fields
    assert paper.says == expected


@given(FIELDS, FIELDS)
def test_saves_of_different_fields_commute(mine: dict[str, str], theirs: dict[str, str]) -> None:
    theirs = {name: value for name, value in theirs.items() if name not in mine}
    one, two = (ONE, [saved(1, 1, mine)]), (TWO, [saved(2, 1, theirs)])
    assert played(one, two).says == played(two, one).says == mine | theirs
    assert Status.CONFLICT not in played(one, two).statuses.values()


@given(CHAIN, CHAIN, st.integers(0, 3))
def test_receipts_follow_from_what_was_pushed_alone(
    mine: list[dict[str, str]], theirs: list[dict[str, str]], base_version: int
) -> None:
    based = [saved(2, seq, fields, base_version) for seq, fields in enumerate(theirs, start=1)]
    batches = [(ONE, chain(1, mine)), (TWO, based)]
    assert played(*batches).receipts == played(*batches).receipts


@given(CHAIN, CHAIN)
def test_the_value_first_accepted_stays_and_every_other_is_told(
    mine: list[dict[str, str]], theirs: list[dict[str, str]]
) -> None:
    first = played((ONE, chain(1, mine)))
    paper = played((ONE, chain(1, mine)), (TWO, chain(2, theirs)))
    assert {name: paper.says[name] for name in first.says} == first.says
    for each, fields in zip(chain(2, theirs), theirs, strict=True):
        differ = {name for name in fields.keys() & first.says.keys() if fields[name] != first.says[name]}
        outcomes = paper.receipts[each.head.op_id].fields
        told = {name.removeprefix("answers.") for name, is_ in outcomes.items() if is_["outcome"] == "conflict"}
        assert told == differ
