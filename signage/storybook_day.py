"""Stories of the quiet scenes: the rhythm, the stand-up, the nap, the door, the prize, a fault, the evening."""

from __future__ import annotations

from signage.storybook_cast import LONG, PEOPLE, TEAMS, person, team, teams
from signage.storybook_states import State, duty, entry, state, total, wall


def rhythm_stories() -> dict[str, State]:
    """Where in the day we are."""
    long_text = (
        "上午打过的非重点客户，下午再跟一遍；没接通的换个时间打。每通电话先问需求，再讲方案，最后约下一步。"
        "挂电话之前，确认时间、金额和签约人。"
    )
    people = [person(name, place) for place, name in enumerate(LONG, 1)]
    return {
        "rhythm-full": state("rhythm"),
        "rhythm-empty": state(
            "rhythm", teams=[], deals=[], duties=[], totals={"day": total("0.00"), "month": total("0.00")}
        ),
        "rhythm-no-deals": state(
            "rhythm",
            "09:31",
            deals=[],
            teams=teams(4, fresh=True),
            entry=entry("攻城略地", "先打非重点客户热身，把状态打出来。", "09:20", "10:30"),
            next={"name": "决战时间", "at": "10:30"},
        ),
        "rhythm-one-team": state("rhythm", teams=teams(1)),
        "rhythm-five-teams": state("rhythm", teams=teams(5)),
        "rhythm-team": state(
            "rhythm",
            wall=wall(team="猛虎队"),
            teams=teams(1),
            members=[person(name, place) | {"team": "猛虎队"} for place, name in enumerate(PEOPLE[:4], 1)]
            + [{"place": None, "name": name, "count": 0, "amount": "0.00"} for name in PEOPLE[4:9]],
        ),
        "rhythm-duty-due": state(
            "rhythm",
            "14:31",
            duties=[
                duty("14:30", "leader", "把每个人的目标交给总监"),
                duty("14:30", "director", "今天复盘两次"),
                duty("17:30", "leader", "回顾每个人的目标"),
            ],
        ),
        "rhythm-twelve-teams": state("rhythm", teams=teams(12)),
        "rhythm-long-names": state(
            "rhythm",
            teams=[
                team(n, i, "999999999.00", "999999999.00")
                for i, n in enumerate(("北京西城区企业服务第一先锋突击大队", "Enterprise Sales Team A"), 1)
            ],
            deals=[
                {
                    "id": i,
                    "at": "14:41",
                    "person": p["name"],
                    "team": "猛虎队",
                    "amount": "999999999.00",
                    "product": "套餐",
                }
                for i, p in enumerate(people)
            ],
            office="上海张江高科技园区第二分公司",
            entry=entry("清点战果与明日电话名单", long_text, "14:30", "16:30"),
            next={"name": "战报传来与开拓能手", "at": "16:30"},
        ),
        "rhythm-far": state("rhythm", wall=wall(distance=8)),
        "rhythm-no-targets": state(
            "rhythm",
            teams=[team(n, i, str(86000 - 9000 * i) + ".00", None) for i, n in enumerate(TEAMS[:3], 1)],
        ),
        "rhythm-light": state("rhythm", wall=wall(theme="paper")),
        "rhythm-notice": state("rhythm", notices=["没有音响设备，办公室现在听不到声音。"]),
        "rhythm-long-duty": state(
            "rhythm",
            honours=[],
            duties=[
                duty(
                    "17:30",
                    "leader",
                    "和每个人回顾今天的目标，定下明天的名单，再把缺口报给总监和总经理，周五交周报",
                )
            ],
        ),
        "rhythm-stale": state("rhythm", stale="14:47"),
        "rhythm-identify": state("rhythm", wall=wall(identify=3, name="前台")),
        "rhythm-markup": state(
            "rhythm",
            teams=[team("<b>猛虎</b>队", 1, "86000.00", "100000.00")],
            deals=[
                {
                    "id": 1,
                    "at": "14:41",
                    "person": "</script><img src=x>",
                    "team": "A&B",
                    "amount": "1.50",
                    "product": "x",
                }
            ],
        ),
    }


def other_stories() -> dict[str, State]:
    """The stand-up, the nap, the door, the prize, the fault, the evening."""
    standup = entry("元帅升帐", "昨天学到了什么？今天每个人的目标是多少？一起喊出口号！", "09:00", "09:15")
    welcome = entry("前台迎接", "", "08:30", "09:00")
    award = {
        "title": "十月开拓能手",
        "period": "month",
        "month": 10,
        "person": "陈芳",
        "team": "猛虎队",
        "count": 63,
        "amount": "486000.00",
        "prize": "总经理亲手颁发的大奖",
        "photo": None,
        "text": "六十三单，单单用心。向陈芳学习！",
    }
    fault = {
        "what": "没有音响设备，办公室现在听不到声音。",
        "meanwhile": "订单照常记录，屏幕照常显示，声音恢复后自动继续。",
        "mend": "请检查音箱的电源和接线。",
    }
    return {
        "countdown": state("countdown", "09:06:18", entry=standup),
        "countdown-last": state("countdown", "09:14:23", entry=standup),
        "countdown-light": state("countdown", "09:06:18", entry=standup, wall=wall(theme="paper")),
        "welcome": state(
            "welcome",
            "08:41",
            entry=welcome,
            date="2026-12-01",
            welcome={"text": "新的一月，从一个微笑开始。"},
        ),
        "award": state("award", "09:02", award=award),
        "award-long": state(
            "award",
            "09:02",
            award=award
            | {
                "person": LONG[2],
                "team": "北京西城区企业服务第一先锋突击大队",
                "text": "六十三单，单单用心。向陈芳学习！" * 4,
            },
        ),
        "award-light": state("award", "09:02", award=award, wall=wall(theme="paper")),
        "award-day": state(
            "award",
            "18:00",
            award=award
            | {
                "title": "今日开拓能手",
                "period": "day",
                "month": None,
                "count": 5,
                "amount": "46800.00",
                "prize": None,
                "text": "",
            },
        ),
        "dark": state("dark", "12:41"),
        "fault": state("fault", fault=fault),
        "fault-light": state("fault", fault=fault, wall=wall(theme="paper")),
        "fault-far": state("fault", fault=fault, wall=wall(distance=8)),
        "rest": state(
            "rest",
            "10:05",
            date="2026-11-22",
            entry=None,
            rest={"text": "今天休息，好好放松。", "next": None},
            next=None,
        ),
        "early": state(
            "rest",
            "07:40",
            entry=None,
            rest={"text": "新的一天，马上开始。", "next": "08:30 战前准备"},
        ),
        "evening": state(
            "rest",
            "19:20",
            entry=None,
            rest={"text": "今天辛苦了，路上小心。", "next": None},
            next=None,
        ),
    }
