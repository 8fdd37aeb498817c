"""Decisions about devices that no request reaches today: a machine has no owner whose eyes could count twice."""

from __future__ import annotations

import pytest

from inspection_api.accounts import rules
from inspection_api.accounts.errors import DeviceDecided, DeviceKeyInvalid
from inspection_api.accounts.rules import DeviceStatus
from inspection_api.core.context import Actor


def test_a_machine_without_owner_is_decided_by_anybody_who_may_and_only_once() -> None:
    rules.ensure_may_approve_device(Actor(), None, DeviceStatus.PENDING)
    with pytest.raises(DeviceDecided):
        rules.ensure_may_approve_device(Actor(), None, DeviceStatus.APPROVED)


@pytest.mark.parametrize("encoded", ["", "A", "äöü", "A" * 42, "A" * 44, "A" * 42 + "="])
def test_a_device_key_is_thirty_two_bytes_of_base64url(encoded: str) -> None:
    assert rules.public_key_bytes("A" * 43) == bytes(32)
    with pytest.raises(DeviceKeyInvalid):
        rules.public_key_bytes(encoded)
