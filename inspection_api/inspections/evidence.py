"""Was the officer there, and all the time? The verdicts of scan, captures and submit put together (domain.md §3.3).

Each verdict itself is decided in ``checkpoints/rules/fence.py``; this module says what they mean for one visit, when it
is pushed and again when a manager has decided between rival places.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from checkpoints.rules import binding, fence, sketch
from checkpoints.rules.binding import LocationStatus
from checkpoints.rules.fence import Fix, Judgement, Verdict
from checkpoints.rules.sketch import MarkKind
from inspection_api.templates.forms import EvidenceMissing, ProofKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from checkpoints.coordinates import Point
    from checkpoints.rules.binding import Location
    from checkpoints.rules.sketch import Sketch
    from inspection_api.templates.forms import Medium

_NO_FRESH_FIX = {Verdict.STALE, Verdict.TOO_COARSE, Verdict.INDETERMINATE}


class Act(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One act of the visit after the scan: its verdict, and when, in milliseconds after the scan (None: unknown)."""

    judgement: Judgement
    after_scan_ms: int | None


class Presence(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """``codes`` send the visit into quarantine, ``flags`` go to review with it."""

    codes: tuple[str, ...]
    flags: tuple[str, ...]


def judge_presence(scan: Judgement, captures: Sequence[Act], submit: Act, *, min_dwell_s: int) -> Presence:
    """Judge the whole visit.

    The scan needs a good fix. A capture or submit without a fresh one (inside a hall) makes the visit weak; a mock or
    a fix clearly outside speaks against it whenever it was taken. Media belong between scan and submit.
    """
    acts = (*captures, submit)
    verdicts = {act.judgement.verdict for act in acts}
    codes = [] if scan.is_accepted else [scan.verdict.value]
    codes += [bad.value for bad in (Verdict.MOCK, Verdict.OUTSIDE) if bad in verdicts and bad != scan.verdict]
    if any(_is_outside_visit(capture, submit) for capture in captures):
        codes.append("media_contradiction")
    flags = []
    if scan.is_weak or (scan.is_accepted and verdicts & _NO_FRESH_FIX):
        flags.append("weak")
    if submit.after_scan_ms is not None and submit.after_scan_ms < min_dwell_s * 1000:
        flags.append("rushed")
    return Presence(codes=tuple(codes), flags=tuple(flags))


def _is_outside_visit(capture: Act, submit: Act) -> bool:
    """Tell whether the monotonic clock contradicts a capture; an unknown time contradicts nothing."""
    if capture.after_scan_ms is None:
        return False
    is_after = submit.after_scan_ms is not None and capture.after_scan_ms > submit.after_scan_ms
    return capture.after_scan_ms < 0 or is_after


def weak_lacks(media: Sequence[Medium]) -> tuple[EvidenceMissing, ...]:
    """Return what a visit with an ``indeterminate`` scan still lacks: a photo of the plate, and one more proof (§3.2).

    The photo of the plate is the visit's, no item's; the other proof may be any medium.
    """
    has_plate = any(each.item is None and each.kind == ProofKind.PHOTO for each in media)
    lacks = {"plate_photo": not has_plate, "site_proof": len(media) == has_plate}
    return tuple(EvidenceMissing(proof, ProofKind.PHOTO.value, 1, 0, 0) for proof, is_due in lacks.items() if is_due)


class Moment(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An act as the device reported it: where, and when on the monotonic clock of one boot (None: unknown)."""

    fixes: tuple[Fix, ...]
    boot_id: str | None
    mono_ms: int | None

    def after(self, start: Moment) -> int | None:
        """Return the milliseconds since ``start``, None where the two cannot be compared."""
        if start.boot_id is None or start.boot_id != self.boot_id or start.mono_ms is None or self.mono_ms is None:
            return None
        return self.mono_ms - start.mono_ms


class Proof(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Everything that a visit brings to show that the officer was there."""

    scan: Moment
    captures: tuple[Moment, ...]
    submit: Moment


def proof_of(stored: Mapping[str, Any]) -> Proof:
    """Return the proof of a visit's stored ``evidence``."""
    return Proof(
        scan=_stored(stored["scan"]["fixes"], stored["scan"]["at"]),
        captures=tuple(_stored(_fixes(each), each["captured"]) for each in stored["captures"]),
        submit=_stored(stored["fixes"], stored["captured"]),
    )


def _fixes(capture: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [capture["fix"]] if capture.get("fix") else []


def _stored(fixes: Iterable[Mapping[str, Any]], stamp: Mapping[str, Any]) -> Moment:
    """Return an act of stored values; a fix that is no place on earth leaves it without any."""
    return Moment(fixes=fence.fixes_as_kept(fixes), boot_id=stamp.get("boot_id"), mono_ms=stamp.get("mono_ms"))


def judge_at(proof: Proof, location: Location, *, radius_m: int, min_dwell_s: int) -> tuple[Presence, dict[str, Any]]:
    """Judge a visit by one place; return also what a reviewer needs to follow it: generation, distances in metres."""
    place, begun = location.point, proof.scan
    scan = fence.decide_verdict(begun.fixes, place, radius_m)
    *captures, submit = [
        Act(judgement=fence.decide_verdict(each.fixes, place, radius_m), after_scan_ms=each.after(begun))
        for each in (*proof.captures, proof.submit)
    ]
    presence = judge_presence(scan, captures, submit, min_dwell_s=min_dwell_s)
    return presence, {
        "verdict": scan.verdict,
        "distance_m": scan.distance_m,
        "accuracy_m": scan.accuracy_m,
        "radius_m": scan.radius_m,
        "location_id": str(location.id),
        "location_generation": location.generation,
        "acts": [each.judgement.verdict for each in (*captures, submit)],
    }


def draw_at(proof: Proof, place: Point, radius_m: int) -> Sketch:
    """Return the fence of ``place`` with everything that a visit brings around it."""
    acts = (
        (MarkKind.SCAN, proof.scan),
        *((MarkKind.CAPTURE, each) for each in proof.captures),
        (MarkKind.SUBMIT, proof.submit),
    )
    return sketch.draw(place, radius_m, *(sketch.mark_fixes(place, kind, act.fixes) for kind, act in acts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a submitted visit stands: its reasons for quarantine, its flags, and what it was judged by."""

    codes: tuple[str, ...]
    flags: tuple[str, ...]
    judgement: dict[str, Any]


_OF_THE_PLACE = {"outside", "too_coarse", "binding_pending"}
"""The reasons for quarantine that another place may lift; the others are the visit's own."""


def judge_again(
    before: Standing, proof: Proof, locations: Sequence[Location], *, radius_m: int, min_dwell_s: int
) -> Standing:
    """Return how a visit stands now that a manager has decided about the places of its checkpoint (§3.4).

    The place that judged it was confirmed: it waits no longer. It was rejected: the visit is judged by the place that
    holds now, with the radius it was judged by, and both judgements are kept. Else nothing changes.
    """
    judge = next((each for each in locations if str(each.id) == before.judgement.get("location_id")), None)
    if judge is None or judge.status is LocationStatus.PROVISIONAL:
        return before
    if judge.status is not LocationStatus.REJECTED:
        codes = tuple(code for code in before.codes if code != "binding_pending")
        return Standing(codes=codes, flags=before.flags, judgement=before.judgement)
    holds = binding.standing(locations)
    return before if holds is None else _moved(before, proof, holds, radius_m=radius_m, min_dwell_s=min_dwell_s)


def _moved(before: Standing, proof: Proof, holds: Location, *, radius_m: int, min_dwell_s: int) -> Standing:
    presence, place = judge_at(proof, holds, radius_m=radius_m, min_dwell_s=min_dwell_s)
    pending = ("binding_pending",) if holds.status is LocationStatus.PROVISIONAL else ()
    own = [code for code in before.codes if code not in _OF_THE_PLACE]
    former = {name: before.judgement.get(name) for name in place}
    earlier = [*before.judgement.get("earlier", []), former]
    return Standing(
        codes=tuple(dict.fromkeys([*own, *presence.codes, *pending])),
        flags=tuple(dict.fromkeys([*(flag for flag in before.flags if flag != "weak"), *presence.flags])),
        judgement=before.judgement | place | {"earlier": earlier},
    )
