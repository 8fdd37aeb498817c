"""A phone whose login is a page's cookie: the protocol is the same, and other sites have no part in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.factories import PASSWORD

if TYPE_CHECKING:
    from tests.sync.phone import Phone

OURS = {"X-Xunji-Page": "1", "Origin": "http://localhost"}


@pytest.fixture
def page(phone: Phone) -> Phone:
    """The phone, with a cookie in place of its token."""
    body = {"bank": "demo", "username": "officer", "password": PASSWORD}
    assert phone.client.post("/api/v1/sessions/page", json=body, headers=OURS).status_code == 201
    phone.headers = OURS
    return phone


def test_a_page_synchronises_like_a_phone(page: Phone) -> None:
    checkpoint_id = page.street.add()
    task_id = page.street.make_tasks()[checkpoint_id]
    page.shake_hands()
    (receipt,) = page.push(page.submit(checkpoint_id, task_id))
    assert receipt["status"] == "applied"
    assert page.snapshot()["changes"]
    assert page.pull()["changes"]


def test_what_another_site_makes_the_browser_send_is_not_pushed(page: Phone) -> None:
    body = page.batch(page.submit(page.street.add()))
    for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        refused = page.send(body, **headers)
        assert (refused.status_code, refused.json["code"]) == (403, "cross_site_request")
