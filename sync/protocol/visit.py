"""A visit while it is being judged: when and where it was, and what speaks against it (domain.md §3.3-§3.5, §4.3).

Each function adds its reasons to the visit's ``codes`` (quarantine), ``flags`` (review) and ``traces`` (security).
The verdict that they amount to is made in ``submit.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from checkpoints.rules import binding
from checkpoints.rules.binding import LocationStatus
from inspection_api.core.periods import local_day
from inspection_api.inspections import evidence
from inspection_api.tasks import rules as task_rules
from sync.protocol import manifests, plates, times
from sync.protocol.duty import judge_duty
from sync.protocol.fixes import all_or_none

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from uuid import UUID

    from checkpoints.rules.binding import Location
    from checkpoints.rules.plate import Plate
    from checkpoints.rules.values import CheckpointFacts
    from inspection_api.templates.forms import Form
    from sync.protocol.envelope import Fix, Manifest, Operation, Stamp, Submit
    from sync.protocol.facts import Facts, PublishedTemplate
    from sync.protocol.order import Step
    from sync.protocol.times import Bound


@dataclass(slots=True, kw_only=True)
class Visit:
    """A submit while it is being judged: what is known of it, and what speaks against it."""

    facts: Facts
    operation: Operation
    payload: Submit
    checkpoint: CheckpointFacts
    template: PublishedTemplate
    at: Bound
    day: date
    codes: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    traces: list[str] = field(default_factory=list)
    media: list[Manifest] = field(default_factory=list)
    plate: Plate | None = None

    @property
    def roles(self) -> list[str]:
        """Return the roles that the visitor held on the day of the visit, where the form asks by role."""
        return self.facts.roles_on(self.day)

    @property
    def form(self) -> Form:
        """Return the form as it is for this visitor."""
        whole = self.template.form
        return whole.asked_of(self.roles) if whole.by_role else whole

    @property
    def first_scan(self) -> tuple[UUID, int] | None:
        """Return checkpoint and generation of a plate that nobody is known to have scanned before."""
        if self.plate is None or self.plate.first_scanned_at is not None:
            return None
        return self.checkpoint.id, self.plate.generation


def opened(facts: Facts, operation: Operation, payload: Submit, step: Step) -> Visit:
    """Return the visit as it stands before it is judged, with what its batch and its device bring along."""
    sender = facts.sender
    at = times.trusted(
        payload.scan.at, sender.samples, seq=operation.seq, since=sender.since, received_at=sender.received_at
    )
    visit = Visit(
        facts=facts,
        operation=operation,
        payload=payload,
        checkpoint=facts.checkpoints[payload.checkpoint_id],
        template=facts.templates[payload.template_version_id],
        at=at,
        day=local_day(at.at),
        codes=list(step.codes),
        flags=list(step.flags),
    )
    if not sender.is_approved:
        visit.codes.append("device_unapproved")
    if times.is_skewed(payload.scan.at, at):
        visit.flags.append("clock_skew")
    return visit


def judge_plate(visit: Visit) -> None:
    """Judge the text that opened the visit, scanned or typed."""
    judge = plates.judge_typed if visit.payload.scan.manual_reason else plates.judge_scan
    scanned = judge(visit.facts, visit.checkpoint, visit.payload.scan.qr, visit.at)
    visit.plate = scanned.plate
    visit.codes.extend(scanned.codes)
    visit.traces.extend(scanned.traces)


def judge_place(visit: Visit) -> dict[str, Any]:
    """Judge presence by the location that was valid at the scan; return the stored judgement (§3.3–§3.5)."""
    known = visit.facts.locations.get(visit.checkpoint.id, [])
    location = binding.location_at(known, visit.at.at)
    ends = () if visit.at.is_exact else visit.at.ends
    if not all(_is_judged_by(visit, location, binding.location_at(known, at), at) for at in ends):
        visit.codes.append("time_bounded")
    if location is None:
        visit.codes.append("not_bound")
        return {"verdict": None, "location_generation": None}
    if location.status is LocationStatus.PROVISIONAL:
        visit.codes.append("binding_pending")
    min_dwell_s = visit.template.form.definition.min_dwell_s
    presence, place = evidence.judge_at(
        _proof(visit), location, radius_m=visit.checkpoint.radius_at(visit.at.at), min_dwell_s=min_dwell_s
    )
    visit.codes.extend(presence.codes)
    visit.flags.extend(presence.flags)
    if "mock" in presence.codes:
        visit.traces.append("security.mock_location")
    return place | {"plate_generation": visit.plate.generation if visit.plate else None}


def _is_judged_by(visit: Visit, location: Location | None, other: Location | None, at: datetime) -> bool:
    """Tell whether the visit is judged by ``location`` if it was at ``at``, an end of its bound, where ``other`` held.

    Before his own first binding no other place can have been meant: the officer held this plate when he bound it.
    """
    if other is None and location is not None and at < location.valid_from:
        return location.bound_by == visit.facts.sender.user_id
    return (other and other.id) == (location and location.id)


def _proof(visit: Visit) -> evidence.Proof:
    payload = visit.payload
    return evidence.Proof(
        scan=_moment(payload.scan.fixes, payload.scan.at),
        captures=tuple([_moment((each.fix,) if each.fix else (), each.captured) for each in payload.media]),
        submit=_moment(payload.fixes, visit.operation.captured),
    )


def _moment(fixes: Sequence[Fix], stamp: Stamp) -> evidence.Moment:
    return evidence.Moment(fixes=all_or_none(fixes), boot_id=stamp.boot_id, mono_ms=stamp.mono_ms)


def evidence_of(operation: Operation, payload: Submit) -> dict[str, Any]:
    """Return the raw proof of presence as it is stored, from which the visit can be judged again (§3.5)."""
    return {
        "scan": payload.scan,
        "fixes": payload.fixes,
        "captured": operation.captured,
        "captures": [{"fix": each.fix, "captured": each.captured} for each in payload.media],
    }


def judge_time(visit: Visit) -> task_rules.Closing:
    """Judge period and assignment at both ends of the time bound: harmless if nothing depends on it (sync.md §6)."""
    closing = _closing(visit, visit.day)
    ends = () if visit.at.is_exact else map(local_day, visit.at.ends)
    others = [_closing(visit, day) for day in ends]
    if any((each.task_id, each.outcomes) != (closing.task_id, closing.outcomes) for each in others):
        visit.codes.append("time_bounded")
    duty = judge_duty(visit.facts, visit.checkpoint.id, visit.at)
    visit.codes.extend(duty.codes)
    visit.flags.extend((*duty.flags, *closing.flags))
    return closing


def _closing(visit: Visit, day: date) -> task_rules.Closing:
    performed = task_rules.Visit(
        inspection_id=visit.operation.entity_id,
        checkpoint_id=visit.checkpoint.id,
        performed_on=day,
        template_family=visit.template.family,
        channel=visit.payload.channel,
        task_id=visit.payload.task_id,
        officer_id=visit.facts.sender.user_id,
        roles=frozenset(visit.facts.roles_on(day)),
    )
    return task_rules.decide_closing(performed, visit.facts.tasks_at(visit.checkpoint.id))


def judge_media(visit: Visit) -> None:
    """Look for contradictions in the manifests; a medium that is somebody else's, or none of ours, is not written."""
    record_id = visit.operation.entity_id
    for medium in visit.payload.media:
        exhibit = manifests.judge_medium(visit.facts, medium, record_id)
        if exhibit.codes:
            visit.codes.extend(exhibit.codes)
            visit.traces.extend(exhibit.traces)
        if exhibit.is_kept:
            visit.media.append(medium)
        visit.facts.media_elsewhere.setdefault(medium.sha256, record_id)
