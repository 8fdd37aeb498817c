"""Where a definition is wrong: the path of the member at fault, and a sentence that its author understands."""

from __future__ import annotations

import re

WHOLE = "definition"
"""The path of a fault of the definition as a whole; all other paths (``items.3.options.0``) begin inside it."""

_PLACE = re.compile(r" - at (?:`key` in )?`\$(.*)`$", re.DOTALL)
_INDEX = re.compile(r"\[(\d+)\]")
_MEMBER = re.compile(r"field `([A-Za-z0-9_]{1,40})`")
_SENTENCES = {
    "Object missing required field": "缺少此项",
    "Object contains unknown field": "没有此项",
    "Invalid enum value": "不是可用的值",
}


def told(message: str) -> tuple[str, str]:
    """Return path and sentence of what the decoder says about the first member that has the wrong shape.

    A member that is missing or unknown is named itself, unless its name is none.
    """
    place = _PLACE.search(message)
    path = _INDEX.sub(r".\1", place[1]).replace("[...]", "") if place else ""
    member = _MEMBER.search(message)
    path += f".{member[1]}" if member else ""
    sentence = next((said for begin, said in _SENTENCES.items() if message.startswith(begin)), "类型有误")
    return path.strip(".") or WHOLE, sentence
