"""The roles of people and programs, and their ranks. Pure."""

from __future__ import annotations

from typing import Final

OWNER: Final = "owner"
ADMIN: Final = "admin"
"""The former name of an owner's token."""
LEADER: Final = "leader"
ASSISTANT: Final = "assistant"
SALES: Final = "sales"
"""A salesperson's own phone: deals wait for the assistant, numbers beside the deals are the own ones."""
ROLE_NAMES: Final = {
    OWNER: "负责人",
    ADMIN: "负责人",
    "manager": "总经理",
    "director": "总监",
    LEADER: "组长",
    ASSISTANT: "销售助理",
    SALES: "销售",
    "program": "程序",
    "wall": "大屏",
}
PHONE_ROLES: Final = (OWNER, "manager", "director", LEADER, ASSISTANT, SALES)
"""Roles that a phone can have."""
PERSONAL_ROLES: Final = PHONE_ROLES[1:]
"""Roles for a personal PIN: an owner signs in only on a phone of that person, six digits are too few."""
TOKEN_ROLES: Final = (*PHONE_ROLES, "program", "wall")
"""Roles that a program's token can have."""
_RANK: Final = {OWNER: 4, ADMIN: 4, "manager": 3, "director": 2, ASSISTANT: 1, LEADER: 1}  # sales: 0


def outranks(role: str, other: str) -> bool:
    """Return whether `role` is above `other`: its phones and tokens cannot be added or removed by the other."""
    return _RANK.get(role, 0) > _RANK.get(other, 0)
