"""What the jobs endpoints give."""

from __future__ import annotations

from marshmallow import Schema, fields


class JobSchema(Schema):
    """Where a job stands: ``done`` of ``total``; once it is done its file can be fetched until ``expires_at``.

    ``result`` is what a finished job has to say beside its file; a batch of papers names what was printed and what not.
    """

    id = fields.UUID()
    kind = fields.String()
    status = fields.String()
    done = fields.Integer()
    total = fields.Integer()
    result = fields.Dict()
    problem = fields.String(allow_none=True)
    requested_at = fields.AwareDateTime()
    finished_at = fields.AwareDateTime(allow_none=True)
    file_name = fields.String(allow_none=True)
    expires_at = fields.AwareDateTime(allow_none=True)
