"""The protocol's pure heart: order, time, cursors, signatures, names (sync.md §9, layer 1)."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from sync.errors import BatchMalformed, CursorExpired, CursorForeign, DeviceForked, EpochChanged, SignatureInvalid
from sync.protocol import order, times
from sync.protocol.cursor import Binding, Place
from sync.protocol.envelope import Received, Stamp, decode_batch, decode_operation, unsafe_text
from sync.protocol.naming import names_of
from sync.protocol.order import Known, Position, Turn
from sync.protocol.page import count_fitting
from sync.protocol.signature import ensure_signed
from sync.protocol.times import Sample
from sync.protocol.verdicts import Status, rejected

NOW = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)
STAMP = {"wall": NOW.isoformat(), "mono_ms": 1, "boot_id": "b"}


def received(seq: int, kind: str = "inspection.submit", op_id: UUID | None = None, **changes: Any) -> Received:
    operation = {
        "op_id": str(op_id or uuid4()),
        "seq": seq,
        "op_format": 1,
        "type": kind,
        "entity_id": str(uuid4()),
        "captured": STAMP,
        "payload": {},
    }
    return decode_operation(json.dumps({**operation, **changes}).encode())


def known(item: Received, status: Status = Status.APPLIED) -> dict[UUID, Known]:
    return {item.head.op_id: Known(op_id=item.head.op_id, digest=item.digest(), status=status)}


@given(st.permutations(range(1, 9)), st.integers(0, 8))
def test_any_order_and_any_split_end_at_the_same_position(numbers: list[int], cut: int) -> None:
    whole, parts = Position(), Position()
    items = [received(seq) for seq in numbers]
    whole = order.arrange(items, [], {}, whole).position
    seen: dict[UUID, Known] = {}
    for part in (items[:cut], items[cut:]):
        parts = order.arrange(part, [], seen, parts).position
        for item in part:
            seen |= known(item)
    assert whole == parts == Position(next_seq=9)
    assert parts.acked_through == 8


@given(st.sets(st.integers(1, 40), min_size=1))
def test_what_is_acknowledged_has_no_gap_before_it(numbers: set[int]) -> None:
    position = order.arrange([received(seq) for seq in numbers], [], {}, Position()).position
    assert set(range(1, position.acked_through + 1)) <= numbers
    assert position.acked_through + 1 not in numbers
    assert position.gaps == frozenset(range(1, max(numbers))) - numbers


def test_a_batch_is_taken_in_the_order_of_its_numbers_with_the_held_among_it() -> None:
    held, late, early = received(3), received(4), received(2)
    arranged = order.arrange([late, early], [held], known(held, Status.HELD), Position(next_seq=2))
    assert [item.head.seq for item in arranged.queue] == [2, 3, 4]


def test_replays_come_first_and_a_held_operation_that_is_sent_again_is_taken_once() -> None:
    done, held = received(1), received(3)
    seen = known(done) | known(held, Status.HELD)
    arranged = order.arrange([held, done], [held], seen, Position(next_seq=4, gaps=frozenset({2})))
    assert [item.head.seq for item in arranged.queue] == [1, 3]


def test_a_used_number_is_a_fork_and_a_huge_jump_is_refused() -> None:
    with pytest.raises(DeviceForked):
        order.arrange([received(1)], [], {}, Position(next_seq=2))
    with pytest.raises(BatchMalformed):
        order.arrange([received(50_000)], [], {}, Position())


def test_abandoned_numbers_are_gaps_no_more() -> None:
    arranged = order.arrange([], [], {}, Position(next_seq=4, gaps=frozenset({1, 2})), abandoned=[1, 2])
    assert arranged.position.acked_through == 3


def step(item: Received, position: Position, statuses: dict[UUID, Status], seen: dict[UUID, Known]) -> order.Step:
    return order.decide_step(item, position, seen, statuses)


def test_a_known_operation_is_replayed_and_its_other_content_refused() -> None:
    item = received(1)
    assert step(item, Position(next_seq=2), {}, known(item)).turn is Turn.REPLAY
    other = received(1, op_id=item.head.op_id, type="inspection.save")
    assert step(other, Position(next_seq=2), {}, known(item)).verdict == rejected("op_id_reused")


def test_the_digest_ignores_the_number_and_the_order_of_members() -> None:
    item = received(1)
    again = dict(reversed(json.loads(item.raw).items())) | {"seq": 9}
    assert decode_operation(json.dumps(again).encode()).digest() == item.digest()


@pytest.mark.parametrize(
    ("leader", "status"),
    [(Status.HELD, Status.HELD), (Status.PARKED, Status.HELD), (None, Status.REJECTED)],
)
def test_a_dependency_holds_or_refuses(leader: Status | None, status: Status) -> None:
    first = uuid4()
    item = received(1, depends_on=[str(first)])
    verdict = step(item, Position(next_seq=2), {first: leader} if leader else {}, {}).verdict
    assert verdict is not None
    assert verdict.status is status


@pytest.mark.parametrize("leader", [Status.QUARANTINED, Status.REJECTED])
def test_a_bad_leader_quarantines_what_leans_on_it(leader: Status) -> None:
    first = uuid4()
    item = received(1, depends_on=[str(first)])
    assert step(item, Position(next_seq=2), {first: leader}, {}).codes == ("dependency",)


def test_only_captured_facts_are_judged_behind_a_gap() -> None:
    behind = Position(next_seq=3, gaps=frozenset({1}))
    assert step(received(2), behind, {}, {}).flags == ("gap",)
    held = step(received(2, "inspection.save"), behind, {}, {}).verdict
    assert held is not None
    assert held.status is Status.HELD


def stamp(mono_ms: int | None, boot_id: str | None, wall: datetime = NOW) -> Stamp:
    return Stamp(wall=wall, mono_ms=mono_ms, boot_id=boot_id)


def test_one_boot_makes_an_instant_exact_whatever_the_wall_clock_says() -> None:
    sample = Sample(server_time=NOW, boot_id="b", mono_ms=600_000, seq=0)
    bound = times.trusted(
        stamp(0, "b", wall=NOW + timedelta(days=400)), [sample], seq=1, since=NOW, received_at=NOW + timedelta(hours=1)
    )
    assert bound.is_exact
    assert bound.at == NOW - timedelta(minutes=10)


def test_an_instant_never_lies_after_its_receipt() -> None:
    sample = Sample(server_time=NOW, boot_id="b", mono_ms=0, seq=0)
    bound = times.trusted(stamp(10**9, "b"), [sample], seq=1, since=NOW, received_at=NOW + timedelta(seconds=1))
    assert bound.at == NOW + timedelta(seconds=1)


def test_another_boot_is_bounded_by_the_samples_around_it() -> None:
    before = Sample(server_time=NOW - timedelta(hours=5), boot_id="a", mono_ms=0, seq=3)
    after = Sample(server_time=NOW - timedelta(hours=1), boot_id=None, mono_ms=None, seq=4)
    bound = times.trusted(
        stamp(5, "x", wall=NOW - timedelta(days=9)),
        [before, after],
        seq=4,
        since=NOW - timedelta(days=30),
        received_at=NOW,
    )
    assert (bound.earliest, bound.latest, bound.at) == (before.server_time, after.server_time, before.server_time)
    assert not bound.is_exact


@given(
    st.integers(-(10**6), 10**6),
    st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 9)), max_size=5),
    st.integers(1, 9),
)
def test_a_guess_always_lies_inside_its_bound(offset_s: int, samples: list[tuple[int, int]], seq: int) -> None:
    rows = [Sample(server_time=NOW + timedelta(seconds=s), boot_id=None, mono_ms=None, seq=n) for s, n in samples]
    received_at = NOW + timedelta(seconds=6000)
    wall = NOW + timedelta(seconds=offset_s)
    bound = times.trusted(stamp(None, None, wall), rows, seq=seq, since=NOW, received_at=received_at)
    assert bound.earliest <= bound.at <= bound.latest <= received_at


def test_five_minutes_of_skew_are_told() -> None:
    bound = times.Bound(earliest=NOW, latest=NOW, at=NOW)
    assert not times.is_skewed(stamp(1, "b", NOW + timedelta(minutes=5)), bound)
    assert times.is_skewed(stamp(1, "b", NOW - timedelta(minutes=6)), bound)


def binding(**changes: Any) -> Binding:
    values = {"key": b"k" * 32, "user_id": UUID(int=1), "device_id": UUID(int=2), "epoch": "e"}
    return Binding(**{**values, **changes})


def opened(by: Binding, cursor: str, horizon: int = 0, head: int = 100_000) -> int:
    return by.open(cursor, horizon=horizon, head=head)


def test_a_cursor_comes_back_as_it_was() -> None:
    assert opened(binding(), binding().seal(88_123)) == 88_123


@pytest.mark.parametrize("change", [{"key": b"x" * 32}, {"user_id": UUID(int=9)}, {"device_id": UUID(int=9)}])
def test_a_cursor_of_another_bank_user_or_device_is_foreign(change: dict[str, Any]) -> None:
    with pytest.raises(CursorForeign):
        opened(binding(), binding(**change).seal(7))
    with pytest.raises(CursorForeign):
        opened(binding(), binding(**change, epoch="f").seal(7))


def test_a_cursor_from_before_a_restore_says_so() -> None:
    with pytest.raises(EpochChanged):
        opened(binding(), binding(epoch="f").seal(7))


@pytest.mark.parametrize(("horizon", "head"), [(8, 100), (0, 6)])
def test_a_cursor_that_the_feed_no_longer_covers_is_expired(horizon: int, head: int) -> None:
    with pytest.raises(CursorExpired):
        opened(binding(), binding().seal(7), horizon, head)
    assert opened(binding(), binding().seal(7), 7, 7) == 7


@pytest.mark.parametrize("cursor", ["", "AAAA", "%%%", "é", base64.urlsafe_b64encode(bytes(24)).decode()])
def test_what_is_no_cursor_is_foreign(cursor: str) -> None:
    with pytest.raises(CursorForeign):
        opened(binding(), cursor)


def test_no_part_of_a_cursor_can_be_cut_off_or_changed() -> None:
    cursor = binding().seal(88_123)
    raw = base64.urlsafe_b64decode(cursor)
    for place in range(len(raw)):
        changed = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        for forged in (raw[:place], changed):
            with pytest.raises(CursorForeign):
                opened(binding(), base64.urlsafe_b64encode(forged).decode())


def test_a_place_in_a_snapshot_comes_back_and_is_no_place_in_the_feed() -> None:
    place = Place(head=7, entity="task", id=UUID(int=5))
    assert binding().open_place(binding().seal_place(place)) == place
    with pytest.raises(CursorForeign):
        opened(binding(), binding().seal_place(place))
    with pytest.raises(CursorForeign):
        binding().open_place(binding().seal(7))


@pytest.mark.parametrize(
    ("sizes", "count"),
    [([], 0), ([500], 1), ([30, 30, 30], 3), ([30, 30, 40], 2), ([99], 1), ([100, 1], 1), ([0, 0], 2)],
)
def test_a_page_takes_what_fits_but_always_one(sizes: list[int], count: int) -> None:
    assert count_fitting(sizes, most=93) == count


def test_a_signature_covers_every_byte() -> None:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw()
    signature = base64.urlsafe_b64encode(key.sign(b"body")).decode()
    assert ensure_signed(public, b"body", f"ed25519={signature}") == key.sign(b"body")
    for body, header in (
        (b"bodY", f"ed25519={signature}"),
        (b"body", signature),
        (b"body", ""),
        (b"body", "ed25519=é"),
    ):
        with pytest.raises(SignatureInvalid):
            ensure_signed(public, body, header)


def test_what_cannot_be_decoded_names_nothing() -> None:
    bad = decode_operation(b'{"op_id": "' + str(uuid4()).encode() + b'", "seq": 1}')
    assert bad.operation is None
    assert names_of([bad], {}).records == set()


def test_an_operation_without_its_number_cannot_even_be_refused() -> None:
    for raw in (b"{}", b'{"op_id": 1, "seq": 1}', b"[]"):
        with pytest.raises(BatchMalformed):
            decode_operation(raw)


def test_a_lone_surrogate_spoils_its_operation_only() -> None:
    envelope = {"protocol": 1, "device_id": str(uuid4()), "batch_id": str(uuid4()), "sent": STAMP}
    operation = json.loads(received(1).raw)
    spoiled = {**operation, "payload": {"note": "\ud800", "list": ["\u0000"]}}
    batch = decode_batch(json.dumps({**envelope, "ops": [spoiled, operation]}).encode())
    first, second = (decode_operation(bytes(raw)) for raw in batch.ops)
    assert (first.head.op_id, bool(first.fault), second.fault) == (second.head.op_id, True, "")


@pytest.mark.parametrize(
    ("text", "is_safe"), [("行\n\t好", True), ("a\x00", False), ("\x7f", False), ("\\u0000", True)]
)
def test_control_characters_are_seen_wherever_they_hide(text: str, *, is_safe: bool) -> None:
    for shape in ({"k": text}, {text: 1}, [text], [[{"a": text}]]):
        assert (unsafe_text(json.dumps(shape).encode()) == "") is is_safe


DEEP = b'"payload": ' + b'{"a": ' * 20_000 + b"1" + b"}" * 20_000
DEEP_WITH_ESCAPE = b'"payload": ' + b'{"a": ' * 900 + b'"\\u0041"' + b"}" * 900


@pytest.mark.parametrize("payload", [DEEP, DEEP_WITH_ESCAPE, b'"payload": ' + b"9" * 5_000])
def test_hostile_json_is_a_fault_or_malformed_and_never_an_accident(payload: bytes) -> None:
    raw = received(1).raw.replace(b'"payload": {}', payload)
    for item in (raw, raw.replace(b'"op_format": 1', b'"op_format": "x"')):
        try:
            item_received = decode_operation(item)
        except BatchMalformed:
            continue
        assert item_received.digest() == decode_operation(item).digest()
    envelope = b'{"protocol": 1, "ops": [' + raw + b"]}"
    with pytest.raises(BatchMalformed):
        decode_batch(envelope)
