"""marshmallow's messages in Chinese: whole sentences first, then those that carry numbers or choices."""

from __future__ import annotations

import re

_SENTENCES = {
    "Missing data for required field.": "必填",
    "Field may not be null.": "不能为空",
    "Unknown field.": "未知字段",
    "Invalid value.": "取值无效",
    "Invalid input.": "取值无效",
    "Invalid type.": "类型不正确",
    "Invalid input type.": "应为对象",
    "Not a valid string.": "应为文本",
    "Not a valid utf-8 string.": "应为 UTF-8 文本",
    "Not a valid integer.": "应为整数",
    "Not a valid number.": "应为数字",
    "Number too large.": "数字过大",
    "Special numeric values (nan or infinity) are not permitted.": "应为有限的数字",
    "Not a valid boolean.": "应为 true 或 false",
    "Not a valid date.": "应为日期（YYYY-MM-DD）",
    "Not a valid datetime.": "应为带时区的时间（ISO 8601）",
    "Not a valid aware datetime.": "应为带时区的时间（ISO 8601）",
    "Not a valid naive datetime.": "应为不带时区的时间（ISO 8601）",
    "Not a valid time.": "应为时刻（ISO 8601）",
    "Not a valid period of time.": "应为时长",
    "Not a valid UUID.": "应为 UUID",
    "Not a valid list.": "应为列表",
    "Not a valid tuple.": "应为列表",
    "Not a valid mapping type.": "应为对象",
    "Not a valid URL.": "应为网址",
    "Not a valid email address.": "应为邮箱地址",
    "String does not match expected pattern.": "格式不正确",
}

_PATTERNS = tuple(
    (re.compile(pattern, re.DOTALL), chinese)
    for pattern, chinese in (
        (r"Length must be between (.+) and (.+)\.", "长度须在 {0} 与 {1} 之间"),
        (r"Length must be (.+)\.", "长度须为 {0}"),
        (r"Shorter than minimum length (.+)\.", "长度不能少于 {0}"),
        (r"Longer than maximum length (.+)\.", "长度不能超过 {0}"),
        (r"Must be greater than or equal to (.+) and less than or equal to (.+)\.", "须在 {0} 与 {1} 之间"),
        (r"Must be greater than or equal to (.+) and less than (.+)\.", "须不小于 {0} 且小于 {1}"),
        (r"Must be greater than (.+) and less than or equal to (.+)\.", "须大于 {0} 且不大于 {1}"),
        (r"Must be greater than (.+) and less than (.+)\.", "须大于 {0} 且小于 {1}"),
        (r"Must be greater than or equal to (.+)\.", "不能小于 {0}"),
        (r"Must be less than or equal to (.+)\.", "不能大于 {0}"),
        (r"Must be greater than (.+)\.", "须大于 {0}"),
        (r"Must be less than (.+)\.", "须小于 {0}"),
        (r"Must be equal to (.+)\.", "须等于 {0}"),
        (r"Must be one of: (.*)\.", "须为其中之一：{0}"),
        (r"One or more of the choices you made was not in: (.*)\.", "只能选择：{0}"),
        (r"One or more of the choices you made was in: (.*)\.", "不能选择：{0}"),
    )
)


def chinese(message: str) -> str:
    """Return one of marshmallow's messages in Chinese; a schema's own message, which is Chinese, stays as it is."""
    if message in _SENTENCES:
        return _SENTENCES[message]
    for pattern, sentence in _PATTERNS:
        if match := pattern.fullmatch(message):
            return sentence.format(*match.groups())
    return message
