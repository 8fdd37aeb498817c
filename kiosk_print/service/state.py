"""Where a paper stands: state, windows, counters, prints, requests, and who could unlock it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from inspection_api.accounts.queries import accounts_of_same_people
from inspection_api.calendars.queries import load_calendar
from inspection_api.core.periods import local_day
from kiosk_print import queries
from kiosk_print.rules import unlock
from kiosk_print.rules.unlock import RequestStatus
from kiosk_print.rules.window import PaperState, paper_state

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from inspection_api.calendars.rules import Calendar
    from inspection_api.core.context import Context
    from inspection_api.inspections.models import Inspection
    from kiosk_print.models import PaperOpinion, PaperPrint, PaperWindow, UnlockRequest, VoidRequest
    from kiosk_print.queries import Person
    from kiosk_print.rules.unlock import Candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """One print window, and whether anything was printed in it."""

    number: int
    opens_at: datetime
    closes_at: datetime
    unlock_request_id: UUID | None
    used: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One visit's paper; ``unlock_count`` and ``last_unlocked_…`` are 解锁次数, 解锁人 and 解锁时间."""

    inspection_id: UUID
    state: PaperState
    opens_at: datetime | None
    closes_at: datetime | None
    unlock_count: int
    last_unlocked_by: Person | None
    last_unlocked_at: datetime | None
    deciders: Sequence[Person]
    windows: Sequence[Opening]
    prints: Sequence[PaperPrint]
    requests: Sequence[UnlockRequest]
    void_requests: Sequence[VoidRequest]
    opinion: PaperOpinion | None
    people: Sequence[Person]


def view(ctx: Context, inspection_id: UUID) -> Paper:
    """Return the paper of a visit in the actor's scope.

    Raises:
        NotFound: the visit is out of scope.
    """
    inspection = queries.get_inspection(ctx.session, ctx.actor, inspection_id)
    windows = queries.windows_of(ctx.session, [inspection_id])[inspection_id]
    requests = queries.requests_of(ctx.session, [inspection_id])[inspection_id]
    granted = [each for each in requests if each.status == RequestStatus.APPROVED]
    state = state_of(ctx, inspection, windows, requests)
    deciders = deciders_of(ctx, inspection, requests) if is_locked(state) else ()
    last = granted[-1] if granted else None
    prints = queries.prints(ctx.session, inspection_id)
    opinion = queries.find_opinion(ctx.session, inspection_id)
    voids = queries.void_requests_of(ctx.session, inspection_id)
    acting = _acting(prints, [*requests, *voids], opinion)
    able = {each.user_id for each in deciders}
    names = queries.people(ctx.session, [*acting, *able])
    return Paper(
        inspection_id=inspection_id,
        state=state,
        opens_at=windows[-1].opens_at if windows else None,
        closes_at=windows[-1].closes_at if windows else None,
        unlock_count=len(granted),
        last_unlocked_by=names[last.decided_by] if last and last.decided_by else None,
        last_unlocked_at=last.decided_at if last else None,
        deciders=[person for id_, person in names.items() if id_ in able],
        windows=_openings(windows, prints),
        prints=prints,
        requests=requests,
        void_requests=voids,
        opinion=opinion,
        people=list(names.values()),
    )


def _acting(
    prints: Iterable[PaperPrint], requests: Iterable[UnlockRequest | VoidRequest], opinion: PaperOpinion | None
) -> list[UUID | None]:
    """Return who printed, voided, asked, decided, and gave the opinion."""
    of_prints = [id_ for each in prints for id_ in (each.printed_by, each.voided_by)]
    of_requests = [id_ for each in requests for id_ in (each.requested_by, each.decided_by)]
    return [*of_prints, *of_requests, *([opinion.author_id] if opinion else [])]


def _openings(windows: Sequence[PaperWindow], prints: Sequence[PaperPrint]) -> list[Opening]:
    used = {each.window_number for each in prints}
    return [
        Opening(
            number=each.number,
            opens_at=each.opens_at,
            closes_at=each.closes_at,
            unlock_request_id=each.unlock_request_id,
            used=each.number in used,
        )
        for each in windows
    ]


