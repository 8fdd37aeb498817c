"""What a sheet says: a form's definition and a visit's answers become lines of text (domain.md §2.1).

Amounts are printed with two decimals, the loan's amount in 万元 exactly; an empty answer is an empty line, never 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby
from typing import Any

from inspection_api.core.periods import SHANGHAI
from inspection_api.templates.forms import Definition, Form, Item, ItemType, ProofKind, validate
from kiosk_print.errors import AnswersIncomplete
from kiosk_print.paper import Blank, Choice, Fact, Line, PaperSheet, Paragraph, Section

Answers = Mapping[str, Mapping[str, Any]]

_MAX_LOANS = 3
_TEN_THOUSAND = Decimal(10000)
_CENT = Decimal("0.01")
_FIVE_CLASSES = {"normal": "正常", "watch": "关注", "substandard": "次级", "doubtful": "可疑", "loss": "损失"}
_VERDICTS = {
    "inside": "在围栏内",
    "indeterminate": "位置精度不足（待复核）",
    "outside": "在围栏外",
    "too_coarse": "定位过于粗略",
    "stale": "定位已过期",
    "mock": "模拟定位",
}
_MISSING = frozenset({"required", "at_least_one", "reason_required"})
_OPINION = "superior_opinion"
_CONCLUSION = "conclusion"
_COMPANIONS = "companions"
_SIGNED = "已签名"
_HEADER = "header"
_FOOTER = "footer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """The superior's opinion, his name and when he gave it."""

    text: str
    author: str
    given_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """The accepted visit as its paper shows it.

    ``snapshot`` is what was copied at acceptance (``customer_name``, ``loans``, ``fed``), ``verdict`` and
    ``distance_m`` are the fence's, ``media`` counts the stored ones by kind.
    """

    answers: Answers
    snapshot: Mapping[str, Any]
    inspector: str
    performed_at: datetime | None
    verdict: str | None
    distance_m: float | None
    media: Mapping[str, int]
    template_number: int
    amendments: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Printing:
    """One print: by whom, when, under which number, as which copy; an empty ``qr_text`` makes a draft."""

    organisation: str
    printed_by: str
    printed_at: datetime
    number: str = ""
    copy: int = 1
    qr_text: str = ""


def ensure_answered(form: Form, answers: Answers) -> None:
    """Raise AnswersIncomplete while an answer is missing that ``form`` requires.

    A reviewer may have accepted such a visit: it took place. But nobody signs a paper with holes in it.
    """
    wrong = validate(form, answers).errors
    missing = {f"answers.{item}": sentence for item, (code, sentence) in wrong.items() if code in _MISSING}
    if missing:
        raise AnswersIncomplete(fields=missing)


def compose(definition: Definition, visit: Visit, opinion: Opinion | None, printing: Printing) -> PaperSheet:
    """Return the sheet of ``visit``."""
    items = definition.items
    return PaperSheet(
        title=definition.title,
        organisation=printing.organisation,
        number=printing.number,
        copy=printing.copy,
        printed_by=printing.printed_by,
        printed_at=minute(printing.printed_at),
        qr_text=printing.qr_text,
        head=_head([item for item in items if item.group == _HEADER], visit.snapshot),
        sections=tuple(
            Section(label=group.label, lines=_lines([item for item in items if item.group == group.key], visit))
            for group in definition.groups
            if group.key not in {_HEADER, _FOOTER}
        ),
        conclusion=next((_line([item], visit) for item in items if item.key == _CONCLUSION), None),
        paragraphs=tuple(
            _paragraph(item, visit, opinion)
            for item in items
            if item.group == _FOOTER and item.key not in {_CONCLUSION, _COMPANIONS}
        ),
        facts=_facts(visit, companions(definition, visit.answers)),
        instructions=definition.instructions,
    )


def companions(definition: Definition, answers: Answers) -> str:
    """Return who went along: whom the form's own item names, and whoever proved an answer as 第二人 (§2.1, row 21).

    They are answers, so an amendment of them is one of the record; a signature says that somebody was there.
    """
    asking = [part.evidence for part in definition.items] + [part.evidence for part in definition.rules]
    seconds = [proof.item for proofs in asking for proof in proofs if proof.kind is ProofKind.SECOND_PERSON]
    of_key = {item.key: item for item in definition.items}
    asked = [of_key[key] for key in (_COMPANIONS, *seconds) if key in of_key]
    told = [_shown(item, _value(answers, item.key)) for item in asked]
    return "、".join(dict.fromkeys(each for each in told if each))


def _head(items: Sequence[Item], snapshot: Mapping[str, Any]) -> tuple[Fact, ...]:
    return tuple(Fact(label=item.label, text=_head_text(item, snapshot)) for item in items)


def _head_text(item: Item, snapshot: Mapping[str, Any]) -> str:
    """Return a customer's field, or a loan's for up to three loans, then "等N笔"; amounts with their sum.

    What is the same of all loans stands once; else each stands in the order of the amounts, so that they can be told.
    """
    kind, _, field = item.source.partition(".")
    if kind != "loan":
        return _text(snapshot.get(item.key))
    values = [_text(loan.get(field)) for loan in snapshot.get("loans", [])]
    if field != "amount":
        words = [_FIVE_CLASSES.get(value, value) or "—" for value in values]
        return words[0] if len(set(words)) == 1 else _several(words, len(words))
    listed = _several([in_ten_thousands(value) for value in values], len(values))
    return listed if len(values) <= 1 else f"{listed}，合计 {in_ten_thousands(str(sum(map(Decimal, values))))}"


