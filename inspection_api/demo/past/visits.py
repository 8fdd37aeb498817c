"""Visits of the past: what officers' phones brought, judged by the same rules and written by the same services."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from checkpoints.coordinates import Point
from checkpoints.rules.binding import Location, LocationStatus
from checkpoints.rules.plate import KEY_PURPOSE, plate_text
from inspection_api.core.ids import new_id
from inspection_api.core.periods import SHANGHAI, day_start
from inspection_api.demo.past.album import ITEMS
from inspection_api.demo.past.findings import findings
from inspection_api.inspections import evidence
from inspection_api.inspections import service as inspections
from inspection_api.templates import forms
from inspection_api.templates import queries as templates

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from random import Random
    from uuid import UUID

    from inspection_api.core.context import Context
    from inspection_api.demo.past.album import Album
    from inspection_api.demo.past.rounds import Errand

_METRES_PER_DEGREE = 111_000
_STAYS_MIN = (12, 45)
_MS = 1_000
_MEDIA = tuple(forms.Medium(item=item, kind="photo") for item in ITEMS)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stay:
    """When somebody was on site, by the clocks of his phone, and where."""

    errand: Errand
    arrived_at: datetime
    minutes: int
    boot_id: str
    mono_ms: int
    point: Point

    def stamp(self, minutes: float) -> dict[str, Any]:
        """Return the moment so many minutes after the scan."""
        wall = self.arrived_at + timedelta(minutes=minutes)
        return {"wall": wall.isoformat(), "mono_ms": self.mono_ms + round(minutes * 60 * _MS), "boot_id": self.boot_id}


def perform(ctx: Context, random: Random, album: Album, errands: Sequence[Errand]) -> None:
    """Write visits with their photos and let them count, as when a day's pushes came."""
    if not errands:
        return
    visits = [prepared(ctx, random, errand) for errand in errands]
    inspections.submit_visits(ctx, visits)
    album.store(ctx, [photo for visit in visits for photo in _photos(random, album, visit)])
    inspections.settle(ctx, [visit["id"] for visit in visits])


def prepared(ctx: Context, random: Random, errand: Errand, *, north_m: float = 0.0) -> dict[str, Any]:
    """Return a visit as a row to be submitted, so many metres north of where it should be."""
    duty = errand.duty
    form = templates.versions_by_id(ctx, [duty.template_version_id])[duty.template_version_id].form
    verdict = forms.validate(form, findings(random, is_troubled=errand.is_troubled), _MEDIA)
    stay = _stay(random, errand, north_m)
    proof = _proof(ctx, random, stay)
    location = _location(errand)
    presence, judgement = evidence.judge_at(
        evidence.proof_of(proof), location, radius_m=duty.radius_m, min_dwell_s=form.definition.min_dwell_s
    )
    return {
        "id": new_id(),
        "version": 1,
        "task_id": duty.task_id,
        "checkpoint_id": duty.checkpoint_id,
        "customer_id": duty.customer_id,
        "organisation_id": duty.organisation_id,
        "officer_id": duty.officer_id,
        "device_id": None,
        "template_version_id": duty.template_version_id,
        "channel": "onsite",
        "quarantine_codes": presence.codes,
        "blockers": ["media"],
        "flags": presence.flags,
        "answers": verdict.values,
        "note": None,
        "conclusion": verdict.values["conclusion"]["value"],
        "indicators": verdict.indicators,
        "judgement": {**judgement, "plate_generation": 1},
        "evidence": proof,
        "performed_at": stay.arrived_at,
        "performed_on": errand.performed_on,
        "submitted_at": ctx.now,
        "submitted_seq": None,
    }


def _stay(random: Random, errand: Errand, north_m: float) -> _Stay:
    arrived_at = day_start(errand.performed_on) + timedelta(minutes=random.randint(8 * 60 + 40, 17 * 60))
    return _Stay(
        errand=errand,
        arrived_at=arrived_at.astimezone(SHANGHAI),
        minutes=random.randint(*_STAYS_MIN),
        boot_id=f"{random.getrandbits(64):016x}",
        mono_ms=random.randint(10_000_000, 900_000_000),
        point=Point(errand.duty.lon, errand.duty.lat + north_m / _METRES_PER_DEGREE),
    )


def _proof(ctx: Context, random: Random, stay: _Stay) -> dict[str, Any]:
    """Return the raw proof of presence as a push stores it: a scan, two photos, a submission, each with a fix."""
    captures = [{"fix": _fix(random, stay), "captured": stay.stamp(stay.minutes * part)} for part in (0.3, 0.6)]
    key = ctx.bank.derived_key(KEY_PURPOSE)
    qr = plate_text(ctx.bank.tag, stay.errand.duty.public_id, 1, key)
    return {
        "scan": {"qr": qr, "at": stay.stamp(0), "fixes": [_fix(random, stay)]},
        "fixes": [_fix(random, stay)],
        "captured": stay.stamp(stay.minutes),
        "captures": captures,
    }


def _fix(random: Random, stay: _Stay) -> dict[str, Any]:
    scatter = [random.uniform(-25, 25) / _METRES_PER_DEGREE for _ in range(2)]
    return {
        "lon": round(stay.point.lon + scatter[0], 7),
        "lat": round(stay.point.lat + scatter[1], 7),
        "sys": "wgs84",
        "acc": round(random.uniform(5, 30), 1),
        "age_s": round(random.uniform(0.5, 6), 1),
    }


def _location(errand: Errand) -> Location:
    duty = errand.duty
    return Location(
        id=duty.location_id,
        checkpoint_id=duty.checkpoint_id,
        generation=1,
        point=Point(duty.lon, duty.lat),
        status=LocationStatus.CONFIRMED,
        bound_by=duty.bound_by,
        bound_at=duty.bound_at,
        valid_from=duty.bound_at,
    )


def _photos(random: Random, album: Album, visit: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a visit's two photos, each of another picture than the other visits of the day are likely to have."""
    taken = zip(ITEMS, visit["evidence"]["captures"], strict=True)
    return [_photo(album.any(random), visit, item, capture) for item, capture in taken]


def _photo(picture: Any, visit: dict[str, Any], item: str, capture: dict[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = {**capture, "source": "native_camera", "width": 640, "height": 480}
    owner: dict[str, UUID | None] = {name: visit[name] for name in ("officer_id", "organisation_id", "device_id")}
    return {
        **owner,
        "inspection_id": visit["id"],
        "item": item,
        "bytes": picture.bytes,
        "sha256": picture.sha256,
        "captured": facts,
    }
