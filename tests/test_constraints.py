"""Every check and every unique index of the schema is hit once: what no service lets through, the database refuses.

Rows are made up: checks and unique indexes are judged before the foreign keys, at the end of the statement, are.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import CheckConstraint, Index, Table, UniqueConstraint, insert
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError

from inspection_api.core.tables import Base

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.factories import World

NOW = datetime(2026, 3, 10, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
TODAY, YESTERDAY = date(2026, 3, 10), date(2026, 3, 9)
UNKNOWN = "unknown"
AUTHOR = uuid4()

GOOD: dict[str, dict[str, Any]] = {
    "alert_escalation": {"wait": "review", "number": 1},
    "alert_feedback": {"verdict": "normal"},
    "alert": {"level": 1, "condition": "cleared", "cleared_on": TODAY, "handling": "new"},
    "checkpoint_exit": {"status": "refused", "decided_by": "uuid", "decided_at": NOW},
    "checkpoint_proposal": {"kind": "create", "status": "withdrawn", "ended_at": NOW, "customer_id": "uuid"},
    "checkpoint_radius": {"radius_m": 200},
    "checkpoint_location": {"status": "superseded", "device_id": "uuid"},
    "customer": {"uscc": "91310000123456789X"},
    "daily_fact": {"energy_kwh": Decimal(1), "known": True},
    "device": {"kind": "gateway"},
    "exit_type": {"code": "settled"},
    "imported_visit": {"channel": "onsite"},
    "inspection": {"state": "draft"},
    "inspection_rule": {
        "org_type": "branch",
        "unit": "month",
        "window_mode": "calendar",
        "first_rule": "next",
        "exit_rule": "current",
        "history_unit": "month",
        "channels": ["onsite"],
    },
    "job": {"status": "queued"},
    "loan": {"five_class": "normal"},
    "login_failure": {"scope": "account"},
    "media": {"kind": "photo", "sha256": "0" * 64},
    "month_adjustment": {"became": "done"},
    "month_closing": {"month": date(2026, 3, 1)},
    "organisation": {"code": "6101", "kind": "branch"},
    "organisation_radius": {"radius_m": 200},
    "paper_print": {"status": "superseded"},
    "paper_window": {"closes_at": LATER},
    "plan_membership": {"source": "auto"},
    "print_job": {"kind": "labels", "state": "queued"},
    "session_token": {"user_id": "uuid"},
    "sync_change": {"change": "put"},
    "sync_conflict": {"state": "open"},
    "sync_quarantine": {"state": "open"},
    "sync_receipt": {"status": "applied"},
    "campaign": {"status": "open"},
    "task": {
        "kind": "regular",
        "state": "cancelled",
        "plan_id": "uuid",
        "rule_id": "uuid",
        "rule_version": 1,
        "episode_id": "uuid",
    },
    "template": {"code": "plain_paper"},
    "template_version": {"status": "published", "published_at": NOW},
    "void_request": {"status": "withdrawn", "decided_at": NOW},
    "unlock_request": {"status": "withdrawn", "decided_at": NOW},
    "visit": {"channel": "onsite"},
    "visit_attempt": {"reason": "unmet"},
}
"""What a row of a table says, where any value of the column's type would not do."""

