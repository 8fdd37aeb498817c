"""A form's compiled shape, in which a visit is judged in microseconds.

A definition never changes once published, so compiling it is done once per process and version.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import msgspec

from inspection_api.templates.errors import DefinitionInvalid
from inspection_api.templates.forms import faults, values
from inspection_api.templates.forms.parts import (
    Condition,
    Definition,
    Evidence,
    Item,
    ItemType,
    MediaKind,
    ProofKind,
    Rule,
    RuleKind,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

DEFAULT_MEDIA_LIMIT = 9
ANSWERED_PROOFS: Mapping[ProofKind, frozenset[ItemType]] = {
    ProofKind.DOCUMENT_NUMBER: frozenset({ItemType.TEXT}),
    ProofKind.SECOND_PERSON: frozenset({ItemType.TEXT, ItemType.SIGNATURE}),
}
_NUMERIC = {ItemType.NUMBER, ItemType.MONEY}


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledItem:
    """An item as the hot path needs it.

    ``check`` turns a raw value into the canonical one, or raises a Fault; it is never called for media and read-only
    items, which have no answer.
    """

    key: str
    label: str
    check: Callable[[Any], Any]
    required: bool
    required_if: Condition | None
    visible_if: Condition | None
    indicator: str | None
    adverse: frozenset[bool | str]
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A compiled definition: the items that are ``asked`` and ``proved``, and the most media that an item takes.

    ``unasked`` are the items that are for others than the visitor, ``by_role`` tells whether there can be any.
    ``has_hidden`` tells whether an item may not be shown, and of ``few_media`` media no item can have too many.
    """

    definition: Definition
    asked: tuple[CompiledItem, ...]
    by_key: Mapping[str, CompiledItem]
    proved: tuple[CompiledItem, ...]
    limits: Mapping[tuple[str, str], int]
    by_role: bool
    has_hidden: bool
    few_media: int
    unasked: frozenset[str] = frozenset()

    def asked_of(self, roles: Collection[str] | None) -> Form:
        """Return the form as it is for a visitor with these roles (None: for whoever may be asked anything)."""
        if not self.by_role or roles is None:
            return self
        others = frozenset(
            item.key for item in self.definition.items if item.roles and not set(roles).intersection(item.roles)
        )
        asked, proved = (tuple(item for item in items if item.key not in others) for items in (self.asked, self.proved))
        return replace(self, asked=asked, proved=proved, unasked=others, has_hidden=self.has_hidden or bool(others))


def compile_form(stored: object) -> Form:
    """Return the compiled form of a stored definition (decoded JSON).

    Raises:
        DefinitionInvalid: an unknown field, a wrong type, a key twice, or a rule about an item that is not there.
    """
    try:
        definition = msgspec.convert(stored, Definition, strict=True)
    except msgspec.ValidationError as error:
        raise DefinitionInvalid(fields=dict([faults.told(str(error))])) from None
    _ensure_consistent(definition)
    items = {item.key: _compiled(item) for item in definition.items}
    limits: dict[tuple[str, str], int] = {
        (item.key, kind): item.media_limits.get(kind, DEFAULT_MEDIA_LIMIT)
        for item in definition.items
        for kind in MediaKind
    }
    return Form(
        definition=definition,
        asked=tuple(items[item.key] for item in definition.items if item.type not in _UNANSWERED),
        by_key=items,
        proved=tuple(item for item in items.values() if item.evidence),
        limits=limits,
        by_role=any(item.roles for item in definition.items),
        has_hidden=any(item.visible_if is not None for item in definition.items),
        few_media=min(limits.values(), default=0),
    )


def _ensure_consistent(definition: Definition) -> None:
    """Raise DefinitionInvalid with every contradiction found."""
    found = dict(_contradictions(definition))
    unsafe = (path for path, text in _texts("", msgspec.to_builtins(definition)) if not values.is_safe(text))
    found |= dict.fromkeys(unsafe, "含有不允许的控制字符")
    if found:
        raise DefinitionInvalid(fields=found)


def _texts(path: str, part: object) -> Iterator[tuple[str, str]]:
    """Yield every text of a definition with its path."""
    if isinstance(part, str):
        yield path, part
    members = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list | tuple) else ()
    for name, each in members:
        yield from _texts(f"{path}.{name}".strip("."), each)


