"""What reports and the lists behind their numbers are asked."""

from __future__ import annotations

from marshmallow import fields, validate

from inspection_api.http.schemas import Input, PageQuery, Text, Truth, Whole
from inspection_api.reports.rules import DUE_MEASURES, Measure
from inspection_api.reports.words import ALERTS, ANY, BEFORE, CONCLUSIONS, INCIDENTS, STANDINGS
from inspection_api.templates.default_template import INDICATORS


class WindowQuery(Input):
    """Which organisation and which days, both inclusive, by due date."""

    organisation_id = fields.UUID(required=True)
    start = fields.Date(required=True, data_key="from")
    end = fields.Date(required=True, data_key="to")


class CellQuery(WindowQuery, PageQuery):
    """Which number of a table; ``own`` for the organisation's own row."""

    own = Truth(written=True, load_default=False)


class CountedTasksQuery(CellQuery):
    """Which number of the completion report."""

    measure = fields.String(required=True, validate=validate.OneOf(list(Measure)))


class IndicatorsQuery(WindowQuery):
    """By which periods, and what to count: visits, or their customers, each once."""

    by = fields.String(load_default="month", validate=validate.OneOf(["month", "quarter", "year"]))
    count = fields.String(load_default="visits", validate=validate.OneOf(["visits", "customers"]))


class RecordFilters(Input):
    """By what records are found: ``excepted`` were accepted out of quarantine, ``text`` stands in the note."""

    officer_id = fields.UUID(load_default=None)
    customer_id = fields.UUID(load_default=None)
    checkpoint_id = fields.UUID(load_default=None)
    conclusion = fields.String(load_default=None, validate=validate.OneOf(list(CONCLUSIONS)))
    indicator = fields.String(load_default=None, validate=validate.OneOf([*INDICATORS, ANY]))
    excepted = Truth(written=True, load_default=None)
    text = Text(load_default=None, maximum=50)


class RecordsQuery(WindowQuery, RecordFilters):
    """Which records."""


class RecordVisitsQuery(CellQuery, RecordFilters):
    """Which records; all of them where no measure is named."""

    measure = fields.String(load_default=ANY, validate=validate.OneOf([ANY, "accepted", "extra", "excepted"]))


class StandingQuery(CellQuery):
    """How the tasks stand, or any; all of them where nothing is said."""

    measure = fields.String(load_default=ANY, validate=validate.OneOf([*STANDINGS, ANY]))


class SeriesQuery(WindowQuery):
    """By which periods."""

    by = fields.String(load_default="day", validate=validate.OneOf(["day", "week", "month"]))


class YearQuery(Input):
    """Which organisation and which year."""

    organisation_id = fields.UUID(required=True)
    year = Whole(written=True, required=True, validate=validate.Range(min=2000, max=2099))


class ComparisonQuery(Input):
    """Which organisations and which year."""

    organisation_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(min=2, max=20))
    year = Whole(written=True, required=True, validate=validate.Range(min=2000, max=2099))


class SeriesVisitsQuery(CellQuery):
    """All visits, or those that raise an indicator."""

    measure = fields.String(required=True, validate=validate.OneOf(["visits", "raised"]))


class DueTasksQuery(CellQuery):
    """Which tasks of those that fell due."""

    measure = fields.String(required=True, validate=validate.OneOf(DUE_MEASURES))


class ConcludedQuery(CellQuery):
    """Which conclusion, or any."""

    measure = fields.String(required=True, validate=validate.OneOf([*CONCLUSIONS, ANY]))


class MovedQuery(WindowQuery, PageQuery):
    """Which conclusion the customers came to, or any, and from which, unless from any."""

    measure = fields.String(required=True, validate=validate.OneOf([*CONCLUSIONS, ANY]))
    before = fields.String(load_default=None, validate=validate.OneOf(list(BEFORE)))


class RaisedQuery(CellQuery):
    """Which indicator, or any."""

    measure = fields.String(required=True, validate=validate.OneOf([*INDICATORS, ANY]))


class CoveredQuery(PageQuery):
    """Which number of the coverage table; ``own`` for the organisation's own row."""

    organisation_id = fields.UUID(required=True)
    start = fields.Date(required=True, data_key="from")
    end = fields.Date(required=True, data_key="to")
    measure = fields.String(required=True, validate=validate.OneOf(["due", "covered", "uncovered"]))
    own = Truth(written=True, load_default=False)


class FailedTasksQuery(CellQuery):
    """Tasks that failed, and how."""

    measure = fields.String(required=True, validate=validate.OneOf(list(INCIDENTS["tasks"])))


class AttemptsQuery(CellQuery):
    """Attempts in vain, and why."""

    measure = fields.String(required=True, validate=validate.OneOf(list(INCIDENTS["attempts"])))


class QuarantinedVisitsQuery(CellQuery):
    """Visits in quarantine and out of it, or all valid ones."""

    measure = fields.String(required=True, validate=validate.OneOf([*INCIDENTS["visits"], "valid"]))


class ResetsQuery(CellQuery):
    """Places that were given up."""

    measure = fields.String(required=True, validate=validate.OneOf(list(INCIDENTS["resets"])))


class ExitsQuery(CellQuery):
    """Checkpoints that left."""

    measure = fields.String(required=True, validate=validate.OneOf(list(INCIDENTS["exits"])))


class AlertsQuery(CellQuery):
    """Alerts that were raised."""

    measure = fields.String(required=True, validate=validate.OneOf(list(INCIDENTS["alerts"])))


class RaisedAlertsQuery(CellQuery):
    """Alerts of a level, or as they stand."""

    measure = fields.String(required=True, validate=validate.OneOf(list(ALERTS)))
