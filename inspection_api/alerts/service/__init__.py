"""Use cases of alerts: evaluation, the feed, decisions."""

from __future__ import annotations

from inspection_api.alerts.service.addressing import on_checkpoints_served
from inspection_api.alerts.service.escalating import escalate, on_alerts_waiting
from inspection_api.alerts.service.evaluation import evaluate, evaluate_recent, on_facts_changed
from inspection_api.alerts.service.reading import FeedPage, find_feedback, find_page, get, read_feed
from inspection_api.alerts.service.review import call_false_alarm, confirm, give_feedback

__all__ = [
    "FeedPage",
    "call_false_alarm",
    "confirm",
    "escalate",
    "evaluate",
    "evaluate_recent",
    "find_feedback",
    "find_page",
    "get",
    "give_feedback",
    "on_alerts_waiting",
    "on_checkpoints_served",
    "on_facts_changed",
    "read_feed",
]
