"""The 明白纸 template that every bank starts with: all fields of domain.md §2.1, as data."""

from __future__ import annotations

from typing import Any

CODE = "plain_paper"
NAME = "中小企业贷后管理“明白纸”"
FAMILY = "plain_paper"
INDICATORS = {
    "W01": "经营异常",
    "W02": "他行授信逾期",
    "W03": "企业纠纷或负面信息",
    "W04": "实控人失联或不配合",
    "W05": "实控人征信异常",
    "W06": "实控人重大不利事件",
    "W07": "抵质押物不利变化",
    "W08": "保证人授信逾期",
    "W09": "保证人法律纠纷",
    "W10": "带贷许可证失效",
}
"""预警指示 W01 to W10 by their short names (domain.md §2.1)."""
INDICATOR_WORDS = {code: f"{code} {name}" for code, name in INDICATORS.items()}
"""Each as people read it, its code first."""

_PHOTO = [{"kind": "photo", "min_count": 1}]
_FROM_ZERO = {"minimum": "0"}


def _read_only(key: str, label: str, source: str, group: str = "header") -> dict[str, Any]:
    return {"key": key, "group": group, "label": label, "type": "read_only", "source": source}


def _amount(key: str, label: str, **more: Any) -> dict[str, Any]:
    return {"key": key, "label": label, "type": "money", "unit": "万元", **_FROM_ZERO, **more}


def _risk(number: int, code: str, group: str, key: str, label: str, action: str) -> dict[str, Any]:
    """Return a 是/否 question whose 是 raises the indicator ``code``."""
    return {
        "key": key,
        "group": group,
        "label": label,
        "type": "yes_no",
        "number": str(number),
        "required": True,
        "indicator": {"code": code, "adverse": [True]},
        "required_action": action,
        "verification": "核对原始资料，必要时拍照留存",
    }


_HEADER = [
    _read_only("customer_name", "客户名称", "customer.name"),
    _read_only("loan_amount", "金额", "loan.amount"),
    _read_only("disbursed_on", "放款日期", "loan.disbursed_on"),
    _read_only("matures_on", "到期日", "loan.matures_on"),
    _read_only("five_class", "五级分类", "loan.five_class"),
]

_OPERATIONS: list[dict[str, Any]] = [
    {
        "key": "op_status",
        "label": "企业经营状况",
        "type": "single",
        "number": "1",
        "required": True,
        "options": [
            {"code": "normal", "label": "正常"},
            {"code": "abnormal", "label": "异常"},
            {"code": "semi", "label": "半正常"},
        ],
        "indicator": {"code": "W01", "adverse": ["abnormal", "semi"]},
        "required_action": "实地查看厂区、车间和仓库，询问在岗人数与订单情况",
        "verification": "现场扫码定位，拍摄经营现场",
    },
    *(
        {
            "key": key,
            "label": f"截至上月末企业用{label}量",
            "type": "number",
            "number": "2",
            "heading": "截至上月末企业水、电、气数据（可任选其中一项填写）",
            "caption": label,
            "unit": unit,
            **_FROM_ZERO,
            "required_action": "抄录截至上月末的表计读数或缴费单据，水、电、气任选其一",
            "verification": "表计或缴费单据照片不少于 1 张",
        }
        for key, label, unit in [("water_t", "水", "吨"), ("power_kwh", "电", "度"), ("gas_m3", "气", "立方米")]
    ),
    _amount(
        "tax_ytd",
        "截至上月末企业本年度纳税金额",
        number="3",
        required=True,
        evidence=_PHOTO,
        required_action="查验纳税申报表或完税凭证",
        verification="纳税申报表照片不少于 1 张",
    ),
    {
        "key": "payroll_n",
        "label": "企业代发工资人数",
        "type": "number",
        "number": "4",
        "heading": "企业代发工资人数及代发工资金额",
        "caption": "人数",
        "unit": "人",
        "decimals": 0,
        "fed": True,
        **_FROM_ZERO,
        "required_action": "核对代发工资清单",
        "verification": "行内系统数据或代发清单",
    },
    _amount(
        "payroll_amt",
        "企业代发工资金额",
        number="4",
        caption="金额",
        fed=True,
        required_action="核对代发工资清单",
        verification="行内系统数据或代发清单",
    ),
]