WRONG: dict[str, dict[str, Any]] = {
    "ck_alert_escalation_number_counts": {"number": 0},
    "ck_alert_escalation_wait_known": {"wait": UNKNOWN},
    "ck_alert_feedback_verdict_known": {"verdict": UNKNOWN},
    "ck_alert_cleared_on_set": {"cleared_on": None},
    "ck_alert_condition_known": {"condition": UNKNOWN, "cleared_on": None},
    "ck_alert_handled_by_somebody": {"handling": "confirmed"},
    "ck_alert_handling_known": {"handling": UNKNOWN, "handled_by": "uuid"},
    "ck_alert_level_known": {"level": 4},
    "ck_alert_seen_in_order": {"first_seen_on": TODAY, "last_seen_on": YESTERDAY},
    "ck_checkpoint_exit_decided_by_somebody": {"decided_by": None, "decided_at": None},
    "ck_checkpoint_exit_decision_whole": {"decided_at": None},
    "ck_checkpoint_exit_end_whole": {"ended_at": NOW},
    "ck_checkpoint_exit_ended_by_somebody": {"ended_by": "uuid", "ended_at": NOW},
    "ck_checkpoint_exit_proposer_never_decides": {"proposed_by": "same", "decided_by": "same"},
    "ck_checkpoint_exit_proposer_never_reactivates": {
        "status": "reactivated",
        "proposed_by": "same",
        "ended_by": "same",
        "ended_at": NOW,
    },
    "ck_checkpoint_exit_returned_after_exit": {
        "status": "reactivated",
        "ended_by": "uuid",
        "ended_at": NOW,
        "effective_on": TODAY,
        "returned_on": YESTERDAY,
    },
    "ck_checkpoint_exit_returned_when_reactivated": {"returned_on": TODAY},
    "ck_checkpoint_exit_status_known": {"status": UNKNOWN},
    "ck_checkpoint_proposal_checkpoint_named": {"kind": "edit", "base_version": 1},
    "ck_checkpoint_proposal_customer_named": {"customer_id": None},
    "ck_checkpoint_proposal_decided_by_somebody": {"decided_by": "uuid"},
    "ck_checkpoint_proposal_edit_has_version": {"base_version": 1},
    "ck_checkpoint_proposal_ended_whole": {"ended_at": None},
    "ck_checkpoint_proposal_kind_known": {"kind": UNKNOWN, "checkpoint_id": "uuid"},
    "ck_checkpoint_proposal_proposer_never_decides": {
        "status": "refused",
        "decision_note": "no",
        "proposed_by": "same",
        "decided_by": "same",
    },
    "ck_checkpoint_proposal_refused_with_reason": {"status": "refused", "decided_by": "uuid"},
    "ck_checkpoint_proposal_status_known": {"status": UNKNOWN},
    "ck_checkpoint_kind_known": {"kind": UNKNOWN},
    "ck_checkpoint_radius_radius_range": {"radius_m": 29},
    "ck_checkpoint_location_whole": {"location_lon": 1.0},
    "ck_checkpoint_radius_range": {"radius_m": 29},
    "ck_checkpoint_registered_whole": {"registered_lat": 1.0},
    "ck_checkpoint_state_known": {"state": UNKNOWN},
    "ck_checkpoint_location_binder_never_decides": {"bound_by": "same", "decided_by": "same"},
    "ck_checkpoint_location_status_known": {"status": UNKNOWN},
    "ck_customer_uscc_form": {"uscc": "91310000123456789I"},
    "ck_daily_fact_completeness_share": {"completeness": Decimal("1.1")},
    "ck_daily_fact_energy_not_negative": {"energy_kwh": Decimal(-1)},
    "ck_daily_fact_known_with_energy": {"known": False},
    "ck_device_kind_known": {"kind": UNKNOWN},
    "ck_device_owner_by_kind": {"kind": "officer"},
    "ck_device_status_known": {"status": UNKNOWN},
    "ck_feed_counter_only_row": {"one": False},
    "ck_exit_type_code_form": {"code": "Settled"},
    "ck_inbox_item_settled_if_it_asks": {"settled_at": NOW},
    "ck_imported_visit_channel_known": {"channel": "self"},
    "ck_inspection_accepted_at_set": {"accepted_at": NOW},
    "ck_inspection_blocked_is_not_accepted": {"state": "accepted", "accepted_at": NOW, "blockers": ["media"]},
    "ck_inspection_blockers_known": {"blockers": [UNKNOWN]},
    "ck_inspection_channel_known": {"channel": UNKNOWN},
    "ck_inspection_print_window_whole": {"print_opens_at": NOW},
    "ck_inspection_state_known": {"state": UNKNOWN},
    "ck_inspection_voided_whole": {"void_reason": "false"},
    "ck_inspection_officer_never_voids": {
        "state": "voided",
        "accepted_at": NOW,
        "officer_id": AUTHOR,
        "voided_by": AUTHOR,
        "voided_at": NOW,
        "void_reason": "false",
    },
    "ck_calendar_year_one_or_the_other": {"holidays": [TODAY], "workdays": [TODAY]},
    "ck_calendar_year_year_in_range": {"year": 1999},
    "ck_inspection_rule_dates_in_order": {"start_on": TODAY, "end_on": YESTERDAY},
    "ck_inspection_rule_channels_known": {"channels": []},
    "ck_inspection_rule_due_roll_known": {"due_roll": UNKNOWN},
    "ck_inspection_rule_exit_checks_whole": {"exit_count": 1, "exit_interval": 0},
    "ck_inspection_rule_exit_unit_known": {"exit_unit": "year"},
    "ck_inspection_rule_inspection_type_known": {"inspection_type": UNKNOWN},
    "ck_inspection_rule_makeup_days_in_range": {"makeup_days": 367},
    "ck_inspection_rule_new_within_days_in_range": {"new_within_days": -1},
    "ck_inspection_rule_version_later_ones_switch": {"number": 2, "since": None},
    "ck_inspection_rule_exit_rule_known": {"exit_rule": UNKNOWN},
    "ck_inspection_rule_first_grace_days_in_range": {"first_grace_days": 367},
    "ck_inspection_rule_first_rule_known": {"first_rule": UNKNOWN},
    "ck_inspection_rule_history_unit_known": {"history_unit": "week"},
    "ck_inspection_rule_history_valid_in_range": {"history_valid": -1},
    "ck_inspection_rule_late_sync_hours_in_range": {"late_sync_hours": 8761},
    "ck_inspection_rule_min_gap_days_in_range": {"min_gap_days": -1},
    "ck_inspection_rule_version_counts": {"version": 0},
    "ck_inspection_rule_window_mode_known": {"window_mode": UNKNOWN},
    "ck_inspection_rule_interval_in_range": {"interval": 0},
    "ck_inspection_rule_org_type_known": {"org_type": UNKNOWN},
    "ck_inspection_rule_performing_role_known": {"performing_role": UNKNOWN},
    "ck_inspection_rule_unit_known": {"unit": UNKNOWN},
    "ck_job_done_with_file": {"mime": "text/csv"},
    "ck_job_failed_with_problem": {"problem": "gone"},
    "ck_job_progress_in_range": {"done": 2, "total": 1},
    "ck_job_status_known": {"status": UNKNOWN},
    "ck_loan_amount_positive": {"amount": Decimal(0)},
    "ck_loan_days_in_order": {"disbursed_on": TODAY, "matures_on": YESTERDAY},
    "ck_loan_five_class_known": {"five_class": UNKNOWN},
    "ck_login_failure_scope_known": {"scope": UNKNOWN},
    "ck_media_bytes_positive": {"bytes": 0},
    "ck_media_kind_known": {"kind": UNKNOWN},
    "ck_media_refused_with_reason": {"status": "refused"},
    "ck_media_sha256_form": {"sha256": "A" * 64},
    "ck_media_status_known": {"status": UNKNOWN},
    "ck_media_stored_at_set": {"status": "stored"},
    "ck_media_upload_lease_whole": {"lease_until": NOW},
    "ck_meter_interval_divides_day": {"interval_min": 7},
    "ck_meter_kind_known": {"kind": UNKNOWN},
    "ck_meter_rollover_positive": {"rollover_kwh": Decimal(0)},
    "ck_meter_unit_known": {"unit": UNKNOWN},
    "ck_month_adjustment_changed": {"became": None},
    "ck_month_closing_closer_never_reviews": {"closed_by": "same", "reviewed_by": "same", "reviewed_at": NOW},
    "ck_month_closing_month_by_its_first_day": {"month": TODAY},
    "ck_month_closing_review_whole": {"reviewed_at": NOW},
    "ck_organisation_code_form": {"code": "61-01"},
    "ck_organisation_kind_known": {"kind": UNKNOWN},
    "ck_organisation_radius_radius_range": {"radius_m": 2001},
    "ck_personal_export_rows_count": {"rows": -1},
    "ck_export_terms_alert_before_limit": {"alert_rows": 2, "daily_rows": 1},
    "ck_export_terms_daily_rows_range": {"alert_rows": 1, "daily_rows": 10_000_001},
    "ck_paper_print_copy_counts": {"copy": 0},
    "ck_paper_print_status_known": {"status": UNKNOWN},
    "ck_paper_print_valid_is_rendered": {"status": "valid"},
    "ck_print_terms_window_days_range": {"window_days": 61, "prints_per_window": 5},
    "ck_print_terms_prints_per_window_range": {"window_days": 7, "prints_per_window": 0},
    "ck_paper_print_void_told_whole": {"status": "voided", "voided_by": "uuid"},
    "ck_paper_window_closes_after_opening": {"closes_at": NOW},
    "ck_paper_window_later_ones_were_unlocked": {"number": 2},
    "ck_paper_window_number_counts": {"number": 0, "unlock_request_id": "uuid"},
    "ck_print_job_attempts_count": {"attempts": -1},
    "ck_print_job_failed_with_problem": {"problem": "crashed"},
    "ck_print_job_finished_at_set": {"finished_at": NOW},
    "ck_print_job_kind_known": {"kind": UNKNOWN},
    "ck_print_job_lease_while_printing": {"lease_until": NOW},
    "ck_print_job_paper_is_a_print": {"kind": "paper"},
    "ck_print_job_release_whole": {"released_at": NOW},
    "ck_print_job_state_known": {"state": UNKNOWN, "station_id": "uuid", "released_at": NOW},
    "ck_print_job_station_from_release_on": {"station_id": "uuid", "released_at": NOW},
    "ck_plan_dates_in_order": {"start_on": TODAY, "end_on": YESTERDAY},
    "ck_plan_membership_exit_whole": {"left_on": TODAY, "left_reason": "exit"},
    "ck_plan_membership_left_reason_known": {"left_on": TODAY, "left_reason": UNKNOWN},
    "ck_plan_membership_left_whole": {"left_on": TODAY},
    "ck_plan_membership_returned_from_exit": {"returned_on": TODAY},
    "ck_plan_membership_source_known": {"source": UNKNOWN},
    "ck_role_assignment_dates_in_order": {"valid_from": TODAY, "valid_to": YESTERDAY},
    "ck_rule_recompute_decided_whole": {"status": "approved"},
    "ck_rule_recompute_proposer_never_decides": {
        "status": "refused",
        "proposed_by": "same",
        "decided_by": "same",
        "decided_at": NOW,
    },
    "ck_rule_recompute_status_known": {"status": UNKNOWN, "decided_by": "uuid", "decided_at": NOW},
    "ck_session_token_one_holder": {"user_id": None},
    "ck_sync_change_change_known": {"change": UNKNOWN},
    "ck_sync_conflict_kept_known": {"kept": UNKNOWN},
    "ck_sync_conflict_resolved_whole": {"kept": "server"},
    "ck_sync_conflict_state_known": {"state": UNKNOWN},
    "ck_sync_epoch_only_row": {"one": False},
    "ck_sync_quarantine_decided_at_set": {"state": "refused"},
    "ck_sync_quarantine_state_known": {"state": UNKNOWN, "decided_at": NOW},
    "ck_sync_device_gaps_since_each": {"gaps": [1]},
    "ck_sync_receipt_status_known": {"status": UNKNOWN},
    "ck_sync_receipt_unsettled_keeps_bytes": {"status": "held"},
    "ck_sync_setting_bad_signature_known": {"one": True, "bad_signature": UNKNOWN},
    "ck_sync_setting_only_row": {"one": False},
    "ck_campaign_cancelled_whole": {"status": "cancelled"},
    "ck_campaign_days_in_order": {"start_on": TODAY, "due_on": YESTERDAY},
    "ck_campaign_status_known": {
        "status": UNKNOWN,
        "cancelled_by": "uuid",
        "cancelled_at": NOW,
        "cancel_reason": "merged",
    },
    "ck_task_campaign_named": {"campaign_id": "uuid"},
    "ck_task_rule_or_campaign": {"plan_id": None},
    "ck_task_days_in_order": {"period_start": TODAY, "period_end": YESTERDAY},
    "ck_task_done_by_a_visit": {"state": "done"},
    "ck_task_inspection_type_known": {"inspection_type": UNKNOWN},
    "ck_task_makeup_after_window": {"makeup_until": TODAY},
    "ck_task_kind_known": {"kind": UNKNOWN},
    "ck_task_state_known": {"state": UNKNOWN},
    "ck_template_code_form": {"code": "Plain"},
    "ck_template_version_authors_never_publish": {"authors": [AUTHOR], "published_by": AUTHOR},
    "ck_template_version_published_at_set": {"published_at": None},
    "ck_template_version_status_known": {"status": UNKNOWN, "published_at": None},
    "ck_unlock_request_climbs_range": {"climbs": 3},
    "ck_unlock_request_decided_at_set": {"decided_at": None},
    "ck_unlock_request_decided_by_set": {"status": "approved"},
    "ck_unlock_request_status_known": {"status": UNKNOWN},
    "ck_void_request_decided_at_set": {"decided_at": None},
    "ck_void_request_decided_by_set": {"status": "approved"},
    "ck_void_request_rejected_with_reason": {"status": "rejected", "decided_by": "uuid"},
    "ck_void_request_requester_never_decides": {"status": "approved", "requested_by": "same", "decided_by": "same"},
    "ck_void_request_status_known": {"status": UNKNOWN},
    "ck_visit_channel_known": {"channel": UNKNOWN},
    "ck_visit_counted_for_a_task": {"counted": True},
    "ck_visit_attempt_reason_known": {"reason": UNKNOWN},
}
"""How a good row of its table breaks each check, and no check that is judged before it."""

