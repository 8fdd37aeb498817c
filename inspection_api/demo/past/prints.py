"""明白纸 of the past weeks at a few sub-branches: printed in time, locked, unlocked, printed again."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import exists, select

from inspection_api.accounts.models import Organisation
from inspection_api.inspections.models import Inspection
from kiosk_print import service as papers
from kiosk_print import verifying
from kiosk_print.models import PaperPrint, UnlockRequest, VoidRequest
from kiosk_print.rules.unlock import Reason, RequestStatus
from kiosk_print.rules.voiding import VoidReason, VoidStatus
from kiosk_print.rules.window import PrintStatus

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from uuid import UUID

    from sqlalchemy import ColumnElement

    from inspection_api.core.context import Context
    from inspection_api.demo.past.era import Era

_DAYS = 49
_WEEK = 7
_AT = ("0101", "0102")
_GRAVE = ("strong_watch", "exit")
_TUESDAY, _WEDNESDAY, _THURSDAY = 1, 2, 3
_OPINION = "同意检查结论，压缩授信额度，下月由支行经理陪同复查"
_WHYS = (
    (Reason.MISSED, "外出参加培训，窗口期内未能返回网点打印"),
    (Reason.LOST, "企业盖章时原件被茶水浸湿，需要补打一份"),
    (Reason.EQUIPMENT, "网点打印机故障，报修后窗口已经关闭"),
)


def work(era: Era, day: date) -> None:
    """On Tuesdays of the last weeks print and ask for unlocks, on Wednesdays to void; on Thursdays decide."""
    if (era.today - day).days > _DAYS:
        return
    if day.weekday() == _TUESDAY:
        for number, code in enumerate(_AT):
            _print_newest(era, code)
            ask(era, code, number)
    if day.weekday() == _WEDNESDAY:
        _ask_to_void(era, _AT[0])
    if day.weekday() == _THURSDAY and (era.today - day).days >= _WEEK:
        _decide_voids(era)
    if day.weekday() == _THURSDAY and (era.today - day).days > _THURSDAY:
        _decide(era)


def _print_newest(era: Era, code: str) -> None:
    """Print the newest visit whose window is open, after the superior's opinion where its conclusion is grave."""
    found = _newest(era, code, Inspection.print_closes_at > era.now, ~_is_printed())
    if found is None:
        return
    inspection_id, conclusion = found
    if conclusion in _GRAVE:
        papers.give_opinion(era.acting(f"a{code[:2]}"), inspection_id, text=_OPINION)
        era.settle()
    _print(era, code, inspection_id)


def _print(era: Era, code: str, inspection_id: UUID) -> None:
    @contextmanager
    def begin() -> Iterator[Context]:
        yield era.acting(f"o{code}")
        era.settle()

    key = f"demo-{inspection_id}-{era.now:%Y%m%d}"
    papers.print_paper(begin, inspection_id, idempotency_key=key, verify_url=f"{era.public_url}{verifying.PATH}/")


def ask(era: Era, code: str, number: int) -> None:
    """Ask for one locked paper, and print what has been unlocked since."""
    asked = exists().where(UnlockRequest.inspection_id == Inspection.id)
    unlocked = exists().where(
        UnlockRequest.inspection_id == Inspection.id, UnlockRequest.status == RequestStatus.APPROVED
    )
    opened = _newest(era, code, Inspection.print_closes_at > era.now, unlocked, ~_is_printed())
    if opened is not None:
        _print(era, code, opened[0])
    calm = Inspection.conclusion.not_in(_GRAVE)
    locked = _newest(era, code, Inspection.print_closes_at <= era.now, ~_is_printed(), ~asked, calm)
    if locked is not None:
        reason_code, reason = _WHYS[(number + era.now.day) % len(_WHYS)]
        papers.request_unlock(era.acting(f"o{code}"), locked[0], reason_code=reason_code, reason=reason)
        era.settle()


def _ask_to_void(era: Era, code: str) -> None:
    """Ask that the newest paper be voided that counts and about which nobody has asked."""
    newest = (
        select(PaperPrint.id)
        .join(Organisation, Organisation.id == PaperPrint.organisation_id)
        .where(Organisation.code == code, PaperPrint.status == PrintStatus.VALID, PaperPrint.copy == 1)
        .where(~exists().where(VoidRequest.number == PaperPrint.number))
        .order_by(PaperPrint.printed_at.desc(), PaperPrint.id)
        .limit(1)
    )
    print_id = era.system().session.scalar(newest)
    if print_id is not None:
        reason = {"reason_code": VoidReason.CONTENT, "reason": "电费金额抄错一位，更正检查记录后重新打印"}
        papers.request_void(era.acting(f"o{code}"), print_id, **reason, idempotency_key=f"demo-void-{print_id}")
        era.settle()


def _decide_voids(era: Era) -> None:
    """Approve what is to be voided."""
    pending = select(VoidRequest.id).where(VoidRequest.status == VoidStatus.PENDING).order_by(VoidRequest.id)
    for request_id in era.system().session.scalars(pending).all():
        papers.decide_void(era.acting(f"m{_AT[0]}"), request_id, approved=True)
        era.settle()


def _decide(era: Era) -> None:
    """Decide the open requests: the most are approved, some rejected; one in six is forgotten."""
    pending = (
        select(UnlockRequest.id, Organisation.code)
        .join(Organisation, Organisation.id == UnlockRequest.organisation_id)
        .where(UnlockRequest.status == RequestStatus.PENDING, UnlockRequest.expires_at > era.now)
        .order_by(UnlockRequest.requested_at, UnlockRequest.id)
    )
    for request_id, code in era.system().session.execute(pending).all():
        dice = era.random.randrange(6)
        if dice == 0:
            continue
        manager = era.acting(f"m{code}")
        if dice == 1:
            papers.decide_unlock(manager, request_id, approved=False, reason="理由不充分，请先补充情况说明")
        else:
            papers.decide_unlock(manager, request_id, approved=True, days=dice + 1, reason="同意补打")
        era.settle()


def _is_printed() -> ColumnElement[bool]:
    return exists().where(PaperPrint.inspection_id == Inspection.id)


def _newest(era: Era, code: str, *conditions: ColumnElement[bool]) -> tuple[UUID, str | None] | None:
    statement = (
        select(Inspection.id, Inspection.conclusion)
        .join(Organisation, Organisation.id == Inspection.organisation_id)
        .where(Organisation.code == code, Inspection.state == "accepted", *conditions)
        .order_by(Inspection.performed_at.desc(), Inspection.id)
        .limit(1)
    )
    row = era.system().session.execute(statement).first()
    return (row[0], row[1]) if row else None
