"""The record of each caller's actions: a line in the program's log, and a sentence in the log of changes.

One hook behind all routes: a route cannot forget it. `DEEDS` has the sentence of each route; a route without one is
recorded by its address, and `tests/signage/test_roles.py` refuses it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any, Final

from flask import Flask, g, request
from werkzeug.wrappers import Response

from controller.sales.roles import ROLE_NAMES
from signage.auth import SAFE, Caller, access
from signage.http import CALLED, MAX_BODY
from signage.language import answered

deeds = logging.getLogger("zhangu.deeds")
"""Audit log of each caller's requests, also of refused ones."""

LOGGED_BODY = 160  # characters of a request body in the program's log
LOGGED_VALUE = 60  # characters of one value in the log of changes
SIGNING_IN = frozenset({"access.enter", "access.join", "access.leave"})
"""Recorded by `signage/sign_in.py`, in words that depend on the kind of PIN."""
NO_CHANGE = frozenset(
    {
        "api.preview_deal",
        "uploads.hear",
        "walls.painted",
        "plan.preview",
        "timetables.check",
        "people.preview_list",
        "deal_reading.read_text",
        "deal_reading.read_file",
        "honours.preview_contest",
        "languages.choose",
        "measures.preview_table",
        "push.preview_push",
    }
)
"""Requests that change nothing."""
KEYED = frozenset(
    {
        "api.record_deal",
        "deals.propose_deal",
        "api.announce",
        "api.emergency",
        "uploads.send_clip",
        "plan.change",
        "honours.make_contest",
        "measures.enter",
    }
)
"""Requests with a key: the same key again is answered with 200 and changes nothing."""
PRIVATE_PATHS = (
    "/api/one-to-ones",
    "/api/links/secrets",
    "/api/cities/link",
    "/api/home-assistant",
    "/api/push/",
)
"""Logged without the body: notes for leaders and the director only; secrets and codes."""
SECRET = frozenset({"pin", "code", "link", "qr", "key", "secret", "token"})
PRIVATE = frozenset({"birthday", "email"})
"""Fields whose change is recorded without the value, in both logs."""
LABELS: Final = {
    **CALLED, "leader": "组长", "hidden": "不在屏幕上显示", "active": "在名单里", "scene": "画面", "theme": "颜色",
    "portrait": "竖屏", "language": "语言", "diagonal": "尺寸", "distance": "距离",
    "volume": "总音量", "music": "音乐音量",
}  # fmt: skip


class _Values(dict[str, str]):
    """The values of a request for its sentence; a missing one is empty."""

    def __missing__(self, name: str) -> str:
        if name == "owner":  # the person or team whose photo, song or line it is
            kind = self["url_kind"] or ("teams" if "/teams/" in request.path else "people")
            return access().keys.log.name_of(kind, int(self["url_number"] or 0))
        return ""


def _text(value: object) -> str:
    words = {True: "是", False: "否", None: "按作息表"}
    if value is None or isinstance(value, bool):
        return words[value]
    text = str(value)
    return text if len(text) <= LOGGED_VALUE else text[: LOGGED_VALUE - 1] + "…"


def _music(of: _Values) -> str:
    return {"play": f"放音乐 {of['playlist']}".strip(), "stop": "停止音乐"}.get(of["action"], "换一首歌")


def _mute(of: _Values) -> str:
    if of["until"]:
        return f"静音到 {of['until']}"
    return "结束静音" if of["minutes"] == "0" else f"静音 {of['minutes']} 分钟"


def _person(of: _Values) -> str:
    return f"{of['owner']}离职，从名单里去掉" if of["active"] == "否" else f"改{of['owner']}：{of['changes']}"


def _leave(of: _Values) -> str:
    back = f"，{of['returns']} 回来" if of["returns"] else ""
    return f"{of['owner']}的最后一天是 {of['last_day'] or '今天'}{back}"


def _target(of: _Values) -> str:
    if of["date"]:
        return f"{of['team']}，{of['date']} 的目标改为 {of['amount']} 元"
    return f"{of['team']}今天的目标改为 {of['amount']} 元"


def _month_target(of: _Values) -> str:
    person = of["person"]
    whose = access().keys.log.name_of("people", int(person)) if person.isdecimal() else of["team"] or "全公司"
    gone = of["amount"] in ("", "按作息表")
    return f"去掉{whose}的月目标" if gone else f"{whose}的月目标改为 {of['amount']} 元"


def _city(of: _Values) -> str:
    gone = of["percent"] in ("", "按作息表")
    return f"去掉{of['city']}的完成率" if gone else f"{of['city']}的完成率改为 {of['percent']}%"


def _ceremony(of: _Values) -> str:
    turned = {"start": "开始表彰", "next": "表彰翻到下一位", "previous": "表彰翻回上一位"}
    return turned.get(of["action"], "结束表彰")


def _added_phone(of: _Values) -> str:
    person = (
        access().keys.log.name_of("people", int(of["person"])) if of["person"].isdecimal() else of["name"]
    )
    role = ROLE_NAMES.get(of["role"], of["role"])
    if person:
        return f"准备添加一台手机，身份是{role}，给{person}"
    return f"准备添加一台手机，身份是{role}"


