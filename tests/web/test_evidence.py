"""Whoever decides, or reads a record on the board, gets at every stored medium of it: a film as well as a photo."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from sqlalchemy import select, update

from inspection_api.inspections.models import Inspection
from inspection_api.media.models import Media
from inspection_api.tasks.models import Task
from tests.browser import chromium, served
from tests.portfolio import Portfolio
from tests.waiting import Matters
from tests.web.conftest import Site

if TYPE_CHECKING:
    from flask import Flask
    from playwright.sync_api import Page

    from inspection_api.core.storage import Storage
    from tests.factories import World
    from tests.fixtures import Clock

FILM, SOUND = b"a film of the workshop", b"what was said there"
LINK = "a[href$='/original']"


def add_media(world: World, storage: Storage, inspection_id: UUID) -> None:
    """A photo and a film that are there, and a sound that has not come."""
    with world.transaction() as ctx:
        visit = ctx.session.get_one(Inspection, inspection_id)
        whose = {"owner_user_id": visit.officer_id, "organisation_id": visit.organisation_id}
        for kind, mime, data in (
            ("photo", "image/jpeg", b"photo"),
            ("video", "video/mp4", FILM),
            ("audio", "audio/mp4", SOUND),
        ):
            there = {"status": "stored", "stored_at": ctx.now} if kind != "audio" else {}
            sha256 = storage.put(world.bank.tag, data)
            ctx.session.add(Media(
                id=uuid4(), inspection_id=visit.id, kind=kind, mime=mime, bytes=len(data), sha256=sha256,
                declared_at=ctx.now, **whose, **there,
            ))  # fmt: skip


def downloaded(page: Page, words: str) -> bytes:
    with page.expect_download() as download:
        page.click(f"{LINK}:has-text('{words}')")
    return Path(download.value.path()).read_bytes()


def test_a_film_is_at_hand_where_a_quarantined_record_is_decided(
    committed_app: Flask, committed_world: World, clock: Clock, storage: Storage
) -> None:
    matters = Matters(committed_app.test_client(), committed_world, clock)
    matters.quarantine()
    with committed_world.transaction() as ctx:
        (record_id,) = ctx.session.scalars(select(Inspection.id))
    add_media(committed_world, storage, record_id)
    with served(committed_app) as address, chromium() as browser:
        desk = Site(address, browser, Portfolio(committed_world))
        page = desk.visitor("manager")
        page.click("[data-kind=quarantine] button:text-is('详情')")
        desk.settle(page)
        assert downloaded(page, "视频 · 22 B · 查看原件") == FILM
        assert "语音 · 19 B · 未上传" in page.inner_text("dialog .others")
        assert page.locator("dialog .thumbs a").count() > 0
        assert desk.serious(page) == []
        assert desk.faults == []


def test_a_record_on_the_board_shows_and_links_what_its_reader_may_see(site: Site, storage: Storage) -> None:
    with site.world.transaction() as ctx:
        record_id = ctx.session.scalars(select(Inspection.id).where(Inspection.state == "accepted")).first()
        ctx.session.execute(
            update(Inspection)
            .where(Inspection.id == record_id)
            .values(task_id=select(Task.id).where(Task.closed_by == record_id).scalar_subquery())
        )
    assert record_id is not None
    add_media(site.world, storage, record_id)
    page = site.visitor("branch_manager", 360, 740, path=f"/board?view=record&id={record_id}")
    assert downloaded(page, "视频") == FILM
    assert page.locator(".thumbs a").count() == 1
    assert page.locator(f".others {LINK}").count() == 1
    assert "未上传" in page.inner_text(".others")
    assert site.serious(page) == []
    for user, photos in (("approver", 0), ("officer", 1)):
        other = site.visitor(user, 360, 740)
        site.open(other, f"/board?view=record&id={record_id}")
        assert other.locator(LINK).count() == 0, "it would be refused"
        assert other.locator(".thumbs li").count() == photos
        assert "视频 · 22 B · 无权查看" in other.inner_text(".others")
        explained = user == "officer"
        assert ("任务经过" in other.inner_text("article")) == explained, "it would be refused"
        site.open(other, "/board?view=report&report=details")
        other.click(".report tfoot a >> nth=0")
        other.wait_for_selector("table.list")
        assert ("任务经过" in other.inner_text("table.list")) == explained
        assert "检查记录" in other.inner_text("table.list")
        assert "导出 Excel" not in other.inner_text("main")
