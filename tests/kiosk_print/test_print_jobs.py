"""Pull printing over HTTP: queue, release by code or QR, take, fetch, report; crashes, races and guesses."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from checkpoints import qr
from checkpoints.rules import plate
from inspection_api.accounts import service as accounts
from inspection_api.core.storage import BlobMissing
from inspection_api.worker import Outbox
from kiosk_print.rules.window import open_window
from tests.kiosk_print.hall import API, Hall, Station

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from inspection_api.core.banks import BankCatalogue
    from tests.fixtures import Clock


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["code"]


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def test_a_paper_goes_from_the_officers_phone_to_the_printer(hall: Hall) -> None:
    station, print_id = hall.station(), hall.printed()
    queued = hall.queue(print_id)
    assert (queued.status_code, queued.json["state"], queued.json["kind"]) == (201, "queued", "paper")
    assert "MBZ-" in queued.json["title"]
    assert "原件" in queued.json["title"]
    job_id = queued.json["id"]
    assert station.take() is None
    released = hall.release(job_id, station).json
    assert (released["state"], released["station_id"]) == ("released", str(station.id))
    taken = station.take()
    assert (taken["id"], taken["state"], taken["attempts"]) == (job_id, "printing", 1)
    assert station.take() is None
    fetched = station.fetch(job_id)
    assert (fetched.status_code, fetched.mimetype) == (200, "application/pdf")
    pdf = hall.client.get(f"{API}/prints/{print_id}/pdf", headers=hall.world.headers("officer")).data
    assert fetched.data == pdf
    assert station.report(job_id).json["state"] == "printed"
    assert hall.job(job_id)["finished_at"] is not None
    facts = {"print_job_id": job_id, "station_id": str(station.id), "print_id": print_id}
    for kind in ("leased", "fetched", "printed"):
        assert hall.events(f"print_job.{kind}") == [{**facts, "attempt": 1, "problem": None}]
    assert hall.events("print_job.queued") == [{"print_job_id": job_id, "kind": "paper", "print_id": print_id}]
    assert hall.events("print_job.released") == [{"print_job_id": job_id, "station_id": str(station.id)}]


def test_the_qr_of_the_screen_releases_like_the_code(hall: Hall) -> None:
    station, job_id = hall.station(), hall.queue().json["id"]
    face = station.face()
    symbol = zxingcpp.read_barcodes(Image.open(BytesIO(qr.png(face["symbol"]))))[0].text
    assert qr.svg(symbol) == face["symbol_svg"]
    released = hall.post(f"/print-jobs/{job_id}/scan", "officer", qr=symbol)
    assert (released.status_code, released.json["station_id"]) == (200, str(station.id))
    assert station.take()["id"] == job_id


def test_a_screen_says_who_it_is_and_when_the_code_changes(hall: Hall, clock: Clock) -> None:
    station = hall.station()
    face = station.face()
    assert (face["name"], face["organisation"], len(face["code"])) == ("网关", "sub_branch", 6)
    assert face["changes_at"] == "2026-03-10T02:02:00+00:00"
    clock.advance(seconds=119)
    assert station.face()["code"] == face["code"]
    clock.advance(seconds=1)
    assert station.face()["code"] != face["code"]
    assert hall.station().face()["code"] != station.face()["code"]


def test_labels_and_a_single_plate_come_out_at_a_station_and_leave_no_file_behind(hall: Hall) -> None:
    station = hall.station()
    points = [str(hall.desk.portfolio.add_checkpoint(public_id=plate.next_public_id())) for _ in range(2)]
    sheet = hall.post("/print-jobs/labels", "manager", checkpoint_ids=points).json
    single = hall.post("/print-jobs/labels", "manager", checkpoint_ids=points[:1], layout="single").json
    assert [sheet["kind"], single["kind"], sheet["title"]] == ["labels", "plate", "检查点标签 2 个"]
    for job, pages in ((sheet, 1), (single, 1)):
        assert hall.release(job["id"], station, user="manager").status_code == 200
        assert station.take()["id"] == job["id"]
        with pypdfium2.PdfDocument(station.fetch(job["id"]).data) as document:
            assert len(document) == pages
        assert station.report(job["id"]).status_code == 200
        with hall.world.transaction() as ctx, pytest.raises(BlobMissing):
            ctx.storage.open_stashed(ctx.bank.tag, UUID(job["id"]))


def test_the_same_key_is_the_same_job_and_no_other(hall: Hall) -> None:
    print_id = hall.printed()
    first = hall.queue(print_id, key="intention-1").json
    assert hall.queue(print_id, key="intention-1").json == first
    assert code_of(hall.queue(key="intention-1")) == (409, "idempotency_key_reused")
    point = str(hall.desk.portfolio.add_checkpoint(officer="officer"))
    labels = {"checkpoint_ids": [point]}
    made = hall.post("/print-jobs/labels", "manager", "intention-1", **labels).json
    assert hall.post("/print-jobs/labels", "manager", "intention-1", **labels).json == made
    answer = hall.post("/print-jobs/labels", "manager", "intention-1", **labels, layout="single")
    assert code_of(answer) == (409, "idempotency_key_reused")


def test_a_print_comes_out_once_and_again_only_after_a_failure(hall: Hall) -> None:
    station, print_id = hall.station(), hall.printed()
    first = hall.queue(print_id).json["id"]
    again = hall.queue(print_id)
    assert (*code_of(again), again.json["existing_id"]) == (409, "print_job_exists", first)
    hall.release(first, station)
    station.take()
    failed = station.report(first, outcome="not_printed").json
    assert (failed["state"], failed["problem"]) == ("failed", "not_printed")
    second = hall.queue(print_id).json["id"]
    hall.release(second, station)
    station.take()
    assert station.report(second).json["state"] == "printed"
    assert code_of(hall.queue(print_id)) == (409, "print_job_exists")


def test_a_crash_in_the_middle_prints_the_same_print_again_and_makes_no_second_original(
    hall: Hall, clock: Clock
) -> None:
    station = hall.station()
    job_id = hall.released(station)
    before = station.take()
    pdf = station.fetch(job_id).data
    clock.advance(seconds=119)
    assert station.take() is None
    clock.advance(seconds=1)
    after = station.take()
    assert (after["id"], after["print_id"], after["attempts"]) == (job_id, before["print_id"], 2)
    assert station.fetch(job_id).data == pdf
    assert code_of(station.report(job_id, attempt=1)) == (409, "print_job_settled")
    assert station.report(job_id, attempt=2).status_code == 200
    assert len(hall.events("paper.printed")) == 1
    assert [event["attempt"] for event in hall.events("print_job.lapsed")] == [1]


def test_a_late_report_counts_while_nobody_has_taken_the_job_again(hall: Hall, clock: Clock) -> None:
    station = hall.station()
    job_id = hall.released(station)
    station.take()
    clock.advance(minutes=3)
    hall.sweep()
    assert hall.job(job_id)["state"] == "released"
    assert code_of(station.fetch(job_id)) == (409, "print_job_settled")
    assert station.report(job_id, attempt=1).json["state"] == "printed"
    assert code_of(station.report(job_id, attempt=1)) == (409, "print_job_settled")


def test_a_station_that_crashes_three_times_over_a_job_loses_it(hall: Hall, clock: Clock) -> None:
    station = hall.station()
    job_id = hall.released(station)
    for attempt in (1, 2, 3):
        assert station.take()["attempts"] == attempt
        clock.advance(minutes=2)
    assert station.take() is None
    job = hall.job(job_id)
    assert (job["state"], job["problem"]) == ("failed", "crashed")
    assert [event["problem"] for event in hall.events("print_job.failed")] == ["crashed"]


def test_a_job_that_a_station_does_not_take_can_be_released_at_another(hall: Hall) -> None:
    broken, sound = hall.station(), hall.station("branch")
    job_id = hall.released(broken)
    assert hall.release(job_id, sound).status_code == 200
    assert broken.take() is None
    assert broken.fetch(job_id).status_code == broken.report(job_id).status_code == 404
    assert sound.take()["id"] == job_id
    assert code_of(hall.release(job_id, broken)) == (409, "print_job_settled")


def test_what_nobody_fetches_expires_with_the_day_or_with_the_print_window(hall: Hall, clock: Clock) -> None:
    station, opened = hall.station(), clock.now
    job_id = hall.released(station)
    assert hall.sweep() is False
    clock.advance(days=1)
    assert station.take() is None
    assert code_of(hall.release(job_id, station)) == (410, "print_job_expired")
    hall.sweep()
    assert hall.job(job_id)["state"] == "expired"
    assert len(hall.events("print_job.expired")) == 1
    clock.now = open_window(1, opened).closes_at - timedelta(hours=3)
    print_id = hall.printed()
    clock.now = open_window(1, clock.now).closes_at - timedelta(hours=3)
    late = hall.queue(print_id).json
    clock.advance(hours=3)
    assert late["expires_at"] == clock.now.isoformat()
    assert code_of(hall.queue(print_id)) == (423, "locked")
    assert code_of(hall.release(late["id"], station)) == (410, "print_job_expired")


def test_a_superseded_print_no_longer_comes_out(hall: Hall) -> None:
    station = hall.station()
    visits = [hall.desk.accept() for _ in range(3)]
    prints = [hall.desk.print(hall.client, visit).json["id"] for visit in visits]
    waiting, released, held = (hall.queue(print_id).json["id"] for print_id in prints)
    hall.release(held, station)
    assert station.take()["id"] == held
    hall.release(released, station)
    with hall.world.transaction() as ctx:
        for visit in visits:
            ctx.record("inspection.amended", inspection_id=str(visit))
    assert station.take() is None
    assert code_of(station.fetch(held)) == (410, "print_ended")
    assert code_of(hall.release(waiting, station)) == (410, "print_ended")
    assert code_of(hall.queue(prints[0])) == (410, "print_ended")
    hall.sweep()
    assert [hall.job(each)["state"] for each in (waiting, released, held)] == ["expired", "expired", "printing"]


def test_the_code_of_the_step_before_counts_and_an_older_one_does_not(hall: Hall, clock: Clock) -> None:
    station = hall.station()
    first, second = hall.queue().json["id"], hall.queue().json["id"]
    code = station.face()["code"]
    clock.advance(seconds=239)
    assert hall.release(first, station, code).status_code == 200
    clock.advance(seconds=1)
    assert code_of(hall.release(second, station, code)) == (403, "station_code_wrong")


def test_wrong_codes_and_stations_out_of_reach_answer_alike(hall: Hall, clock: Clock) -> None:
    near, far, gone = hall.station(), hall.station("foreign"), hall.station()
    job_id = hall.queue().json["id"]
    code = gone.face()["code"]
    assert hall.post(f"/devices/{gone.id}/revoke", "manager").status_code == 200
    nowhere = Station(hall.client, uuid4(), {})
    answers = [
        hall.release(job_id, near, other_than(near.face()["code"])),
        hall.release(job_id, far),
        hall.release(job_id, gone, code),
        hall.release(job_id, nowhere, "123456"),
    ]
    genuine = near.face()["symbol"]
    forged = [far.face()["symbol"], genuine[:-1] + ("I" if genuine[-1] == "A" else "A"), "XK1.anything"]
    answers += [hall.post(f"/print-jobs/{job_id}/scan", "officer", qr=text) for text in forged]
    old = near.face()["symbol"]
    clock.advance(minutes=4)
    answers.append(hall.post(f"/print-jobs/{job_id}/scan", "officer", qr=old))
    assert {code_of(answer) for answer in answers} == {(403, "station_code_wrong")}
    assert len({answer.json["title"] for answer in answers}) == 1
    assert hall.job(job_id)["state"] == "queued"
    assert len(hall.events("station.code_refused")) == 4


def test_guessing_is_slowed_down_per_person_and_station(hall: Hall, clock: Clock) -> None:
    station, other = hall.station(), hall.station()
    job_id = hall.queue().json["id"]
    wrong = other_than(station.face()["code"])
    assert [hall.release(job_id, station, wrong).status_code for _ in range(5)] == [403] * 5
    slowed = hall.release(job_id, station)
    assert (*code_of(slowed), slowed.json["retry_after_s"]) == (429, "station_code_throttled", 3)
    assert slowed.headers["Retry-After"] == "3"
    assert hall.release(hall.queue().json["id"], other).status_code == 200
    of_another = hall.queue(hall.printed("colleague"), "colleague").json["id"]
    assert hall.release(of_another, station, user="colleague").status_code == 200
    clock.advance(seconds=3)
    assert hall.release(job_id, station).status_code == 200
    fresh = hall.queue().json["id"]
    assert hall.release(fresh, station, other_than(station.face()["code"])).status_code == 403


def test_guesses_at_once_get_no_more_tries_than_guesses_in_turn(committed_hall: Hall, committed_app: Flask) -> None:
    hall, station = committed_hall, committed_hall.station()
    jobs = [hall.queue().json["id"] for _ in range(3)]
    wrong = other_than(station.face()["code"])

    def guess(number: int) -> tuple[int, str]:
        return code_of(Hall(committed_app.test_client(), hall.desk).release(jobs[number % 3], station, wrong))

    with ThreadPoolExecutor(6) as pool:
        answers = Counter(pool.map(guess, range(18)))
    assert answers == {(403, "station_code_wrong"): 5, (429, "station_code_throttled"): 13}
    assert len(hall.events("station.code_refused")) == 5


def test_the_sheets_of_a_whole_organisation_come_out_at_a_station(
    hall: Hall, catalogue: BankCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kiosk_print.service.sheets.AT_ONCE", 15)
    for _ in range(31):
        hall.desk.portfolio.add_checkpoint(public_id=plate.next_public_id())
    organisation_id = str(hall.world.organisations["sub_branch"])
    made = hall.post("/label-sheets", "manager", organisation_id=organisation_id).json["id"]
    assert code_of(hall.post("/print-jobs/label-sheets", "manager", job_id=made)) == (409, "job_unfinished")
    Outbox(database=hall.world.database, banks=catalogue).drain(hall.world.bank)
    headers = hall.world.headers("manager")
    whole = hall.client.get(f"{API}/jobs/{made}/file", headers=headers).data
    queued = [hall.post("/print-jobs/label-sheets", "manager", "sheets-of-march", job_id=made) for _ in range(2)]
    assert [(each.status_code, each.json["title"]) for each in queued] == [(201, "检查点标签 31 个")] * 2
    job_id = queued[0].json["id"]
    assert queued[1].json["id"] == job_id
    station = hall.station()
    assert hall.release(job_id, station, user="manager").status_code == 200
    assert station.take()["id"] == job_id
    assert station.fetch(job_id).data == whole
    assert station.report(job_id).json["state"] == "printed"
    assert hall.client.get(f"{API}/jobs/{made}/file", headers=headers).data == whole, "the job's file stays"


def test_only_ones_own_job_of_labels_goes_to_a_station(hall: Hall, catalogue: BankCatalogue) -> None:
    hall.desk.portfolio.add_checkpoint(public_id=plate.next_public_id())
    organisation_id = str(hall.world.organisations["sub_branch"])
    made = hall.post("/label-sheets", "manager", organisation_id=organisation_id).json["id"]
    batch = hall.post("/paper-batches", "manager", inspection_ids=[str(hall.desk.accept())]).json["id"]
    Outbox(database=hall.world.database, banks=catalogue).drain(hall.world.bank)
    answers = {
        user: hall.post("/print-jobs/label-sheets", user, job_id=job_id).status_code
        for user, job_id in [("second_manager", made), ("officer", made), ("manager", batch)]
    }
    assert answers == {"second_manager": 404, "officer": 403, "manager": 404}
    assert hall.post("/print-jobs/label-sheets", "manager").status_code == 422


def test_the_station_of_a_closed_organisation_is_revoked_and_none_is_enrolled_there(hall: Hall) -> None:
    hall.world.add_organisation("outlet", "outlet", "sub_branch")
    station, elsewhere = hall.station("outlet"), hall.station()
    job_id = hall.queue().json["id"]
    assert hall.release(job_id, station).json["state"] == "released"
    with hall.world.transaction("administrator") as ctx:
        accounts.close_organisation(ctx, hall.world.organisations["outlet"], reason="并入支行")
    assert hall.client.get(f"{API}/station", headers=station.headers).status_code == 401
    assert hall.client.post(f"{API}/station/jobs/next", headers=station.headers).status_code == 401
    assert [each["device_id"] for each in hall.events("device.revoked")] == [str(station.id)]
    assert hall.release(job_id, elsewhere).json["station_id"] == str(elsewhere.id)
    body = {"name": "柜台打印机", "organisation_id": str(hall.world.organisations["outlet"])}
    refused = hall.client.post(f"{API}/print-stations", json=body, headers=hall.world.headers("manager"))
    assert code_of(refused) == (409, "organisation_closed")


def test_twenty_jobs_may_wait_and_a_release_makes_no_room(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiosk_print.rules.stations.MOST_OPEN_JOBS", 2)
    station = hall.station()
    hall.released(station)
    hall.queue()
    assert code_of(hall.queue()) == (429, "too_many_print_jobs")
    station.report(station.take()["id"])
    assert hall.queue().status_code == 201


def test_only_his_own_print_and_his_own_jobs_are_an_officers(hall: Hall) -> None:
    station, print_id = hall.station(), hall.printed()
    assert hall.queue(print_id, "colleague").status_code == 404
    assert hall.queue(print_id, "auditor").status_code == 403
    job_id = hall.queue(print_id).json["id"]
    for user in ("colleague", "manager"):
        assert hall.release(job_id, station, user=user).status_code == 404
        assert hall.job(job_id, user)["code"] == "not_found"
    listed = hall.client.get(f"{API}/print-jobs?state=queued", headers=hall.world.headers("officer")).json["items"]
    assert [job["id"] for job in listed] == [job_id]
    foreign = str(hall.desk.portfolio.add_checkpoint("foreign", "foreign_officer"))
    assert hall.post("/print-jobs/labels", "manager", checkpoint_ids=[foreign]).status_code == 404


def test_an_unfinished_print_waits_for_its_pdf(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    visit_id = hall.desk.accept()
    with monkeypatch.context() as patch:
        patch.setattr("kiosk_print.service.prints.render", lambda _: 1 / 0)
        assert hall.desk.print(hall.client, visit_id).status_code == 500
    (reserved,) = hall.desk.paper(hall.client, visit_id)["prints"]
    assert code_of(hall.queue(reserved["id"])) == (409, "print_unfinished")


def test_managers_enrol_stations_below_them_and_the_token_works_until_it_is_revoked(hall: Hall) -> None:
    body = {"name": "大厅 1 号", "organisation_id": str(hall.world.organisations["sub_branch"])}
    refused = {user: hall.post("/print-stations", user, **body).status_code for user in ("officer", "foreign_manager")}
    assert refused == {"officer": 403, "foreign_manager": 404}
    made = hall.post("/print-stations", "manager", **body)
    assert (made.status_code, made.json["station"]["name"]) == (201, "大厅 1 号")
    station_id = made.json["station"]["id"]
    station = Station(hall.client, UUID(station_id), {"Authorization": f"Bearer {made.json['token']}"})
    assert station.face()["name"] == "大厅 1 号"
    near = {
        user: [row["id"] for row in hall.client.get(f"{API}/print-stations", headers=headers).json["items"]]
        for user in ("officer", "province_manager", "foreign_officer")
        for headers in [hall.world.headers(user)]
    }
    assert near == {"officer": [station_id], "province_manager": [station_id], "foreign_officer": []}
    assert hall.post(f"/devices/{station_id}/revoke", "manager").status_code == 200
    assert code_of(hall.client.get(f"{API}/station", headers=station.headers)) == (401, "unauthenticated")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"station_id": "x", "code": "123456"},
        {"code": "12345"},
        {"code": "1234567"},
        {"code": "12345\n"},
        {"code": "１２３４５６"},
        {"code": 123456},
        {"code": "123456", "state": "printed"},
    ],
)
def test_a_malformed_release_is_refused_and_not_counted(hall: Hall, body: dict[str, Any]) -> None:
    job_id, station = hall.queue().json["id"], hall.station()
    wrong = {**({"station_id": str(station.id)} if body else {}), **body}
    assert hall.post(f"/print-jobs/{job_id}/release", "officer", **wrong).status_code == 422
    assert hall.events("station.code_refused") == []


@pytest.mark.parametrize("body", [{}, {"attempt": 0}, {"attempt": 1.0}, {"outcome": "lost"}, {"note": "x"}])
def test_a_malformed_report_is_refused(hall: Hall, body: dict[str, Any]) -> None:
    station = hall.station()
    job_id = hall.released(station)
    station.take()
    wrong = {"attempt": 1, "outcome": "printed"} | body if body else body
    answer = hall.client.post(f"{API}/station/jobs/{job_id}/report", json=wrong, headers=station.headers)
    assert answer.status_code == 422


def test_taking_a_job_costs_the_same_however_many_wait(
    hall: Hall, queries: Callable[[], list[str]], clock: Clock
) -> None:
    station, counts = hall.station(), []
    for waiting in (1, 4):
        for _ in range(waiting):
            hall.released(station)
        seen = queries()
        station.take()
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 8


def test_two_browsers_of_one_station_never_take_the_same_job(committed_hall: Hall) -> None:
    hall = committed_hall
    station = hall.station()
    jobs = {hall.released(station) for _ in range(3)}

    def take(_: int) -> Any:
        client = hall.client.application.test_client()
        return Station(client, station.id, station.headers).take()

    with ThreadPoolExecutor(6) as pool:
        taken = [job["id"] for job in pool.map(take, range(6)) if job]
    assert len(taken) == len(set(taken))
    assert set(taken) | {job["id"] for job in iter(station.take, None)} == jobs


def test_two_stations_that_race_for_one_job_end_with_one_sheet(committed_hall: Hall) -> None:
    hall = committed_hall
    stations = [hall.station(), hall.station("branch")]
    job_id = hall.queue().json["id"]

    def race(station: Station) -> list[Any]:
        mine = Hall(hall.client.application.test_client(), hall.desk)
        own = Station(mine.client, station.id, station.headers)
        mine.release(job_id, own)
        return [own.take()]

    with ThreadPoolExecutor(2) as pool:
        taken = [job for jobs in pool.map(race, stations) for job in jobs if job]
    taken += [job for station in stations if (job := station.take())]
    assert [job["id"] for job in taken] == [job_id]
    assert hall.job(job_id)["attempts"] == 1


def test_the_same_print_queued_at_once_is_one_job(committed_hall: Hall) -> None:
    hall, print_id = committed_hall, committed_hall.printed()

    def queue(_: int) -> int:
        mine = Hall(hall.client.application.test_client(), hall.desk)
        return int(mine.queue(print_id).status_code)

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(queue, range(4))) == [201, 409, 409, 409]
