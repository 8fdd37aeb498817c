"""What the endpoints of print stations, their jobs, and labels take and give."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from inspection_api.http.schemas import Input, PageQuery, Pattern, Text, Whole, Word
from kiosk_print.labels import Layout
from kiosk_print.rules.stations import JobState, Outcome


class StationInput(Input):
    """A print station: its name, and the organisation where it stands."""

    name = Text(required=True, maximum=100)
    organisation_id = fields.UUID(required=True)


class StationSchema(Schema):
    """A print station."""

    id = fields.UUID()
    name = fields.String()
    organisation_id = fields.UUID()
    status = fields.String()


class EnrolledStationSchema(Schema):
    """A print station and its token, shown this once."""

    station = fields.Nested(StationSchema)
    token = fields.String()


class PrintJobSchema(Schema):
    """Something that waits for a print station, and what became of it."""

    id = fields.UUID()
    kind = fields.String()
    title = fields.String()
    print_id = fields.UUID(allow_none=True)
    state = fields.String()
    station_id = fields.UUID(allow_none=True)
    requested_at = fields.AwareDateTime()
    released_at = fields.AwareDateTime(allow_none=True)
    expires_at = fields.AwareDateTime()
    attempts = fields.Integer()
    lease_until = fields.AwareDateTime(allow_none=True)
    finished_at = fields.AwareDateTime(allow_none=True)
    problem = fields.String(allow_none=True)


class NextPrintJobSchema(Schema):
    """The job that a station has just taken; None when nothing waits."""

    job = fields.Nested(PrintJobSchema, allow_none=True)


class FaceSchema(Schema):
    """What a station shows: the code and its QR, and until when; ``now`` is the server's clock."""

    id = fields.UUID()
    name = fields.String()
    organisation = fields.String()
    code = fields.String()
    symbol = fields.String()
    symbol_svg = fields.String()
    now = fields.AwareDateTime()
    changes_at = fields.AwareDateTime()


class PaperJobInput(Input):
    """Which print goes to a station."""

    print_id = fields.UUID(required=True)


class LabelSheetsJobInput(Input):
    """Which finished job's label sheets go to a station."""

    job_id = fields.UUID(required=True)


class PrintJobQuery(PageQuery):
    """Narrow the list of my print jobs."""

    state = fields.String(load_default=None, validate=validate.OneOf(list(JobState)))


class ReleaseInput(Input):
    """The station in front of me, and the six digits on its screen."""

    station_id = fields.UUID(required=True)
    code = Word(required=True, validate=Pattern(r"^[0-9]{6}$"))


class ScanReleaseInput(Input):
    """What the station's QR says."""

    qr = Text(required=True, maximum=200)


class ReportInput(Input):
    """What became of a job: ``attempt`` is its ``attempts`` when it was taken."""

    attempt = Whole(required=True, validate=validate.Range(min=1, max=1000))
    outcome = fields.String(required=True, validate=validate.OneOf(list(Outcome)))


class LabelSheetsInput(Input):
    """Which organisation's plates to print, with all below it, and how."""

    organisation_id = fields.UUID(required=True)
    layout = fields.String(load_default=Layout.GRID.value, validate=validate.OneOf(list(Layout)))


class LabelsInput(Input):
    """Which checkpoints' plates to print, and how: fifteen to an A4 page, or one to a plate."""

    checkpoint_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(min=1, max=200))
    layout = fields.String(load_default=Layout.GRID.value, validate=validate.OneOf(list(Layout)))
