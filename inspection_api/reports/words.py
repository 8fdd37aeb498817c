"""What reports tell apart, by the codes of the program and the words of its readers."""

from __future__ import annotations

ANY = "any"
"""The measure of whatever is of one of the kinds that a report tells apart."""

CONCLUSIONS = {"normal": "正常", "watch": "关注", "strong_watch": "强烈关注", "exit": "退出"}
"""检查初步结论, from the best to the worst (domain.md §2.1)."""
NEVER = "none"
BEFORE = {NEVER: "无", **CONCLUSIONS}
"""What a customer's last conclusion was before a window; `NEVER`: nobody had ever come to one."""

OVERDUE = "overdue"
STANDINGS = {
    "pending": "待检查",
    "in_progress": "检查中",
    OVERDUE: "已逾期",
    "done": "按期完成",
    "done_late": "逾期完成",
    "missed": "未完成",
    "cancelled": "已取消",
    "exempt": "免检",
}
"""How a task stands: its state, but for an open one past its due day."""
INSPECTION_TYPES = {"existing": "存量", "new": "新增", "exit": "退出", "special": "专项"}
"""检查类型 (domain.md §1.1)."""

INCIDENTS = {
    "tasks": {"missed": "未完成任务", "overdue": "已逾期任务", "exempted_by_exit": "因退出取消的任务"},
    "attempts": {"unmet": "未遇见", "refused": "拒绝检查"},
    "visits": {"waiting": "隔离待处理", "excepted": "隔离后采纳", "rejected": "隔离后驳回"},
    "resets": {"resets": "定位重置", "reset_often": "其中一年内超过两次"},
    "exits": {"exits": "退出检查点", "back_dated": "其中倒签"},
    "alerts": {"alerts": "新增预警"},
}
"""What goes wrong, by the list that shows it."""
ALERT_LEVELS = {1: "关注", 2: "预警", 3: "可疑"}
ALERT_CONDITIONS = {"active": "存续", "cleared": "已解除"}
ALERT_HANDLINGS = {
    "new": "待复核",
    "confirmed": "已确认",
    "false_alarm_proposed": "误报待第二人复核",
    "false_alarm": "误报",
}
"""How grave an alert is, what the data say, and what people decided (domain.md §5.5)."""
ALERTS = {
    ANY: "预警数",
    "notice": "关注",
    "warning": "预警",
    "suspicious": "可疑",
    "active": "仍存续",
    **ALERT_HANDLINGS,
}
"""By what alerts are counted."""

OUTCOMES = {"done": "按时完成", "done_late": "逾期完成", "overdue": "逾期未完成", "seen": "已检查"}
"""What a task or a checkpoint was or became after its month was closed."""