def _made_token(of: _Values) -> str:
    name, role = of["name"], ROLE_NAMES.get(of["role"], of["role"])
    return f"给程序“{name}”一个令牌，身份是{role}"


def _personal_pin(of: _Values) -> str:
    return f"给{of['owner']}设了个人 PIN，身份是{ROLE_NAMES.get(of['role'], of['role'])}"


def _city_choice(of: _Values) -> str:
    if of["way"] or of["proxy"]:
        return "改和总部连接的方式或代理"
    if of["paused"]:
        return "暂停和总部的连接" if of["paused"] == "是" else "继续和总部的连接"
    return "发给其他城市的大单带姓名" if of["names"] == "是" else "发给其他城市的大单不带姓名"


Deed = str | Callable[[_Values], str]
DEEDS: Final[dict[str, Deed]] = {
    "backups.make_backup": "要求现在备份",
    "outputs.choose_output": lambda of: (
        f"选音响：{of['output']}" if of["output"] not in ("", "按作息表") else "音响改成由主机决定"
    ),
    "outputs.try_output": "试音：{output}",
    "speaker_test.try_speaker": "喇叭自检",
    "office_loudness.measure_office": "量办公室有多响",
    "office_loudness.set_usual": "定下办公室平常有多响",
    "office_loudness.learn_usual": "重新学办公室平常有多响",
    "outputs.unmute_output": "取消音响在主机里的静音",
    "upgrades.upgrade": "传上来一个安装包，要求升级",
    "upgrades.roll_back": "要求退回上一个版本",
    "calendar.renew": "换了日历的地址",
    "calendar.end": "关掉了日历",
    "api.record_deal": "报单：{person}，{product}，{amount} 元",
    "push.take_push": "推送来一单",
    "push.save_push_link": "设好推送的系统“{url_name}”",
    "push.remove_push_link": "去掉推送的系统“{url_name}”",
    "api.void_deal": "撤回第 {url_number} 单：{reason}",
    "deals.restore_deal": "恢复第 {url_number} 单",
    "deals.propose_deal": "交给助理一单：{person}，{product}，{amount} 元",
    "deals.confirm_proposed": "确认交上来的第 {url_number} 单",
    "deals.decline_proposed": "退回交上来的第 {url_number} 单：{reason}",
    "deals.add_product": "添加产品“{name}”",
    "deals.change_listed_product": "改第 {url_number} 种产品：{changes}",
    "api.change_product": lambda of: (
        f"产品“{of['product']}”{'从选择里去掉' if of['hidden'] == '是' else '放回选择'}"
    ),
    "api.announce": "播报：{text}",
    "people.move": lambda of: f"{of['owner']}从{of['since'] or '今天'}起到{of['team']}",
    "people.cancel_move": "取消{owner}的调队",
    "people.leave": _leave,
    "people.come_back": lambda of: f"{of['owner']}从{of['on'] or '今天'}起回来",
    "people.import_list": "导入了名单",
    "api.repeat": "再播一次第 {url_number} 条播报",
    "api.music": _music,
    "api.volume": "改音量：{changes}",
    "api.choose_voice": "改语音：{changes}",
    "api.mute": _mute,
    "api.stop_all": "全部停下",
    "api.undo_stop": "恢复刚才停下的",
    "api.emergency": "紧急广播：{text}",
    "api.confirm_clock": "确认主机的时间是对的",
    "api.add_person": "加人：{name}，{team}",
    "api.update_person": _person,
    "api.update_team": "改团队“{owner}”：{changes}",
    "api.remove_team": "去掉团队“{owner}”",
    "api.set_target": _target,
    "api.set_city_result": _city,
    "targets.hand_in": "交{team}的目标，合计 {total} 元",
    "targets.review": "第 {number} 次复核目标",
    "targets.set_month": _month_target,
    "duties.tick": lambda of: "取消一个勾" if of["done"] == "否" else "做完一件要做的事，打勾",
    "duties.add_coaching": "辅导 {minutes} 分钟",
    "duties.set_team_building": lambda of: (
        f"去掉{of['team']}的团队活动" if of["done"] == "否" else f"记下{of['team']}的团队活动"
    ),
    "duties.add_one_to_one": "记下一次单独谈话",
    "duties.delete_one_to_one": "删掉一次单独谈话的记录",
    "measures.enter": "记“{measure}”：{changed} 人",
    "measures.take_table": lambda of: f"导入记的数：改了 {of['changed']} 个",
    "honours.control": _ceremony,
    "honours.make_contest": "办比赛“{name}”，{days} 个工作日",
    "honours.end_contest": "提前结束第 {url_number} 个比赛",
    "honours.remove_contest": "删除第 {url_number} 个比赛",
    "cities.join": "用总部的邀请码加入",
    "cities.leave": "离开总部",
    "cities.choose": _city_choice,
    "cities.test": "测试和总部的连接",
    "cities.set_home_assistant": "连接 Home Assistant：{host}",
    "cities.end_home_assistant": "断开 Home Assistant",
    "plan.change": "改 {url_day} 的安排：{words}",
    "plan.undo": "撤销 {url_day} 的第 {url_number} 项临时安排",
    "links.test": "给连接“{link}”发一条测试消息",
    "links.pause": lambda of: f"{'暂停' if of['on'] == '是' else '继续'}连接“{of['link']}”",
    "links.set_secrets": "改连接“{link}”的密钥",
    "links.new_secret": "给连接“{link}”换了新的签名密钥",
    "links.set_address": "改连接“{link}”的服务器地址",
    "timetables.save": "改作息表",
    "timetables.restore": "恢复作息表的第 {url_number} 个版本",
    "walls.identify": "让大屏“{url_name}”显示名字",
    "walls.reload": "让大屏“{url_name}”重新打开页面",
    "walls.rename": "大屏“{url_name}”改名为“{name}”",
    "walls.choose": "改大屏“{url_name}”：{changes}",
    "walls.forget": "去掉大屏“{url_name}”",
    "pairing.confirm": "添加大屏“{name}”",
    "uploads.take_clip": "传上来一段录音",
    "uploads.send_clip": "播出一段录音",
    "uploads.drop_clip": "扔掉一段录音",
    "uploads.withdraw": "撤回第 {url_number} 条播报",
    "uploads.add_track": "往歌单“{url_playlist}”里加歌：{title}",
    "uploads.remove_track": "从歌单“{url_playlist}”里删掉“{url_file}”",
    "uploads.set_photo": "换{owner}的照片",
    "uploads.remove_photo": "去掉{owner}的照片",
    "uploads.set_song": "换{owner}的胜利之歌",
    "uploads.remove_song": "去掉{owner}的胜利之歌",
    "rights.change_pin": "换了公用 PIN，用它登录的手机都要重新登录",
    "rights.switch_pin": lambda of: "打开公用 PIN" if of["on"] == "是" else "关掉公用 PIN",
    "rights.end_session": "移除手机“{name}”",
    "rights.make_token": _made_token,
    "rights.end_token": "作废令牌“{url_name}”",
    "rights.invite": _added_phone,
    "rights.set_personal_pin": _personal_pin,
    "rights.remove_personal_pin": "去掉{owner}的个人 PIN",
}
"""The sentence of each route that changes something, by endpoint."""


