"""Two requests at the same moment: one wins, the other gets a clear 409, whatever the check before the insert saw."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

from inspection_api.customers.rules import next_uscc

if TYPE_CHECKING:
    from flask import Flask

    from tests.factories import World

RUNNERS = 4


def test_the_same_customer_created_at_once_exists_once(committed_app: Flask, committed_world: World) -> None:
    headers = committed_world.headers("manager")
    body = {
        "uscc": next_uscc(7),
        "name": "同时登记的企业",
        "organisation_id": str(committed_world.organisations["sub_branch"]),
    }
    start = Barrier(RUNNERS)

    def create(_number: int) -> tuple[int, str]:
        start.wait()
        answer = committed_app.test_client().post("/api/v1/customers", json=body, headers=headers)
        return answer.status_code, answer.json.get("code", "")

    with ThreadPoolExecutor(RUNNERS) as pool:
        answers = list(pool.map(create, range(RUNNERS)))
    assert sorted(status for status, _ in answers) == [201, 409, 409, 409]
    assert {code for status, code in answers if status == 409} <= {"uscc_taken", "concurrent_change"}
