"""The checkpoints' problems: coordinates, fixes, plates, bindings."""

from __future__ import annotations

from inspection_api.core.errors import Conflict, Forbidden, Gone, Invalid


class AxisSwapped(Invalid):
    """Longitude and latitude were exchanged."""

    code = "axis_swapped"
    title = "经纬度顺序颠倒"


class CoordinateOutOfRange(Invalid):
    """Longitude beyond ±180°, latitude beyond ±90°, or not a number."""

    code = "coordinate_out_of_range"
    title = "坐标超出范围"


class QrInvalid(Invalid):
    """Forged, damaged, or another bank's plate: all answer alike."""

    code = "qr_invalid"
    title = "二维码无效，请扫描本行检查点的二维码牌"


class QrRevoked(Gone):
    """The plate was re-issued; ``revoked_at`` says since when this one no longer counts."""

    code = "qr_revoked"
    title = "该二维码牌已换发，请扫描新牌"


class FixMock(Conflict):
    """The phone reports a simulated position."""

    code = "mock"
    title = "检测到模拟定位，请关闭模拟定位后重试"


class FixStale(Conflict):
    """There is no fix, it is invalid, or it is older than 60 s."""

    code = "stale"
    title = "没有有效的最新定位，请重新定位"


class FixOutside(Conflict):
    """Even with its accuracy in his favour the officer is outside the fence."""

    code = "outside"
    title = "不在检查点范围内，请到达现场后再扫码"


class FixTooCoarse(Conflict):
    """The accuracy is worse than the fence can bear."""

    code = "too_coarse"
    title = "定位精度不足，请移至开阔处稍候再试"


class AlreadyBound(Conflict):
    """The checkpoint has a location already; only a reset makes room for another."""

    code = "already_bound"
    title = "检查点已绑定位置，如需更改请先重置"


class PlatePhotoUnfit(Conflict):
    """The photo of the mounted plate is no photo, too large, refused, or was brought by a visit."""

    code = "plate_photo_unfit"
    title = "二维码牌照片不可用，请在现场重新拍摄"


class StateForbids(Conflict):
    """The checkpoint's state has no such step; ``state`` names it."""

    code = "checkpoint_state"
    title = "检查点当前状态不允许该操作"


class FourEyes(Forbidden):
    """Two different people are needed, and this one acted before."""

    code = "four_eyes"
    title = "须由另一人办理"


class CodeTaken(Conflict):
    """Another checkpoint of the bank has this code; ``existing_id`` names it."""

    code = "checkpoint_code_taken"
    title = "检查点编号已存在"


class BackDated(Conflict):
    """A first day before the running month that no loan explains is for whoever approves exits in the organisation."""

    code = "back_dated"
    title = "生效日期倒签须经审批"


class HandlerUnfit(Conflict):
    """The named person has no role today that handles what is abnormal in this organisation."""

    code = "handler_unfit"
    title = "该人员不能担任此机构的异常处理人"


class ForeignLoan(Invalid):
    """A loan that is named with a checkpoint is not its customer's."""

    code = "foreign_loan"
    title = "借据不属于该客户"


class LocationDecided(Conflict):
    """The location waits for no decision; ``current`` says what it is, ``decided_by_name`` who decided, if anybody."""

    code = "location_decided"
    title = "该位置已处理，无需确认"


class ExitTypeUnknown(Invalid):
    """The dictionary of exits has no such code, or it is retired."""

    code = "exit_type_unknown"
    title = "退出类型不存在或已停用"


class ExitCodeInvalid(Invalid):
    """The code of a type of exit is not 2 to 40 small letters, digits and underscores."""

    code = "exit_code_invalid"
    title = "退出类型代码应为 2–40 位小写字母、数字或下划线，以字母开头"


class ExitDayInvalid(Invalid):
    """The day of an exit lies before the checkpoint's first day, or too far ahead."""

    code = "exit_day_invalid"
    title = "退出生效日期不合理"


class ExitSettled(Conflict):
    """The exit has no such step any more; ``current`` says what became of it, ``decided_by_name`` by whom."""

    code = "exit_settled"
    title = "该退出申请已处理，不能再进行此操作"


class ExitInEffect(Conflict):
    """The exit's day has come: only a re-activation leads back; ``effective_on`` names the day."""

    code = "exit_in_effect"
    title = "退出已生效，不能撤销，如需恢复请重新启用检查点"


class ExitNotYours(Forbidden):
    """Only who proposed an exit takes the proposal back."""

    code = "exit_not_yours"
    title = "只有提出人可以撤回退出申请"


class ReactivationDayInvalid(Invalid):
    """A checkpoint comes back between the day of its exit and today."""

    code = "reactivation_day_invalid"
    title = "重新启用日期应在退出生效日与今天之间"


class OrganisationHoldsCheckpoints(Conflict):
    """An organisation with checkpoints in force is not closed; ``count`` says how many must be transferred before."""

    code = "organisation_holds_checkpoints"
    title = "该机构仍有在管检查点，请先移交"


class ProposalOpen(Conflict):
    """A proposal about this checkpoint, or this code, waits already; ``existing_id`` names it."""

    code = "proposal_open"
    title = "已有待处理的提议"


class ProposalDecided(Conflict):
    """The proposal waits no more; ``current`` says what became of it, ``decided_by_name`` by whom."""

    code = "proposal_decided"
    title = "该提议已处理"


class ProposalNotYours(Forbidden):
    """Only who proposed something takes the proposal back."""

    code = "proposal_not_yours"
    title = "只有提出人可以撤回提议"


class ProposalEmpty(Invalid):
    """A proposed edit changes nothing."""

    code = "proposal_empty"
    title = "提议没有任何变更"
