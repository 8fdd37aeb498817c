"""What the paper's endpoints take and give."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from inspection_api.http.schemas import Input, PageQuery, Pattern, Text, Truth, Whole, Word
from kiosk_print.rules.batch import MOST_PAPERS
from kiosk_print.rules.unlock import Reason, RequestStatus
from kiosk_print.rules.voiding import VoidReason
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


class VoidRequestSchema(Schema):
    """A request to void a print with all that share its number, and what became of it."""

    id = fields.UUID()
    inspection_id = fields.UUID()
    organisation_id = fields.UUID()
    print_id = fields.UUID()
    number = fields.String()
    requested_by = fields.UUID()
    requested_at = fields.AwareDateTime()
    reason_code = fields.String()
    reason = fields.String()
    escalates_at = fields.AwareDateTime()
    status = fields.String()
    decided_by = fields.UUID(allow_none=True)
    decided_at = fields.AwareDateTime(allow_none=True)
    decision_reason = fields.String(allow_none=True)


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
    void_requests = fields.List(fields.Nested(VoidRequestSchema))
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


class VoidRequestInput(Input):
    """Why a print should not count: a code, and at least ten characters."""

    reason_code = fields.String(required=True, validate=validate.OneOf(list(VoidReason)))
    reason = Text(required=True, minimum=10, maximum=500, lines=True)


class VoidDecisionInput(Input):
    """Approve, or reject with a reason."""

    approved = Truth(required=True)
    reason = Text(load_default="", minimum=0, maximum=500, lines=True)


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


class PaperBatchInput(Input):
    """Which visits' papers to print as one file, in this order; one that is named twice is printed once."""

    inspection_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(min=1, max=MOST_PAPERS))


class VerifiedFileQuery(Input):
    """A file that somebody holds, by its hash."""

    sha256 = Word(load_default=None, validate=Pattern(r"^[0-9a-f]{64}$"))