_FED = {"fed": True, "required_action": "查询行内系统", "verification": "行内系统数据，注明来源"}
_FINANCE = [
    _amount(
        "credit_delta_up",
        "我行授信占比较年初增加金额",
        number="5",
        heading="我行授信占比较年初变化情况",
        caption="增加金额",
        **_FED,
    ),
    _amount("credit_delta_down", "我行授信占比较年初减少金额", number="5", caption="减少金额", **_FED),
    _amount("inflow_ytd", "截至上月末借款人我行公司结算帐户累计入帐金额", number="6", **_FED),
    _amount(
        "dep_balance",
        "截至检查日借款人我行结算帐户存款余额",
        number="7",
        heading="截至检查日借款人我行结算帐户存款余额及较年初增减额",
        caption="余额",
        **_FED,
    ),
    {
        "key": "dep_delta",
        "label": "存款余额较年初增减额",
        "type": "money",
        "unit": "万元",
        "number": "7",
        "caption": "较年初增减额",
        **_FED,
    },
    _risk(8, "W02", "finance", "other_bank_overdue", "他行授信是否逾期", "查询征信报告"),
]

_CONTROLLER = [
    _risk(9, "W03", "controller", "ent_dispute", "企业是否涉及法律纠纷、负面信息", "查询裁判文书、执行信息和舆情"),
    _risk(10, "W04", "controller", "ctrl_lost", "企业实际控制人已失联或不配合我行工作", "当面或电话联系实际控制人"),
    _risk(11, "W05", "controller", "ctrl_credit", "企业实际控制人个人征信是否出现异常", "查询个人征信报告"),
    _risk(
        12,
        "W06",
        "controller",
        "ctrl_event",
        "企业实际控制人是否有重大不利事件发生（如重大疾病、涉赌、涉诉等）",
        "向本人、员工和周边了解",
    ),
]

_OTHER = [
    _risk(13, "W07", "other", "coll_adverse", "抵（质）押物的品质状态是否发生重大不利变化", "实地查看抵（质）押物"),
    _risk(14, "W08", "other", "guar_overdue", "保证人如有授信，是否出现逾期", "查询保证人征信报告"),
    _risk(15, "W09", "other", "guar_dispute", "保证人是否涉及法律纠纷", "查询裁判文书和执行信息"),
    _risk(16, "W10", "other", "licence_expired", "带贷许可证是否已失效", "查验许可证原件及有效期"),
]

_FOOTER: list[dict[str, Any]] = [
    {
        "key": "remark",
        "label": "其他需特殊说明情况",
        "type": "text",
        "number": "17",
        "max_length": 500,
        "required_if": {"any_indicator": True},
        "required_action": "出现预警指标时逐项说明原因和企业的解释",
        "verification": "文字说明",
    },
    {
        "key": "conclusion",
        "label": "检查初步结论",
        "type": "single",
        "number": "18",
        "required": True,
        "options": [
            {"code": "normal", "label": "正常"},
            {"code": "watch", "label": "关注"},
            {"code": "strong_watch", "label": "强烈关注"},
            {"code": "exit", "label": "退出"},
        ],
        "required_action": "综合以上各项给出初步结论",
        "verification": "结论与预警指标不一致时须说明理由",
    },
    {
        **_read_only("superior_opinion", "上级管理条线参与，请简要说明意见", "superior.opinion", "footer"),
        "number": "19",
    },
    {
        "key": "companions",
        "label": "同行人",
        "type": "text",
        "max_length": 60,
        "required_action": "有人一同检查的，填写其姓名",
    },
]


def _grouped(group: str, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"group": group, **item} for item in items]


DEFINITION: dict[str, Any] = {
    "title": NAME,
    "groups": [
        {"key": "header", "label": "表头"},
        {"key": "operations", "label": "企业运营状况"},
        {"key": "finance", "label": "企业财务信息"},
        {"key": "controller", "label": "企业实际控制人信息"},
        {"key": "other", "label": "其他信息"},
        {"key": "footer", "label": "页底"},
    ],
    "items": [
        *_HEADER,
        *_grouped("operations", _OPERATIONS),
        *_grouped("finance", _FINANCE),
        *_CONTROLLER,
        *_OTHER,
        *_grouped("footer", _FOOTER),
    ],
    "rules": [
        {"kind": "at_least_one", "items": ["power_kwh", "water_t", "gas_m3"], "evidence": _PHOTO},
        {"kind": "at_most_one_non_zero", "items": ["credit_delta_up", "credit_delta_down"]},
        {"kind": "reason_if_indicator", "items": ["conclusion"], "value": "normal"},
    ],
    "instructions": [
        "本表由客户经理现场检查后如实填写，由经办机构打印签字后归入信贷档案，保管至授信结清后一年。",
        (
            "数据来源：第 4 至 7 项取自 SMES 系统、电子报表系统和流向董系统，带“*”者为检查人更正值；"
            "其余各项由检查人现场核实填写。"
        ),
        "出现任一预警指标（W01–W10）的，须在“其他需特殊说明情况”中说明；结论为“强烈关注”或“退出”的，须由上级管理条线签署意见。",
    ],
}