def record(role: str, who: str, deed: str) -> None:
    """Add a line about the present request to the log of changes."""
    access().keys.log.add(role, who, deed, request.remote_addr or "?")


def sentence(answer: Response) -> str:
    """Return the present request as a plain sentence, from its address, body and answer."""
    deed = DEEDS.get(request.endpoint or "", f"{request.method} {request.path}")
    values = _values(answer)
    return deed(values) if callable(deed) else deed.format_map(values)


def _values(answer: Response) -> _Values:
    fields = _object(_body())
    values = _Values()
    said = answered() or _object(answer.get_data(as_text=True))
    for name, value in {**(said if isinstance(said, dict) else {}), **fields}.items():
        if name not in SECRET | PRIVATE and (value is None or isinstance(value, str | int | float)):
            values[name] = _text(value)
    for name, value in (request.view_args or {}).items():
        values[f"url_{name}"] = _text(value)
    changes = [
        f"{LABELS[name]} {'…' if name in PRIVATE else _text(value)}"
        for name, value in fields.items()
        if name in LABELS
    ]
    values["changes"] = "，".join(changes)
    return values


def _body() -> str:
    readable = request.mimetype == "application/json" and (request.content_length or 0) <= MAX_BODY
    return request.get_data(as_text=True) if readable else ""


def _without_private(text: str) -> str:
    fields = _object(text) if any(name in text for name in PRIVATE) else {}
    if not PRIVATE & fields.keys():
        return text
    return json.dumps({**fields, **dict.fromkeys(PRIVATE & fields.keys(), "…")}, ensure_ascii=False)


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text[: 2 * MAX_BODY], parse_float=str, parse_constant=str) if text else {}
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _note(answer: Response) -> Response:
    """Record the request: refused ones in the program's log only."""
    caller: Caller | None = g.get("caller")
    if caller is None or request.method in SAFE or request.endpoint in SIGNING_IN | NO_CHANGE:
        return answer
    text = "" if request.path.startswith(PRIVATE_PATHS) else _without_private(_body())
    logged = text if len(text) <= LOGGED_BODY else text[:LOGGED_BODY] + "…"
    where = f"{request.method} {request.path}"
    deeds.info("%s, %s: %s %s -> %d", caller.name, request.remote_addr, where, logged, answer.status_code)
    same_again = request.endpoint in KEYED and answer.status_code == 200
    if answer.status_code < 400 and not same_again:
        record(caller.role, caller.name, sentence(answer))
    return answer


def install(app: Flask) -> None:
    """Record the requests of `app`."""
    app.after_request(_note)
