"""Invented names: no person, enterprise or place of these names is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

PROVINCE = "巡迹示范银行河川省分行"
# fmt: off
BRANCHES = (
    "云岭",
    "清江",
    "东陵",
    "白石",
    "望海",
    "松原",
    "青田",
    "金沙",
    "龙泉",
    "南屏",
    "安宁",
    "长乐",
    "太和",
    "永定",
)
_TOWNS = (
    "城关",
    "桥东",
    "桥西",
    "新区",
    "开发区",
    "火车站",
    "中山路",
    "解放路",
    "人民路",
    "滨河",
    "学府",
    "工业园",
    "北关",
    "南关",
    "西关",
    "东关",
    "物流港",
)
_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"
_GIVEN = "明华建国志强文静秀英伟芳敏丽军磊洋勇艳杰娟涛超霞平刚桂兰玉梅"
_WORDS = (
    "恒达",
    "鑫源",
    "宏盛",
    "瑞丰",
    "天成",
    "永昌",
    "汇通",
    "华茂",
    "金桥",
    "正和",
    "德润",
    "顺安",
    "力行",
    "远景",
    "兴业达",
    "嘉禾",
    "博远",
    "凯旋",
)
_TRADES = (
    "纺织",
    "机械",
    "食品",
    "建材",
    "包装",
    "物流",
    "五金",
    "塑料",
    "农产品",
    "电子",
    "印刷",
    "家具",
    "化工",
    "服装",
    "医疗器械",
    "新材料",
)
# fmt: on


def town(position: int) -> str:
    """Return the name of a branch's ``position``-th sub-branch."""
    round_, index = divmod(position, len(_TOWNS))
    return _TOWNS[index] + ("" if round_ == 0 else f"第{round_ + 1}")


def person(random: Random) -> str:
    """Return a person's name."""
    given = "".join(random.sample(_GIVEN, random.choice((1, 2))))
    return random.choice(_SURNAMES) + given


def enterprise(random: Random, place: str) -> str:
    """Return an enterprise's name."""
    return f"{place}{random.choice(_WORDS)}{random.choice(_TRADES)}有限公司"