def _contradictions(definition: Definition) -> list[tuple[str, str]]:
    keys = [item.key for item in definition.items]
    places = list(enumerate(definition.items))
    kinds = {item.key: item.type for item in definition.items}
    groups = {group.key for group in definition.groups}
    found = [(f"items.{position}.key", "检查项代码重复") for position, item in places if item.key in keys[:position]]
    found += [(f"items.{position}.group", "没有这个分组") for position, item in places if item.group not in groups]
    for position, item in places:
        found += _item_contradictions(f"items.{position}", item, set(keys[:position]))
        found += _proof_contradictions(f"items.{position}", item.evidence, kinds)
    for position, rule in enumerate(definition.rules):
        found += [(f"rules.{position}", f"没有检查项 {key}") for key in rule.items if key not in kinds]
        found += _rule_contradictions(f"rules.{position}", rule, kinds)
        found += _proof_contradictions(f"rules.{position}", rule.evidence, kinds)
    return found


def _proof_contradictions(
    path: str, evidence: tuple[Evidence, ...], kinds: dict[str, ItemType]
) -> Iterator[tuple[str, str]]:
    """A number stands in a text; a person is named in one, or signs; media lie at the item itself."""
    for position, proof in enumerate(evidence):
        types = ANSWERED_PROOFS.get(proof.kind)
        if types is None and proof.item:
            yield f"{path}.evidence.{position}.item", "图片、语音、视频不引用其他检查项"
        if types is not None and kinds.get(proof.item) not in types:
            yield f"{path}.evidence.{position}.item", "须引用填写号码或第二人的检查项"


def _rule_contradictions(path: str, rule: Rule, kinds: dict[str, ItemType]) -> list[tuple[str, str]]:
    if not rule.items:
        return [(path, "规则至少要有一个检查项")]
    types = {kinds.get(key) for key in rule.items}
    if rule.kind is RuleKind.AT_MOST_ONE_NON_ZERO and not types <= _NUMERIC:
        return [(path, "此规则只适用于数值和金额")]
    if rule.kind is RuleKind.ORDERED and not (types <= _NUMERIC or types <= {ItemType.DATE}):
        return [(path, "此规则只适用于数值和金额，或只适用于日期")]
    return []


def _item_contradictions(path: str, item: Item, earlier: set[str]) -> list[tuple[str, str]]:
    """Conditions look backwards only, so one pass over the items decides them all."""
    found = []
    shown = item.visible_if
    if shown is not None and (shown.any_indicator or shown.item not in earlier):
        found.append((f"{path}.visible_if", "显示条件只能引用前面的检查项"))
    needed = item.required_if
    if needed is not None and not needed.any_indicator and needed.item not in earlier:
        found.append((f"{path}.required_if", "必填条件只能引用前面的检查项"))
    if item.type in {ItemType.SINGLE, ItemType.MULTIPLE} and not item.options:
        found.append((f"{path}.options", "选择题须有选项"))
    if not _are_decimals(item.minimum, item.maximum):
        found.append((f"{path}.minimum", "上下限须为十进制数"))
    return found


def _are_decimals(*limits: str | None) -> bool:
    try:
        return all(Decimal(limit).is_finite() for limit in limits if limit is not None)
    except InvalidOperation:
        return False


def _compiled(item: Item) -> CompiledItem:
    indicator = item.indicator
    demanded = item.required or item.required_if is not None
    implied = (Evidence(kind=ProofKind.PHOTO),) if item.type is ItemType.MEDIA and demanded else ()
    return CompiledItem(
        key=item.key,
        label=item.label,
        check=_CHECKS[item.type](item),
        required=item.required,
        required_if=item.required_if,
        visible_if=item.visible_if,
        indicator=indicator.code if indicator else None,
        adverse=frozenset(indicator.adverse) if indicator else frozenset(),
        evidence=item.evidence or implied,
    )


def _codes(item: Item) -> frozenset[str]:
    return frozenset(option.code for option in item.options)


def _number(item: Item) -> Callable[[Any], Any]:
    low, high = (None if limit is None else Decimal(limit) for limit in (item.minimum, item.maximum))
    return values.number(decimals=item.decimals, minimum=low, maximum=high)


_UNANSWERED = {ItemType.MEDIA, ItemType.READ_ONLY}
_CHECKS: dict[ItemType, Callable[[Item], Callable[[Any], Any]]] = {
    ItemType.YES_NO: lambda item: values.yes_no(not_applicable=item.not_applicable),
    ItemType.SINGLE: lambda item: values.single(_codes(item)),
    ItemType.MULTIPLE: lambda item: values.multiple(_codes(item)),
    ItemType.NUMBER: _number,
    ItemType.MONEY: _number,
    ItemType.DATE: lambda _: values.iso_date,
    ItemType.TEXT: lambda item: values.text(item.max_length),
    ItemType.SIGNATURE: lambda _: values.media_id,
    ItemType.MEDIA: lambda _: values.media_id,
    ItemType.READ_ONLY: lambda item: values.text(item.max_length),
}
