"""What becomes of tasks: which visit closes one, what nobody did, and how to tell the story of one."""

from __future__ import annotations

from inspection_api.tasks.rules.campaigns import CampaignStory, explain_campaign
from inspection_api.tasks.rules.closing import (
    CLOSABLE,
    DONE,
    LEFT_OUT,
    MAY_BECOME,
    OPEN,
    Attempt,
    Closing,
    Effect,
    Kind,
    State,
    TaskTerms,
    Visit,
    decide_closing,
    decide_closings,
    ensure_makeup,
    is_too_close,
    states_before,
)
from inspection_api.tasks.rules.crediting import Credit, decide_credits
from inspection_api.tasks.rules.explaining import Happening, Line, Stay, Story, explain

__all__ = [
    "CLOSABLE",
    "DONE",
    "LEFT_OUT",
    "MAY_BECOME",
    "OPEN",
    "Attempt",
    "CampaignStory",
    "Closing",
    "Credit",
    "Effect",
    "Happening",
    "Kind",
    "Line",
    "State",
    "Stay",
    "Story",
    "TaskTerms",
    "Visit",
    "decide_closing",
    "decide_closings",
    "decide_credits",
    "ensure_makeup",
    "explain",
    "explain_campaign",
    "is_too_close",
    "states_before",
]
