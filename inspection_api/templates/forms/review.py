"""What an author must not write into a new definition, although the server could judge by it.

Only drafts are reviewed: a published version counts for ever, also where it was written before a check came here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from inspection_api.templates.errors import DefinitionInvalid
from inspection_api.templates.forms.definition import ANSWERED_PROOFS, DEFAULT_MEDIA_LIMIT
from inspection_api.templates.forms.parts import Evidence, Item, ItemType, MediaKind, RuleKind
from inspection_api.templates.forms.values import NOT_APPLICABLE

if TYPE_CHECKING:
    from inspection_api.templates.forms.definition import Form

Found = Iterator[tuple[str, str]]

_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
_CHOICES = {ItemType.SINGLE, ItemType.MULTIPLE}
_ITEM_RANGES = {"decimals": (0, 16), "max_length": (1, 10_000)}
_MAX_DWELL_S = 86_400
_MAX_SECONDS = 3600
_MAX_MEDIA = 99


def ensure_well_made(form: Form) -> None:
    """Refuse what no author can mean, with every path at which it stands.

    Raises:
        DefinitionInvalid: with all faults of meaning in ``fields``.
    """
    definition = form.definition
    found = dict(_twice("groups", "key", [group.key for group in definition.groups]))
    found |= _out_of_range("min_dwell_s", definition.min_dwell_s, 0, _MAX_DWELL_S)
    items = {item.key: item for item in definition.items}
    for position, item in enumerate(definition.items):
        found |= {f"items.{position}.{path}": sentence for path, sentence in _item(item, items)}
    for position, rule in enumerate(definition.rules):
        if rule.kind is RuleKind.REASON_IF_INDICATOR and not _can_be(items[rule.items[0]], rule.value):
            found[f"rules.{position}.value"] = "检查项没有这个答案"
        proofs = _proofs(rule.evidence, [items[key] for key in rule.items])
        found |= {f"rules.{position}.{path}": sentence for path, sentence in proofs}
    if found:
        raise DefinitionInvalid(fields=found)


def _item(item: Item, items: dict[str, Item]) -> Found:
    if _KEY.fullmatch(item.key) is None:
        yield "key", "须为 1–40 位小写字母、数字或下划线，以字母开头"
    for name, (low, high) in _ITEM_RANGES.items():
        yield from _out_of_range(name, getattr(item, name), low, high).items()
    if item.minimum is not None and item.maximum is not None and Decimal(item.minimum) > Decimal(item.maximum):
        yield "maximum", "上限不得小于下限"
    yield from _twice("roles", "", item.roles)
    yield from _twice("options", "code", [option.code for option in item.options])
    yield from _media(item)
    for name, condition in (("visible_if", item.visible_if), ("required_if", item.required_if)):
        if condition is not None and condition.item is not None:
            yield from _answers(f"{name}.one_of", items[condition.item], condition.one_of)
    if item.indicator is not None:
        yield from _answers("indicator.adverse", item, item.indicator.adverse)


def _media(item: Item) -> Found:
    for kind, limit in item.media_limits.items():
        yield from _out_of_range(f"media_limits.{kind}", limit, 0, _MAX_MEDIA).items()
    yield from _proofs(item.evidence, (item,))


def _proofs(evidence: Iterable[Evidence], items: Collection[Item]) -> Found:
    """Yield the proofs that nobody can bring: more media than all the items together take, or for too long."""
    for position, proof in enumerate(evidence):
        most = 1 if proof.kind in ANSWERED_PROOFS else sum(_limit(item, MediaKind(proof.kind)) for item in items)
        yield from _out_of_range(f"evidence.{position}.min_count", proof.min_count, 1, most).items()
        yield from _out_of_range(f"evidence.{position}.min_seconds", proof.min_seconds, 0, _MAX_SECONDS).items()


def _limit(item: Item, kind: MediaKind) -> int:
    return item.media_limits.get(kind, DEFAULT_MEDIA_LIMIT)


def _answers(path: str, item: Item, answers: tuple[bool | str, ...]) -> Found:
    """Yield the answers that ``item`` can never have, and that there are none at all."""
    if not answers:
        yield path, "至少要有一个答案"
    for position, answer in enumerate(answers):
        if not _can_be(item, answer):
            yield f"{path}.{position}", "检查项没有这个答案"


def _can_be(item: Item, answer: bool | str) -> bool:  # noqa: FBT001 - an answer, not a switch
    if item.type is ItemType.YES_NO:
        return isinstance(answer, bool) or (item.not_applicable and answer == NOT_APPLICABLE)
    if item.type in _CHOICES:
        return answer in {option.code for option in item.options}
    return isinstance(answer, str)


def _twice(path: str, member: str, codes: Iterable[str]) -> Found:
    seen: set[str] = set()
    for position, code in enumerate(codes):
        if code in seen:
            yield f"{path}.{position}.{member}".strip("."), "重复"
        seen.add(code)


def _out_of_range(path: str, value: int, low: int, high: int) -> dict[str, str]:
    return {} if low <= value <= high else {path: f"须在 {low} 至 {high} 之间"}
