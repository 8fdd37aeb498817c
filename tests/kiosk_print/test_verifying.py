"""The page behind the QR of a paper, as somebody without a login sees it."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from inspection_api.http.limiting import Buckets, RateLimited
from kiosk_print.rules import codes

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.kiosk_print.conftest import Desk


@pytest.fixture
def printed(client: FlaskClient, desk: Desk) -> Any:
    return desk.print(client, desk.accept()).json


@pytest.fixture
def path(desk: Desk, printed: Any) -> str:
    bank = desk.world.bank
    return f"/verify/{codes.print_code(bank.derived_key('paper'), bank.tag, UUID(printed['id']))}"


def test_the_holder_reads_what_he_can_compare(client: FlaskClient, path: str, printed: Any) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    for shown in ("有效", "原件", printed["number"], printed["sha256"][:12], "sub_branch", "2026-03-10"):
        assert shown in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "<script" not in answer.text


def test_a_voided_paper_says_so(client: FlaskClient, desk: Desk, path: str, printed: Any) -> None:
    headers = desk.world.headers("manager")
    client.post(f"/api/v1/prints/{printed['id']}/void", json={"reason": "破损"}, headers=headers)
    assert "已作废" in client.get(path).text


@pytest.mark.parametrize("position", [0, 3, 10, 30, -1])
def test_one_character_changed_is_no_paper(client: FlaskClient, path: str, position: int) -> None:
    code = list(path.removeprefix("/verify/"))
    code[position] = "A" if code[position] != "A" else "B"
    answer = client.get(f"/verify/{''.join(code)}")
    assert (answer.status_code, "未查到" in answer.text) == (404, True)


@pytest.mark.parametrize(("change", "told"), [(b"", "文件一致"), (b" ", "文件不一致")])
def test_a_file_is_compared_to_the_last_byte(
    client: FlaskClient, desk: Desk, path: str, printed: Any, change: bytes, told: str
) -> None:
    pdf = client.get(f"/api/v1/prints/{printed['id']}/pdf", headers=desk.world.headers("officer")).data
    answer = client.post(path, data={"file": (BytesIO(pdf + change), "x.pdf")}, content_type="multipart/form-data")
    assert (answer.status_code, told in answer.text) == (200, True)


def test_a_program_compares_by_the_hash(client: FlaskClient, path: str, printed: Any) -> None:
    for sha256, same in ((printed["sha256"], True), ("0" * 64, False)):
        assert client.get(f"/api/v1{path}?sha256={sha256}").json["is_same_file"] is same
    refused = client.get(f"/api/v1{path}?sha256=abc")
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "sha256")


def test_a_form_without_a_file_shows_the_paper(client: FlaskClient, path: str) -> None:
    answer = client.post(path, data={}, content_type="multipart/form-data")
    assert (answer.status_code, "文件一致" in answer.text) == (200, False)


def test_a_huge_file_is_refused_before_it_is_read(client: FlaskClient, path: str) -> None:
    answer = client.post(path, data=b"x" * (10 << 20) + b"x", content_type="multipart/form-data; boundary=b")
    assert (answer.status_code, answer.mimetype) == (413, "text/html")


def test_whoever_tries_codes_is_slowed_down(client: FlaskClient, path: str) -> None:
    answers = [client.get("/verify/anything") for _ in range(25)]
    assert {answer.status_code for answer in answers} == {404, 429}
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert client.get(f"/api/v1{path}").json["code"] == "rate_limited"


def test_a_bucket_fills_up_again_and_each_address_has_its_own() -> None:
    buckets = Buckets(size=2, refill_s=10, most=2)
    for _ in range(2):
        buckets.take("a", now=100)
    with pytest.raises(RateLimited) as refused:
        buckets.take("a", now=101)
    assert refused.value.members["retry_after_s"] == 10
    buckets.take("b", now=101)
    buckets.take("a", now=110)
    with pytest.raises(RateLimited):
        buckets.take("a", now=110)
    buckets.take("a", now=500)


def test_only_so_many_addresses_are_remembered() -> None:
    buckets = Buckets(size=1, refill_s=1000, most=2)
    for address in ("a", "b", "c"):
        buckets.take(address, now=0)
    buckets.take("a", now=1)
    with pytest.raises(RateLimited):
        buckets.take("c", now=1)