TWINS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "uq_alert_active": ({"condition": "active", "cleared_on": None}, {"episode": 2}),
    "uq_checkpoint_exit_open": ({"status": "proposed", "decided_by": None, "decided_at": None}, {}),
    "uq_checkpoint_proposal_open_code": ({"status": "proposed", "ended_at": None, "proposed": {"code": "A-1"}}, {}),
    "uq_checkpoint_proposal_open_edit": (
        {"kind": "edit", "base_version": 1, "status": "proposed", "ended_at": None, "checkpoint_id": "uuid"},
        {},
    ),
    "uq_checkpoint_location_standing": ({"status": "confirmed"}, {}),
    "uq_inspection_accepted_task": ({"state": "accepted", "accepted_at": NOW, "task_id": "uuid"}, {}),
    "uq_job_requested_by_idempotency_key": ({"idempotency_key": "batch-of-march"}, {}),
    "uq_paper_print_original": ({"status": "reserved"}, {}),
    "uq_print_job_print_once": ({"kind": "paper", "print_id": "uuid"}, {}),
    "uq_task_campaign_id_checkpoint_id": (
        {
            "kind": "campaign",
            "campaign_id": "uuid",
            "plan_id": None,
            "rule_id": None,
            "rule_version": None,
            "episode_id": None,
        },
        {},
    ),
    "uq_task_open_period": ({"state": "pending"}, {}),
    "uq_template_version_draft": ({"status": "draft", "published_at": None}, {"number": 2}),
    "uq_unlock_request_pending": ({"status": "pending", "decided_at": None}, {}),
    "uq_void_request_pending": ({"status": "pending", "decided_at": None}, {}),
    "uq_organisation_code_lower": ({"code": "ab61"}, {"code": "AB61"}),
    "ix_event_number": ({"number": 7}, {}),
    "ix_organisation_path": ({}, {"code": "6102"}),
}
"""What both rows say for a unique index to hold them, and what the second says besides."""


