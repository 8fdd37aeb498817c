"""What the paper's endpoints take and give."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from inspection_api.http.schemas import Input, PageQuery, Pattern, Text, Truth, Whole, Word
from kiosk_print.labels import Layout
from kiosk_print.rules.batch import MOST_PAPERS
from kiosk_print.rules.stations import JobState, Outcome
from kiosk_print.rules.unlock import Reason, RequestStatus
from kiosk_print.rules.window import MOST_PRINTS_PER_WINDOW, MOST_WINDOW_DAYS


class DeciderSchema(Schema):
    """Somebody by name."""

    id = fields.UUID()
    name = fields.String()


class PaperWindowSchema(Schema):
    """A print window: printing is possible while ``opens_at`` ≤ now < ``closes_at``; ``used``: it was printed in it."""

    number = fields.Integer()
    opens_at = fields.AwareDateTime()
    closes_at = fields.AwareDateTime()
    unlock_request_id = fields.UUID(allow_none=True)
    used = fields.Boolean()


class PaperPrintSchema(Schema):
    """One print; ``copy`` 1 is the 原件."""

    id = fields.UUID()
    inspection_id = fields.UUID()
    window_number = fields.Integer()
    number = fields.String()
    copy = fields.Integer()
    status = fields.String()
    printed_by = fields.UUID()
    printed_at = fields.AwareDateTime()
    sha256 = fields.String(allow_none=True)
    bytes = fields.Integer(allow_none=True)
    ended_at = fields.AwareDateTime(allow_none=True)
    voided_by = fields.UUID(allow_none=True)
    void_reason = fields.String(allow_none=True)


class UnlockRequestSchema(Schema):
    """A request to open a locked paper, and what became of it."""

    id = fields.UUID()
    inspection_id = fields.UUID()
    organisation_id = fields.UUID()
    window_number = fields.Integer()
    requested_by = fields.UUID()
    requested_at = fields.AwareDateTime()
    expires_at = fields.AwareDateTime()
    reason_code = fields.String()
    reason = fields.String()
    status = fields.String()
    decided_by = fields.UUID(allow_none=True)
    decided_at = fields.AwareDateTime(allow_none=True)
    decision_reason = fields.String(allow_none=True)
    days = fields.Integer(allow_none=True)


class PaperOpinionSchema(Schema):
    """The superior's opinion."""

    id = fields.UUID()
    inspection_id = fields.UUID()
    author_id = fields.UUID()
    text = fields.String()
    given_at = fields.AwareDateTime()


class PaperSchema(Schema):
    """Where a paper stands, who could unlock it, and its whole history; ``people`` are all that it names by id."""

    inspection_id = fields.UUID()
    state = fields.String()
    opens_at = fields.AwareDateTime(allow_none=True)
    closes_at = fields.AwareDateTime(allow_none=True)
    unlock_count = fields.Integer()
    last_unlocked_by = fields.Nested(DeciderSchema, allow_none=True)
    last_unlocked_at = fields.AwareDateTime(allow_none=True)
    deciders = fields.List(fields.Nested(DeciderSchema))
    windows = fields.List(fields.Nested(PaperWindowSchema))
    prints = fields.List(fields.Nested(PaperPrintSchema))
    requests = fields.List(fields.Nested(UnlockRequestSchema))
    opinion = fields.Nested(PaperOpinionSchema, allow_none=True)
    people = fields.List(fields.Nested(DeciderSchema))


class OpinionInput(Input):
    """The superior's words."""

    text = Text(required=True, maximum=500, lines=True)


class PrintTermsSchema(Schema):
    """For how many days after the acceptance papers may be printed, and how often in one window."""

    window_days = fields.Integer()
    prints_per_window = fields.Integer()


class PrintTermsInput(Input):
    """Both terms of an organisation."""

    window_days = Whole(required=True, validate=validate.Range(min=1, max=MOST_WINDOW_DAYS))
    prints_per_window = Whole(required=True, validate=validate.Range(min=1, max=MOST_PRINTS_PER_WINDOW))


class VoidInput(Input):
    """Why a printed paper is taken back."""

    reason = Text(required=True, maximum=500, lines=True)


class UnlockInput(Input):
    """Why the window was missed: a code, and at least ten characters."""

    reason_code = fields.String(required=True, validate=validate.OneOf(list(Reason)))
    reason = Text(required=True, minimum=10, maximum=500, lines=True)


class DecisionInput(Input):
    """Approve for 1–7 days (3 without a word), or reject with a reason."""

    approved = Truth(required=True)
    days = Whole(load_default=None, validate=validate.Range(min=1, max=7))
    reason = Text(load_default="", minimum=0, maximum=500, lines=True)


class UnlockQuery(PageQuery):
    """Narrow the list of unlock requests."""

    status = fields.String(load_default=None, validate=validate.OneOf(list(RequestStatus)))


class VerifiedPaperSchema(Schema):
    """What anybody who holds the paper may know."""

    status = fields.String()
    status_text = fields.String()
    number = fields.String()
    copy = fields.Integer()
    organisation = fields.String()
    printed_on = fields.Date()
    customer = fields.String()
    sha256_prefix = fields.String()
    is_same_file = fields.Boolean(allow_none=True)


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


class PaperBatchInput(Input):
    """Which visits' papers to print as one file, in this order; one that is named twice is printed once."""

    inspection_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(min=1, max=MOST_PAPERS))


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


class VerifiedFileQuery(Input):
    """A file that somebody holds, by its hash."""

    sha256 = Word(load_default=None, validate=Pattern(r"^[0-9a-f]{64}$"))


class LabelSheetsInput(Input):
    """Which organisation's plates to print, with all below it, and how."""

    organisation_id = fields.UUID(required=True)
    layout = fields.String(load_default=Layout.GRID.value, validate=validate.OneOf(list(Layout)))


class LabelsInput(Input):
    """Which checkpoints' plates to print, and how: fifteen to an A4 page, or one to a plate."""

    checkpoint_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(min=1, max=200))
    layout = fields.String(load_default=Layout.GRID.value, validate=validate.OneOf(list(Layout)))
