"""The protocol's pure heart: order, time, cursors, signatures, names (sync.md §9, layer 1)."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from sync.errors import BatchMalformed, CursorExpired, CursorForeign, EpochChanged, SignatureInvalid
from sync.protocol import times
from sync.protocol.cursor import Binding, Place
from sync.protocol.envelope import Stamp, decode_batch, decode_operation
from sync.protocol.naming import names_of
from sync.protocol.page import count_fitting
from sync.protocol.signature import ensure_signed
from sync.protocol.texts import unsafe_text
from sync.protocol.times import Sample
from sync.protocol.verdicts import Status, Verdict
from tests.sync.operations import NOW, STAMP, received


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
    ("text", "is_safe"),
    [
        ("行\n\t好", True),
        ("\\u0000 \\b", True),
        ("é", True),
        ("a\x00", False),
        ("\x7f", False),
        ("\b", False),
        ("\r", False),
        ("\f", False),
        ("\x85", False),
        ("\x9f", False),
        ("e\u0301", False),
        ("\u212b", False),
    ],
)
@pytest.mark.parametrize("ensure_ascii", [True, False])
def test_bad_text_is_seen_wherever_it_hides(text: str, *, is_safe: bool, ensure_ascii: bool) -> None:
    for shape in ({"k": text}, {text: 1}, [text], [[{"a": text}]]):
        raw = json.dumps(shape, ensure_ascii=ensure_ascii).encode()
        assert (unsafe_text(raw) == "") is is_safe


def test_a_fault_of_text_is_told_in_chinese_and_harms_one_operation() -> None:
    assert received(1, payload={"note": "a\x85"}).fault == "文本含有控制字符"
    assert received(1, payload={"note": "e\u0301"}).fault == "文本须为 Unicode NFC 规范形式"
    assert received(1, captured=None).fault.startswith("操作内容格式有误")


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


@pytest.mark.parametrize(
    ("verdict", "sentence"),
    [
        (Verdict(status=Status.APPLIED), "已生效"),
        (Verdict(status=Status.QUARANTINED, codes=("outside",)), "位置在围栏之外，已隔离待核实"),
        (
            Verdict(status=Status.QUARANTINED, codes=("outside", "mock", "device_unapproved")),
            "位置在围栏之外；检测到模拟定位；设备待批准，批准后生效",
        ),
        (Verdict(status=Status.REJECTED, codes=("unlock_requested",), detail="已有待审批的申请"), "已有待审批的申请"),
    ],
)
def test_a_verdict_says_all_its_reasons_and_once_that_it_is_kept(verdict: Verdict, sentence: str) -> None:
    assert verdict.message == sentence
