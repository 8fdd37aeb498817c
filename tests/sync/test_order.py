"""The order of a device's operations, without a database: numbers, gaps, duplicates, dependencies, turns."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.errors import BatchMalformed, DeviceForked
from sync.protocol import order
from sync.protocol.envelope import Received, decode_operation
from sync.protocol.ledger import Known, Ledger, Position
from sync.protocol.order import Turn
from sync.protocol.turns import in_turn
from sync.protocol.verdicts import Status, Verdict, rejected
from tests.sync.operations import NOW, known, ledger, missing, received, seqs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

OLD = NOW - order.GAP_PATIENCE


def arrange(
    batch: Sequence[Received],
    waiting: Sequence[Received] = (),
    seen: dict[UUID, Known] | None = None,
    position: Position | None = None,
    abandoned: Iterable[int] = (),
) -> order.Arrangement:
    return order.arrange(batch, waiting, seen or {}, position or Position(), abandoned=abandoned, now=NOW)


@given(st.permutations(range(1, 9)), st.integers(0, 8))
def test_any_order_and_any_split_end_at_the_same_position(numbers: list[int], cut: int) -> None:
    items = [received(seq) for seq in numbers]
    whole, parts = arrange(items).position, Position()
    seen: dict[UUID, Known] = {}
    for part in (items[:cut], items[cut:]):
        parts = arrange(part, seen=seen, position=parts).position
        for item in part:
            seen |= known(item)
    assert whole == parts == Position(next_seq=9)
    assert parts.acked_through == 8


@given(st.sets(st.integers(1, 40), min_size=1), st.sets(st.integers(1, 40)))
def test_what_is_acknowledged_has_no_gap_before_it(numbers: set[int], abandoned: set[int]) -> None:
    position = arrange([received(seq) for seq in numbers], abandoned=abandoned).position
    settled = numbers | abandoned
    assert set(range(1, position.acked_through + 1)) <= settled
    assert position.acked_through + 1 not in settled
    assert position.gaps.keys() == set(range(1, max(settled))) - settled


def test_a_batch_is_taken_in_the_order_of_its_numbers_with_the_held_among_it() -> None:
    held, late, early = received(3), received(4), received(2)
    arranged = arrange([late, early], [held], known(held, Status.HELD), Position(next_seq=2))
    assert seqs(arranged.queue) == [2, 3, 4]


def test_a_held_operation_that_is_sent_again_is_taken_once() -> None:
    done, held = received(1), received(3)
    seen = known(done) | known(held, Status.HELD)
    arranged = arrange([held, done], [held], seen, Position(next_seq=4, gaps=missing(2)))
    assert seqs(arranged.queue) == [1, 3]


@pytest.mark.parametrize("batch", [[received(1)], [received(2), received(2)]])
def test_a_used_number_is_a_fork(batch: list[Received]) -> None:
    with pytest.raises(DeviceForked):
        arrange(batch, position=Position(next_seq=2))


@pytest.mark.parametrize("position", [Position(), Position(next_seq=10_001, gaps=missing(*range(1, 10_001)))])
def test_too_many_missing_numbers_are_refused(position: Position) -> None:
    with pytest.raises(BatchMalformed):
        arrange([received(20_002)], position=position)


def test_abandoned_numbers_are_gaps_no_more_and_never_come_again() -> None:
    position = Position(next_seq=4, gaps=missing(1, 2))
    arranged = arrange([], position=position, abandoned=[1, 2, 5])
    assert (arranged.position.acked_through, arranged.settled) == (3, {1: None, 2: None, 5: None})
    assert arranged.position == Position(next_seq=6, gaps=missing(4))
    with pytest.raises(DeviceForked):
        arrange([received(2)], position=arranged.position)


def test_an_operation_beats_its_own_abandonment() -> None:
    arranged = arrange([received(1)], abandoned=[1])
    assert arranged.settled == {}


def test_a_known_operation_under_a_new_number_leaves_no_gap() -> None:
    elsewhere = received(40)
    again = decode_operation(elsewhere.raw.replace(b'"seq": 40', b'"seq": 1'))
    seen = known(elsewhere, seq=None)
    arranged = arrange([again, received(2)], seen=seen)
    assert arranged.position.acked_through == 2
    assert arranged.settled == {1: elsewhere.head.op_id}
    assert order.numbers_of(arranged, seen, {})[1] == elsewhere.head.op_id


def test_a_reused_id_takes_its_number_but_stands_for_nothing() -> None:
    first = received(1)
    other = received(2, op_id=first.head.op_id, type="inspection.save")
    arranged = arrange([other], seen=known(first), position=Position(next_seq=2))
    assert (arranged.position.acked_through, arranged.settled) == (2, {2: None})
    assert 2 not in order.numbers_of(arranged, known(first), {})


def test_one_operation_twice_in_a_batch_takes_both_numbers() -> None:
    first = received(1)
    again = decode_operation(first.raw.replace(b'"seq": 1', b'"seq": 2'))
    arranged = arrange([first, again])
    assert (arranged.position.acked_through, arranged.settled) == (2, {2: first.head.op_id})


def test_a_known_operation_is_replayed_and_its_other_content_refused() -> None:
    item = received(1)
    assert order.decide_step(item, ledger(known=known(item))).turn is Turn.REPLAY
    other = received(1, op_id=item.head.op_id, type="inspection.save")
    book = ledger(known=known(item))
    verdict = order.decide_step(other, book).verdict
    assert verdict == rejected("op_id_reused")
    book.note(other, verdict)
    assert book.statuses[item.head.op_id] is Status.APPLIED


def test_a_parked_operation_has_its_turn_only_when_it_is_retried() -> None:
    item = received(1)
    seen = known(item, Status.PARKED)
    assert order.decide_step(item, ledger(known=seen)).turn is Turn.REPLAY
    assert order.decide_step(item, ledger(known=seen, retried={item.head.op_id})).turn is Turn.JUDGE


def test_an_unreadable_operation_is_rejected_with_its_fault() -> None:
    verdict = order.decide_step(received(1, captured=None), ledger()).verdict
    assert verdict is not None
    assert (verdict.status, verdict.code) == (Status.REJECTED, "invalid_payload")


def test_the_digest_ignores_own_numbers_and_the_order_of_members() -> None:
    item = received(9, depends_on=[3, str(UUID(int=7))])
    again = dict(reversed(json.loads(item.raw).items())) | {"seq": 2, "depends_on": [1, str(UUID(int=7))]}
    assert decode_operation(json.dumps(again).encode()).digest() == item.digest()
    other = again | {"depends_on": [1, str(UUID(int=8))]}
    assert decode_operation(json.dumps(other).encode()).digest() != item.digest()


def turn(item: Received, book: Ledger) -> tuple[Any, ...]:
    """Return the status that the order alone decides, or what an operation inherits when it is judged."""
    step = order.decide_step(item, book)
    return (step.verdict.status, step.verdict.code) if step.verdict else (*step.codes, *step.flags)


HELD, BAD = (Status.HELD, "held"), (Status.REJECTED, "bad_dependency")
BEHIND = Position(next_seq=10, gaps=missing(2))
BEHIND_OLD = Position(next_seq=10, gaps=missing(2, since=OLD))


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (Status.HELD, HELD),
        (Status.PARKED, HELD),
        (Status.QUARANTINED, ("dependency",)),
        (Status.REJECTED, ("dependency",)),
        (Status.APPLIED, ()),
        (Status.SUPERSEDED, ()),
    ],
)
@pytest.mark.parametrize("by_number", [True, False])
def test_a_dependency_stands_as_its_operation_does(
    status: Status, expected: tuple[Any, ...], *, by_number: bool
) -> None:
    leader = received(1)
    item = received(2, depends_on=[1 if by_number else str(leader.head.op_id)])
    book = ledger(leader, item)
    book.note(leader, Verdict(status=status))
    assert turn(item, book) == expected


@pytest.mark.parametrize("leaders", [[3], [4], ["self"], ["later"], [str(UUID(int=1))]])
def test_what_can_never_come_first_is_a_bad_dependency(leaders: list[Any]) -> None:
    later = received(4)
    names = {"self": str(UUID(int=3)), "later": str(later.head.op_id)}
    item = received(3, op_id=UUID(int=3), depends_on=[names.get(leader, leader) for leader in leaders])
    assert turn(item, ledger(item, later)) == BAD


def test_a_later_operation_that_is_judged_earlier_is_still_a_bad_dependency() -> None:
    bind = received(4, "checkpoint.bind")
    item = received(3, depends_on=[str(bind.head.op_id)])
    book = ledger(item, bind)
    book.note(bind, Verdict(status=Status.APPLIED))
    assert turn(item, book) == BAD


@pytest.mark.parametrize("leader", [2, str(UUID(int=1))])
def test_what_may_still_come_in_a_gap_is_waited_for_and_not_for_ever(leader: int | str) -> None:
    item = received(3, depends_on=[leader])
    assert turn(item, ledger(item, position=BEHIND)) == HELD
    assert turn(item, ledger(item, position=BEHIND_OLD)) == ("dependency", "gap")


def test_a_number_whose_operation_has_its_turn_later_is_a_bad_dependency() -> None:
    later = received(7)
    item = received(5, depends_on=[3])
    assert (
        turn(item, ledger(item, later, numbers={3: later.head.op_id, 5: item.head.op_id, 7: later.head.op_id})) == BAD
    )


def test_ten_thousand_missing_numbers_are_given_up_at_once() -> None:
    position = Position(next_seq=10_000, gaps=dict.fromkeys(range(1, 10_000), NOW))
    arrangement = arrange([], position=position, abandoned=[*range(1, 9_000), 10_000, 10_002])
    assert arrangement.position.next_seq == 10_003
    assert arrangement.position.gaps.keys() == {*range(9_000, 10_000), 10_001}


def test_a_number_that_was_given_up_is_a_dependency_that_failed() -> None:
    item = received(3, depends_on=[1])
    assert turn(item, ledger(item)) == ("dependency",)


def test_a_circle_through_what_is_held_is_a_bad_dependency() -> None:
    item = received(2, op_id=UUID(int=2))
    held = received(3, depends_on=[str(UUID(int=2))])
    leaning = decode_operation(item.raw.replace(b'"payload"', b'"depends_on": ["%s"], "payload"' % _id(held)))
    own = known(held, Status.HELD, depends_on=frozenset({UUID(int=2)}))
    assert turn(leaning, ledger(leaning, held, known=own)) == BAD
    elsewhere = known(held, Status.HELD, seq=None, depends_on=frozenset({UUID(int=2)}))
    assert turn(leaning, ledger(leaning, known=elsewhere)) == BAD
    settled = known(held, Status.APPLIED, seq=None)
    assert turn(leaning, ledger(leaning, known=settled)) == ()


def _id(item: Received) -> bytes:
    return str(item.head.op_id).encode()


def test_only_captured_facts_are_judged_behind_a_gap_and_after_72_hours_everything() -> None:
    assert turn(received(3), ledger(position=BEHIND)) == ("gap",)
    assert turn(received(3, "inspection.save"), ledger(position=BEHIND)) == HELD
    assert turn(received(3, "inspection.save"), ledger(position=BEHIND_OLD)) == ("gap",)
    young = Position(next_seq=10, gaps=missing(2, since=OLD + timedelta(seconds=1)))
    assert turn(received(3, "inspection.save"), ledger(position=young)) == HELD
    assert turn(received(1, "inspection.save"), ledger(position=young)) == ()


def test_operations_wait_behind_a_parked_one_on_the_same_entity_only() -> None:
    entity = uuid4()
    parked, before, after = (received(seq, entity_id=str(entity)) for seq in (5, 4, 6))
    stored = known(parked, Status.PARKED, entity_id=entity)
    now = ledger()
    now.note(parked, Verdict(status=Status.PARKED))
    for book in (ledger(known=stored), now):
        assert turn(after, book) == HELD
        assert turn(before, book) == ()
        assert turn(received(7), book) == ()
    assert turn(after, ledger(known=stored, retried={parked.head.op_id})) == ()
    assert turn(after, ledger(known=known(parked, Status.PARKED, seq=None, entity_id=entity))) == ()


def test_what_cannot_be_read_makes_nothing_wait_even_if_it_is_parked() -> None:
    book = ledger()
    book.note(received(1, captured=None), Verdict(status=Status.PARKED))
    assert turn(received(2), book) == ()


def test_every_operation_inherits_what_is_said_of_its_push() -> None:
    book = ledger(position=BEHIND, codes=("device_revoked",), flags=("signature_invalid",))
    assert turn(received(3), book) == ("device_revoked", "signature_invalid", "gap")
    held = received(4, "inspection.save")
    step = order.decide_step(held, book)
    assert step.verdict == Verdict(status=Status.HELD, flags=("signature_invalid",))
    later = ledger(known=known(held, Status.HELD, flags=("signature_invalid",)))
    assert turn(held, later) == ("signature_invalid",)


@st.composite
def batches(draw: st.DrawFn) -> list[Received]:
    """A batch without gaps whose operations depend on earlier ones, by number or id, and bind or visit two places."""
    items: list[Received] = []
    for seq in range(1, draw(st.integers(2, 9))):
        kind = draw(st.sampled_from(["checkpoint.bind", "inspection.submit", "inspection.save"]))
        leaders = draw(st.lists(st.sampled_from(items), max_size=2, unique_by=id)) if items else []
        named = [draw(st.sampled_from([item.head.seq, str(item.head.op_id)])) for item in leaders]
        entity = UUID(int=draw(st.integers(1, 2)) + (0 if kind == "checkpoint.bind" else 10))
        items.append(received(seq, kind, UUID(int=100 + seq), entity_id=str(entity), depends_on=named))
    return items


def place_of(item: Received) -> UUID:
    assert item.operation is not None
    return UUID(int=item.operation.entity_id.int - 10)


def visited(items: Iterable[Received]) -> dict[UUID, UUID]:
    return {i.head.op_id: place_of(i) for i in items if i.operation and i.operation.type == "inspection.submit"}


@given(batches())
def test_in_its_turn_everything_comes_after_what_it_depends_on_and_what_came_before_on_its_entity(
    items: list[Received],
) -> None:
    ordered = in_turn(items, visited(items))
    assert sorted(seqs(ordered)) == seqs(items)
    place = {item.head.seq: index for index, item in enumerate(ordered)}
    book = ledger(*items)
    for item in ordered:
        assert turn(item, book) == ()
        book.note(item, Verdict(status=Status.APPLIED))
        same = [
            i for i in items if i.operation and item.operation and i.operation.entity_id == item.operation.entity_id
        ]
        assert all((i.head.seq < item.head.seq) == (place[i.head.seq] < place[item.head.seq]) for i in same)


def test_a_binding_comes_before_the_visits_of_its_own_checkpoint_only() -> None:
    mine, other = received(1, entity_id=str(UUID(int=11))), received(2, entity_id=str(UUID(int=12)))
    bind = received(3, "checkpoint.bind", entity_id=str(UUID(int=1)))
    items = [mine, other, bind]
    assert seqs(in_turn(items, visited(items))) == [2, 3, 1]


def test_a_binding_never_comes_before_what_it_depends_on() -> None:
    leading = received(1, entity_id=str(UUID(int=11)))
    free = received(2, entity_id=str(UUID(int=21)))
    first = received(3, "inspection.save", depends_on=[1], entity_id=str(uuid4()))
    bind = received(4, "checkpoint.bind", entity_id=str(UUID(int=1)), depends_on=[str(first.head.op_id)])
    unreadable = received(5, captured=None)
    places = {leading.head.op_id: UUID(int=1), free.head.op_id: UUID(int=1)}
    ordered = in_turn([leading, free, first, bind, unreadable], places)
    assert seqs(ordered) == [1, 3, 4, 2, 5]
