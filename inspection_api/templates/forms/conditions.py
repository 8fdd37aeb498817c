"""Conditions of a form: what is shown, what is needed, and which indicators the answers raise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inspection_api.templates.forms.definition import CompiledItem, Form
    from inspection_api.templates.forms.parts import Condition

Answers = Mapping[str, Mapping[str, Any]]


def holds(condition: Condition, answered: Answers, indicators: Sequence[str]) -> bool:
    """Tell whether a condition holds for the answers kept so far, and the indicators raised so far."""
    if condition.any_indicator:
        return bool(indicators)
    entry = answered.get(condition.item or "")
    if entry is None:
        return False
    return any(one in condition.one_of for one in given(entry["value"]))


def given(value: Any) -> Sequence[Any]:
    """Return the answers of an item: several of a multiple choice, else the one."""
    return value if isinstance(value, list) else (value,)


def is_adverse(item: CompiledItem, value: Any) -> bool:
    """Tell whether an answer of the item raises its indicator."""
    return not item.adverse.isdisjoint(value) if isinstance(value, list) else value in item.adverse


def is_shown(item: CompiledItem, answered: Answers) -> bool:
    """Tell whether the form shows the item to who has given these answers."""
    return item.visible_if is None or holds(item.visible_if, answered, ())


def shown_among(form: Form, keys: Sequence[str], answered: Answers) -> list[str]:
    """Return those of a rule's items that the visitor is asked and shown."""
    if not form.has_hidden:
        return list(keys)
    return [key for key in keys if key not in form.unasked and is_shown(form.by_key[key], answered)]


def raised(form: Form, answered: Answers) -> list[str]:
    """Return the indicators that kept answers raise."""
    return [
        item.indicator
        for item in form.asked
        if item.indicator is not None and item.key in answered and is_adverse(item, answered[item.key]["value"])
    ]
