"""What a phone knows and says where nobody answers: after a restart without a network, and on lines that hang."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from tests.web.handset import enrolled
from tests.web.test_phone_evidence import ITEM, WRITES

if TYPE_CHECKING:
    from flask import Flask

    from tests.factories import World
    from tests.web.handset import Handset

DUE_TODAY = "UPDATE task SET due_on = '2026-03-10' WHERE period_start = '2026-03-01'"


def test_what_is_known_of_a_wrong_clock_outlives_the_browser(
    phone: Handset, committed_app: Flask, committed_world: World
) -> None:
    with committed_world.transaction() as ctx:
        ctx.session.execute(text(DUE_TODAY))
    phone.context.close()
    phone.now += timedelta(days=1)
    phone.start()
    enrolled(phone, committed_app, committed_world)
    phone.restart(offline=True)
    phone.see("clock_skew")
    phone.see("3月10日前")
    phone.begin()
    phone.page.evaluate(WRITES)
    phone.take_photo(ITEM)
    assert str(phone.page.evaluate("[...written][0]")).startswith("2026-03-10 ")