def checks() -> dict[str, Table]:
    return {
        str(constraint.name): table
        for table in Base.metadata.sorted_tables
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }


def uniques() -> dict[str, UniqueConstraint | Index]:
    """Return them by the names that PostgreSQL, which cuts long ones, knows them by."""
    name = postgresql.dialect().identifier_preparer.format_constraint
    return {str(name(each)): each for table in Base.metadata.sorted_tables for each in _uniques(table)}


def _uniques(table: Table) -> Iterator[UniqueConstraint | Index]:
    yield from (each for each in table.constraints if isinstance(each, UniqueConstraint))
    yield from (index for index in table.indexes if index.unique)


SAMPLES: dict[type, Any] = {
    str: lambda: uuid4().hex,
    bytes: lambda: uuid4().bytes,
    int: lambda: 1,
    float: lambda: 1.0,
    bool: lambda: False,
    Decimal: lambda: Decimal(1),
    datetime: lambda: NOW,
    date: lambda: TODAY,
    dict: dict,
    list: list,
}


def row(table: Table, **changes: Any) -> dict[str, Any]:
    """Return a row that breaks nothing, but for ``changes``; the word "uuid" stands for a new one."""
    needed = [column for column in table.columns if not column.nullable and column.server_default is None]
    values = {column.name: _sample(column.type) for column in needed}
    merged = {**values, **GOOD.get(table.name, {}), **changes}
    same = uuid4()
    return {name: {"uuid": uuid4(), "same": same}.get(str(value), value) for name, value in merged.items()}