def _several(texts: Sequence[str], count: int) -> str:
    return "、".join(texts[:_MAX_LOANS]) + (f" 等{count}笔" if len(texts) > _MAX_LOANS else "")


def in_ten_thousands(amount: str) -> str:
    """Return an amount of 元 in 万元, exactly: ``1234567.89`` → ``123.456789 万元``."""
    exact = (Decimal(amount) / _TEN_THOUSAND).normalize()
    return f"{exact:f} 万元"


def _text(value: object) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, date) else str(value)


def _lines(items: Sequence[Item], visit: Visit) -> tuple[Line, ...]:
    """Return the section's lines; neighbours of one number share a line."""
    shared = groupby(items, key=lambda item: item.number or item.key)
    return tuple(_line(list(members), visit) for _, members in shared)


def _line(items: Sequence[Item], visit: Visit) -> Line:
    first = items[0]
    raised = [item.indicator.code for item in items if item.indicator and _is_adverse(item, visit.answers)]
    return Line(
        number=first.number,
        label=first.heading or first.label,
        blanks=tuple(_blank(item, visit) for item in items),
        flagged=" ".join(raised),
        note=_text(visit.answers.get(first.key, {}).get("note")) if first.key == _CONCLUSION else "",
    )


def _is_adverse(item: Item, answers: Answers) -> bool:
    value = _value(answers, item.key)
    given = value if isinstance(value, list) else [value]
    return item.indicator is not None and any(each in item.indicator.adverse for each in given if each is not None)


def _value(answers: Answers, key: str) -> Any:
    return answers.get(key, {}).get("value")


def _blank(item: Item, visit: Visit) -> Blank:
    value = _value(visit.answers, item.key)
    fed = visit.snapshot.get("fed", {}).get(item.key) if item.fed else None
    shown = fed if value is None else value
    starred = fed is not None and value is not None and Decimal(str(fed)) != Decimal(str(value))
    return Blank(
        caption=item.caption,
        text=_shown(item, shown),
        unit=item.unit,
        starred=starred,
        choices=_choices(item, value),
    )


def _choices(item: Item, value: Any) -> tuple[Choice, ...]:
    match item.type:
        case ItemType.YES_NO:
            words = [(True, "是"), (False, "否"), *([("not_applicable", "不适用")] if item.not_applicable else [])]
            return tuple(
                Choice(label=word, ticked=value is code or value == code == "not_applicable") for code, word in words
            )
        case ItemType.SINGLE | ItemType.MULTIPLE:
            given = value if isinstance(value, list) else [value]
            return tuple(Choice(label=option.label, ticked=option.code in given) for option in item.options)
        case _:
            return ()


def _shown(item: Item, value: Any) -> str:
    if value is None or item.type in {ItemType.YES_NO, ItemType.SINGLE, ItemType.MULTIPLE}:
        return ""
    if item.type is ItemType.SIGNATURE:
        return _SIGNED
    return str(_cents(Decimal(str(value)))) if item.type is ItemType.MONEY else str(value)


def _cents(amount: Decimal) -> Decimal:
    """Return an amount with two decimals, half-up: a bank's own form or feed may have more."""
    return amount.quantize(_CENT, ROUND_HALF_UP)


def _paragraph(item: Item, visit: Visit, opinion: Opinion | None) -> Paragraph:
    if item.key != _OPINION:
        return Paragraph(number=item.number, label=item.label, text=_text(_value(visit.answers, item.key)))
    signature = f"{opinion.author}　{minute(opinion.given_at)}" if opinion else ""
    return Paragraph(number=item.number, label=item.label, text=opinion.text if opinion else "", signature=signature)


def _facts(visit: Visit, with_him: str) -> tuple[Fact, ...]:
    counts = [visit.media.get(kind, 0) for kind in ("photo", "video", "audio")]
    texts = {
        "检查人": visit.inspector,
        "同行人": with_him or "—",
        "检查时间": minute(visit.performed_at) if visit.performed_at else "—",
        "地点结果": _place(visit),
        "影像": "图片({}) 视频({}) 语音({})".format(*counts),
        "模板版本": f"第 {visit.template_number} 版",
        "记录版本": f"第 {visit.amendments + 1} 版",
        "表头数据截至": _as_of(visit.snapshot),
    }
    return tuple(Fact(label=label, text=text) for label, text in texts.items())


def _as_of(snapshot: Mapping[str, Any]) -> str:
    return minute(datetime.fromisoformat(snapshot["as_of"])) if "as_of" in snapshot else "—"


def _place(visit: Visit) -> str:
    word = _VERDICTS.get(visit.verdict or "", "—")
    return word if visit.distance_m is None else f"{word}（距检查点 {visit.distance_m:.0f} 米）"


def minute(instant: datetime) -> str:
    """Return an instant as papers print it, in Chinese time: ``2026-03-10 10:05``."""
    return instant.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
