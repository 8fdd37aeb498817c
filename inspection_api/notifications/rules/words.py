"""The Chinese words for what the sentences of the inbox mention: codes, numbers, instants."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from inspection_api.alerts.rules import RULE_OF_CODE
from inspection_api.core.periods import SHANGHAI

if TYPE_CHECKING:
    from collections.abc import Mapping

UNKNOWN = "—"
CODES: dict[str, Mapping[Any, str]] = {
    "level": {"sub_branch": "支行", "branch": "分行", "province": "省行", 1: "关注", 2: "预警", 3: "可疑"},
    "conclusion": {"strong_watch": "强烈关注", "exit": "退出"},
    "wait": {"review": "复核", "feedback": "反馈"},
    "verdict": {"normal": "正常", "watch": "关注", "major_risk": "重大风险"},
    "type": {
        "inspection.submit": "检查记录",
        "inspection.amend": "更正申请",
        "inspection.save": "检查草稿",
        "checkpoint.bind": "首次绑定",
        "media.declare": "影像资料",
        "comment.add": "评论",
        "visit.unmet": "上门未遇记录",
        "alert.feedback": "预警反馈",
        "unlock.request": "解锁申请",
    },
    "job_kind": {
        "portfolio_export": "客户台账导出",
        "report_export": "报表导出",
        "label_sheets": "标牌打印文件",
        "paper_batch": "明白纸批量打印",
    },
    "rule": {code: rule.title for code, rule in RULE_OF_CODE.items()},
}
_ANY = {"job_kind": "后台任务", "type": "上传内容", "rule": "预警"}
"""What a code is called that no word was given to, so that a sentence stays one."""
_INSTANTS = frozenset({"closes_at"})
_DAYS = frozenset({"effective_on", "since"})


class Words(dict[str, str]):
    """What a sentence may mention; a fact that the step did not bring reads as a dash, and never stops a message."""

    def __missing__(self, key: str) -> str:
        """Return the dash."""
        return UNKNOWN


def words_of(facts: Mapping[str, Any]) -> Words:
    """Return each fact as people say it."""
    return Words({key: _word(key, value) for key, value in facts.items() if value is not None})


def _word(key: str, value: Any) -> str:
    if key in CODES:
        return CODES[key].get(value, _ANY.get(key, UNKNOWN))
    if key in _INSTANTS:
        return _instant(datetime.fromisoformat(value))
    if key in _DAYS:
        year, month, day = value.split("-")
        return f"{int(year)}年{int(month)}月{int(day)}日"
    return str(value)


def _instant(at: datetime) -> str:
    local = at.astimezone(SHANGHAI)
    return f"{local.month}月{local.day}日 {local:%H:%M}"
