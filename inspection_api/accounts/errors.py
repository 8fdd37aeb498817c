"""Refusals of the accounts slice."""

from __future__ import annotations

from inspection_api.core.errors import Conflict, Forbidden, Invalid, TooMany, Unauthenticated


class LoginRefused(Unauthenticated):
    """Wrong name, wrong password or disabled: one answer for all, so that names cannot be tried out."""

    code = "login_refused"
    title = "用户名或密码不正确"


class LoginThrottled(TooMany):
    """Too many failures from here; ``retry_after_s`` says when the next attempt counts."""

    code = "login_throttled"
    title = "登录失败次数过多，请稍后再试"


class UsernameTaken(Conflict):
    """The bank has a user of this name."""

    code = "username_taken"
    title = "用户名已存在"


class OrganisationCodeTaken(Conflict):
    """The bank has an organisation with this code; ``existing_id`` is its id."""

    code = "organisation_code_taken"
    title = "机构代码已存在"


class OrganisationKindInvalid(Invalid):
    """An organisation must be of a lower kind than its parent (province > branch > sub_branch > outlet)."""

    code = "organisation_kind_invalid"
    title = "机构类型须低于上级机构"


class PasswordWeak(Invalid):
    """A password needs 10 characters at least and must not contain the user's name."""

    code = "password_weak"
    title = "密码至少 10 个字符，且不能包含用户名"


class FourEyes(Forbidden):
    """This decision needs a second person."""

    code = "four_eyes"
    title = "本人不能审批自己的事项"


class DeviceKeyInvalid(Invalid):
    """The public key is not a raw Ed25519 key in base64url."""

    code = "device_key_invalid"
    title = "设备公钥无效"


class DeviceForeign(Conflict):
    """The device id belongs to somebody else, or to another key: a device has one user for ever."""

    code = "device_foreign"
    title = "该设备已登记给他人"


class DeviceLimit(Conflict):
    """An officer has two live devices already (domain.md §4.5)."""

    code = "device_limit"
    title = "每位人员最多登记两台设备"


class DeviceDecided(Conflict):
    """The device was approved or revoked before; ``current`` says which, ``decided_by_name`` by whom."""

    code = "device_decided"
    title = "该设备已处理"


class OrganisationHasChildren(Conflict):
    """An organisation is closed after those below it; ``count`` says how many are open."""

    code = "organisation_has_children"
    title = "该机构仍有未撤销的下级机构"


class OrganisationClosed(Conflict):
    """A closed organisation takes nothing in: no organisation below it, no checkpoint."""

    code = "organisation_closed"
    title = "该机构已撤销"