def state_of(
    ctx: Context, inspection: Inspection, windows: Sequence[PaperWindow], requests: Iterable[UnlockRequest]
) -> PaperState:
    """Return the state of a paper now."""
    pending = find_pending(requests, ctx.now)
    return paper_state(
        voided=inspection.state == "voided",
        closes_at=windows[-1].closes_at if windows else None,
        requested_until=pending.expires_at if pending else None,
        now=ctx.now,
    )


def is_locked(state: PaperState) -> bool:
    """Tell whether only an unlock helps."""
    return state in {PaperState.LOCKED, PaperState.UNLOCK_REQUESTED}


def find_pending(requests: Iterable[UnlockRequest], now: datetime) -> UnlockRequest | None:
    """Return the request that nobody has decided and that has not expired, also before the sweep says so; or None."""
    return next((each for each in requests if unlock.is_open(each.status, each.expires_at, now)), None)


def deciders_of(ctx: Context, inspection: Inspection, requests: Iterable[UnlockRequest]) -> tuple[Candidate, ...]:
    """Return who decides the open request, or would decide the next one."""
    known = list(requests)
    case = Case(inspection=inspection, requests=known, request=find_pending(known, ctx.now))
    return circles_of(ctx, [case])[0].deciders


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A record, all its requests, and the one in question; None: the next one that somebody will make."""

    inspection: Inspection
    requests: Sequence[UnlockRequest]
    request: UnlockRequest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """Who decides a request now, and who never decides about its record: requester, inspector, opinion's author.

    Of these all accounts are ``barred`` that have their staff numbers.

    ``told`` are those who could decide it at the climb of which people were told last.
    """

    deciders: tuple[Candidate, ...]
    told: tuple[Candidate, ...]
    barred: frozenset[UUID]
    climbs: int


def circles_of(ctx: Context, cases: Sequence[Case]) -> list[Circle]:
    """Return the circle of each case, in the same four statements whatever their number."""
    organisations = {each.inspection.organisation_id for each in cases}
    candidates = queries.candidates(ctx.session, organisations, local_day(ctx.now))
    authors = queries.opinion_authors(ctx.session, {each.inspection.id for each in cases})
    calendar = load_calendar(ctx.session)
    concerned = [_concerned(case, authors.get(case.inspection.id)) for case in cases]
    accounts = accounts_of_same_people(ctx.session, set().union(*concerned))
    return [
        _circle(
            ctx,
            case,
            candidates[case.inspection.organisation_id],
            frozenset().union(*(accounts[each] for each in people)),
            calendar,
        )
        for case, people in zip(cases, concerned, strict=True)
    ]


def _concerned(case: Case, author_id: UUID | None) -> set[UUID]:
    people = (case.inspection.officer_id, author_id, case.request.requested_by if case.request else None)
    return {each for each in people if each is not None}


def _circle(
    ctx: Context, case: Case, candidates: Sequence[Candidate], barred: frozenset[UUID], calendar: Calendar
) -> Circle:
    request = case.request
    first = unlock.first_level(sum(each.status == RequestStatus.APPROVED for each in case.requests))
    climbs = unlock.climbed(request.requested_at, ctx.now, calendar) if request else 0
    decide = partial(unlock.decide_deciders, candidates, barred=barred, first=first)
    told = decide(climbs=request.climbs or 0) if request else ()
    return Circle(deciders=decide(climbs=climbs), told=told, barred=barred, climbs=climbs)


def unlock_facts(ctx: Context, inspection: Inspection, requests: Sequence[UnlockRequest]) -> dict[str, object]:
    """Return what somebody who meets the lock needs to know: who can unlock, and how often it was done."""
    names = queries.people(ctx.session, [each.user_id for each in deciders_of(ctx, inspection, requests)])
    pending = find_pending(requests, ctx.now)
    return {
        "deciders": [{"id": str(each.id), "name": each.name} for each in names.values()],
        "unlock_count": sum(each.status == RequestStatus.APPROVED for each in requests),
        "request_id": str(pending.id) if pending else None,
    }
