"""Decisions about devices that no request reaches today: a machine has no owner whose eyes could count twice."""

from __future__ import annotations

import pytest

from inspection_api.accounts import rules
from inspection_api.accounts.errors import DeviceDecided
from inspection_api.accounts.rules import DeviceStatus
from inspection_api.core.context import Actor


def test_a_machine_without_owner_is_decided_by_anybody_who_may_and_only_once() -> None:
    rules.ensure_may_approve_device(Actor(), None, DeviceStatus.PENDING)
    with pytest.raises(DeviceDecided):
        rules.ensure_may_approve_device(Actor(), None, DeviceStatus.APPROVED)
