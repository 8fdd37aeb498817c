from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

from inspection_api.core.settings import OffsetClock
from inspection_api.demo.day import STEPS, Step, live
from inspection_api.demo.desk import Unexpected, ensure
from inspection_api.demo.evidence import Spot, take_photo
from inspection_api.demo.stage import BEGINS, DemoClock, Stage
from sync.schemas import HandshakeInput

if TYPE_CHECKING:
    from pathlib import Path

    from inspection_api.demo.story import Story


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    run = tmp_path / "run"
    run.mkdir()
    return Stage(url="http://127.0.0.1:9", clock=DemoClock(run / "clock"), folder=tmp_path, run=run)


def went_well(_story: Story) -> str:
    return "如常"


def went_wrong(_story: Story) -> str:
    raise Unexpected("不如常")


def test_the_day_is_told_in_a_report(stage: Stage) -> None:
    assert live(stage, [Step("一", went_well), Step("二", went_well)])
    told = json.loads((stage.folder / "report.json").read_text())["steps"]
    assert [(step["step"], step["ok"], step["observed"]) for step in told] == [
        ("一", True, "如常"),
        ("二", True, "如常"),
    ]


def test_a_step_that_is_not_as_it_must_be_ends_the_day(stage: Stage) -> None:
    assert not live(stage, [Step("一", went_wrong), Step("二", went_well)])
    told = json.loads((stage.folder / "report.json").read_text())["steps"]
    assert [step["ok"] for step in told] == [False]
    assert "不如常" in told[0]["observed"]


def test_every_step_without_a_server_fails_instead_of_passing(stage: Stage) -> None:
    assert not live(stage, STEPS[:1])


def test_servers_and_phones_read_the_same_clock(stage: Stage) -> None:
    server = OffsetClock(path=stage.run / "clock")
    assert abs((server() - BEGINS).total_seconds()) < 60
    before = stage.clock.moment()
    stage.clock.advance(days=8)
    after = stage.clock.moment()
    assert abs((server() - stage.clock.now()).total_seconds()) < 1
    assert before.mono_ms is not None
    assert after.mono_ms is not None
    assert abs((after.wall - before.wall).total_seconds() * 1000 - (after.mono_ms - before.mono_ms)) < 100


def test_a_photo_carries_its_time_and_place(tmp_path: Path) -> None:
    take_photo(tmp_path / "p.jpg", at=datetime(2026, 3, 10, 1, 2, 3, tzinfo=UTC), spot=Spot(lon=114.5, lat=38.04))
    with Image.open(tmp_path / "p.jpg") as image:
        exif = image.getexif()
        assert exif.get_ifd(IFD.Exif)[Base.DateTimeOriginal] == "2026:03:10 09:02:03"
        assert exif.get_ifd(IFD.GPSInfo)[GPS.GPSLatitude] == (38.0, 2.0, 24.0)


def test_a_fix_lies_where_the_phone_is() -> None:
    fix = Spot(lon=114.5, lat=38.04).moved(900).fix()
    assert (fix["lat"] - 38.04) * 111_000 == pytest.approx(900, abs=4)


def test_what_holds_is_passed_in_silence() -> None:
    ensure(condition=True, sentence="如常")
    with pytest.raises(Unexpected, match="不如常"):
        ensure(condition=False, sentence="不如常")


def test_the_phone_of_the_demo_tells_a_time_that_the_server_takes(stage: Stage) -> None:
    moment = stage.clock.moment()
    body = {"device_id": str(uuid4()), "boot_id": moment.boot_id, "mono_ms": moment.mono_ms}
    assert HandshakeInput().validate(body) == {}
