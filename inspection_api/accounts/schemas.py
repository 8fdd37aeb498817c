"""What the accounts endpoints take and give."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from inspection_api.accounts.rules import DeviceKind, OrganisationKind, client_name
from inspection_api.core.permissions import PEOPLE
from inspection_api.http.schemas import Input, PageQuery, Pattern, Text, Word

PEOPLE_ROLES = [role.value for role in PEOPLE]


class LoginInput(Input):
    """Which bank, who, and his password."""

    bank = Text(maximum=20, required=True)
    username = Text(maximum=60, required=True)
    password = Word(required=True, load_only=True, validate=validate.Length(min=1, max=200))


class TokenLoginInput(LoginInput):
    """The same for a program, which keeps an id of its own where it is installed."""

    installation_id = fields.UUID(load_default=None)


class UserSchema(Schema):
    """A person; never his password."""

    id = fields.UUID()
    username = fields.String()
    name = fields.String()
    organisation_id = fields.UUID()
    disabled_at = fields.AwareDateTime(allow_none=True)


class SessionSchema(Schema):
    """A bearer token (shown once), when it ends, and whose it is."""

    token = fields.String()
    expires_at = fields.AwareDateTime()
    user = fields.Nested(UserSchema)


class PageSessionSchema(Schema):
    """A session whose token is in the cookie alone: when it ends, and whose it is."""

    expires_at = fields.AwareDateTime()
    user = fields.Nested(UserSchema)


class LoginSchema(Schema):
    """One of my sessions that are still good; ``is_current`` marks the one that asks, ``client`` says what it is on."""

    id = fields.UUID()
    client = fields.Function(lambda row: client_name(row.agent), metadata={"type": "string"})
    created_at = fields.AwareDateTime()
    expires_at = fields.AwareDateTime()
    is_current = fields.Boolean()


class AssignmentSchema(Schema):
    """A role held today."""

    role = fields.String()
    organisation_id = fields.UUID()


class BankSchema(Schema):
    """The bank that I work for; its plates carry the ``tag``."""

    code = fields.String()
    name = fields.String()
    tag = fields.String()


class MeSchema(Schema):
    """Who I am: my bank, my account (none for a machine) and my roles of today."""

    bank = fields.Nested(BankSchema)
    user = fields.Nested(UserSchema, allow_none=True)
    assignments = fields.List(fields.Nested(AssignmentSchema))


class OrganisationInput(Input):
    """A new organisation under a parent; the code is for ever."""

    code = Word(required=True, validate=Pattern(r"^[A-Za-z0-9]{1,20}$"))
    name = Text(required=True, maximum=100)
    kind = fields.String(required=True, validate=validate.OneOf(list(OrganisationKind)))
    parent_id = fields.UUID(required=True)


class OrganisationSchema(Schema):
    """A node of the tree."""

    id = fields.UUID()
    code = fields.String()
    name = fields.String()
    kind = fields.String()
    parent_id = fields.UUID(allow_none=True)
    closed_on = fields.Date(allow_none=True)
    version = fields.Integer()


class OrganisationEdit(Input):
    """Another name, or another kind: 升格, 降格."""

    name = Text(maximum=100)
    kind = fields.String(validate=validate.OneOf(list(OrganisationKind)))


class ClosingInput(Input):
    """Why an organisation is closed."""

    reason = Text(required=True, minimum=4, maximum=200)


class OrganisationQuery(PageQuery):
    """Narrow the list of organisations."""

    kind = fields.String(load_default=None, validate=validate.OneOf(list(OrganisationKind)))
    parent_id = fields.UUID(load_default=None)


class UserInput(Input):
    """A new user of an organisation."""

    username = Word(required=True, validate=Pattern(r"^[a-z0-9][a-z0-9._-]{1,59}$"))
    name = Text(required=True, maximum=60)
    organisation_id = fields.UUID(required=True)
    password = Word(required=True, load_only=True, validate=validate.Length(max=200))


class StaffNumberInput(Input):
    """The bank's number of a person, None to forget it."""

    staff_number = Word(required=True, allow_none=True, validate=Pattern(r"^[A-Za-z0-9-]{1,30}$"))


class StaffSchema(UserSchema):
    """A person with his staff number, for whoever keeps the accounts."""

    staff_number = fields.String(allow_none=True)


class UserQuery(PageQuery):
    """Narrow the list of users."""

    organisation_id = fields.UUID(load_default=None)


class RoleInput(Input):
    """A role to give; dates are inclusive, without them from today and open."""

    role = fields.String(required=True, validate=validate.OneOf(PEOPLE_ROLES))
    organisation_id = fields.UUID(required=True)
    valid_from = fields.Date(load_default=None)
    valid_to = fields.Date(load_default=None)


class RoleSchema(Schema):
    """A role assignment."""

    id = fields.UUID()
    user_id = fields.UUID()
    role = fields.String()
    organisation_id = fields.UUID()
    valid_from = fields.Date()
    valid_to = fields.Date(allow_none=True)


class DeviceInput(Input):
    """A phone's own id and its raw Ed25519 public key in base64url."""

    id = fields.UUID(required=True)
    name = Text(required=True, maximum=100)
    public_key = Text(required=True, maximum=100)


class MachineInput(Input):
    """A machine of an organisation that gets a token of its own."""

    kind = fields.String(required=True, validate=validate.OneOf([DeviceKind.GATEWAY]))
    name = Text(required=True, maximum=100)
    organisation_id = fields.UUID(required=True)


class DeviceSchema(Schema):
    """A device and where its approval stands."""

    id = fields.UUID()
    kind = fields.String()
    name = fields.String()
    user_id = fields.UUID(allow_none=True)
    organisation_id = fields.UUID()
    status = fields.String()
    decided_by = fields.UUID(allow_none=True)
    decided_at = fields.AwareDateTime(allow_none=True)
    created_at = fields.AwareDateTime()


class MachineSchema(Schema):
    """A machine and its token, shown this once."""

    device = fields.Nested(DeviceSchema)
    token = fields.String()


class DeviceQuery(PageQuery):
    """Narrow the list of devices, also to an owner's; ``beside`` is a device: it, and the others of its owner."""

    status = fields.String(load_default=None, validate=validate.OneOf(["pending", "approved", "revoked"]))
    user_id = fields.UUID(load_default=None)
    beside = fields.UUID(load_default=None)