def _sample(kind: Any) -> Any:
    python = dict if kind.__visit_name__ == "JSONB" else kind.python_type
    return SAMPLES.get(python, uuid4)()


def refused(world: World, table: Table, *rows: dict[str, Any]) -> str | None:
    """Return the name of the constraint that refuses the rows in one statement."""
    with world.transaction() as ctx, pytest.raises(IntegrityError) as raised, ctx.session.begin_nested():
        ctx.session.execute(insert(table).values(list(rows)))
    original = raised.value.orig
    assert isinstance(original, psycopg.Error)
    return original.diag.constraint_name


@pytest.mark.parametrize("name", sorted(checks()))
def test_a_check_refuses_what_is_wrong(world: World, name: str) -> None:
    table = checks()[name]
    assert refused(world, table, row(table, **WRONG[name])) == name


@pytest.mark.parametrize("name", sorted(uniques()))
def test_a_unique_index_refuses_the_second_of_two(world: World, name: str) -> None:
    unique = uniques()[name]
    table = unique.table
    assert table is not None
    both, second = TWINS.get(name, ({}, {}))
    first = row(table, **both)
    same = {column.name: first[column.name] for column in unique.columns if column.name in first}
    assert refused(world, table, first, {**first, **row(table, **both), **same, **second}) == name
