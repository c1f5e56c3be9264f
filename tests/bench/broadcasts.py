"""A hundred announcements of all kinds as offices make them: forty names, twenty odd surnames, figures, English."""

from __future__ import annotations

from dataclasses import dataclass

ODD = {
    "单晓明": "shan4 xiao3 ming2", "解玉琴": "xie4 yu4 qin2", "查建国": "zha1 jian4 guo2", "仇志刚": "qiu2 zhi4 gang1",
    "尉迟恭": "yu4 chi2 gong1", "万俟春": "mo4 qi2 chun1", "乐嘉宁": "yue4 jia1 ning2", "任志强": "ren2 zhi4 qiang2",
    "华天宇": "hua4 tian1 yu3", "区慧敏": "ou1 hui4 min3", "曾国平": "zeng1 guo2 ping2", "盖丽丽": "ge3 li4 li4",
    "朴正华": "piao2 zheng4 hua2", "翟晓川": "zhai2 xiao3 chuan1", "葛文君": "ge3 wen2 jun1",
    "缪雨晴": "miao4 yu3 qing2",
    "冼东升": "xian3 dong1 sheng1", "逄海涛": "pang2 hai3 tao1", "晁天明": "chao2 tian1 ming2",
    "覃小玲": "qin2 xiao3 ling2",
}  # fmt: skip
PLAIN = (
    "王小明", "陈芳", "李思思", "赵磊", "刘洋", "杨帆", "黄建华", "周婷婷", "吴磊", "徐丽娜", "孙悦", "马超", "朱晓东",
    "胡静", "郭明亮", "何雨柔", "高飞", "林晓雨", "罗文涛", "欧阳雪",
)  # fmt: skip
NAMES = (*ODD, *PLAIN)
TEAMS = ("猛虎队", "飞龙队", "雄鹰队", "战狼队", "先锋队", "闪电队")
PRODUCTS = (
    "网络招聘",
    "铂金会员",
    "企业年卡",
    "校园招聘",
    "猎头服务",
    "VIP套餐",
    "钻石会员",
    "人才测评",
    "KA方案",
    "培训课程",
)
AMOUNTS = (
    "一万两千八百元", "两万三千五百元", "三万六千元", "十二万八千元", "一万五千元", "五万九千九百元", "一万零八百元",
    "八万八千元", "两万元", "四万七千二百五十元",
)  # fmt: skip
TEXTS = (
    "各位同事，下午三点在二楼大会议室开会，请准时参加。",
    "请各位组长把今天的目标交给总监，十五分钟以后开始检查。",
    "停车场有一辆白色轿车没有关灯，请车主去看一下。",
    "今天是星期五，请大家下班以前关好门窗和空调。",
    "快递到了，请陈芳到前台取件。",
    "请人事部的同事到三号会议室，客户已经到了。",
    "明天上午九点半有客户参观，请大家把桌面整理干净。",
    "本月目标三百万，已经完成百分之六十八点五，还差九十四万五千元。",
    "十二点三十分到十二点五十五分是午休时间，请保持安静。",
    "VIP客户马上到公司，请前台准备茶水。",
    "今天的培训改到下午四点二十分，地点不变。",
    "请会开车的同事帮忙去机场接一下客户。",
    "温馨提示，明天最低气温零下五度，请注意保暖。",
    "公司的wifi密码改了，请到前台领取新密码。",
    "请大家把考勤表在今天十七点以前发给行政部。",
    "晚上六点半在楼下集合，我们一起去聚餐。",
    "请APP没有更新的同事现在更新一下。",
    "距离活动结束还有两个小时，请大家再加一把劲。",
    "恭喜我们提前三天完成本月目标，晚上加餐。",
    "一会儿有领导来看望大家，请各就各位。",
)


@dataclass(frozen=True)
class Broadcast:
    """The text of an announcement, and the readings of the names in it."""

    text: str
    readings: dict[str, str]


def hundred() -> list[Broadcast]:
    """Return forty big deals, fifteen first deals, fifteen of round-ups, ten of results, twenty free texts."""
    found = []
    for n, name in enumerate(NAMES):
        team, product, amount = TEAMS[n % 6], PRODUCTS[n % 10], AMOUNTS[(n * 3) % 10]
        found.append(f"恭喜{team}的{name}签了一单{product}，金额是{amount}，请大家为他喝彩！")
    for n in range(15):
        name, team = NAMES[(n * 7) % 40], TEAMS[(n * 5) % 6]
        found.append(f"恭喜{team}的{name}签到了第一单，为我们大家拿到了开门红，大家加油！")
    for n in range(15):
        one, two = NAMES[(n * 11) % 40], NAMES[(n * 11 + 17) % 40]
        count, total = "三四五六七八九"[n % 7], AMOUNTS[n % 10]
        found.append(
            f"过去一小时，我们一共签了{count}单，合计{total}。{one}，{AMOUNTS[(n + 4) % 10]}。{two}，八千六百元。"
        )
    for n in range(10):
        name, team = NAMES[(n * 13 + 5) % 40], TEAMS[n % 6]
        rate = ("百分之一百零二", "百分之九十八", "百分之八十七点五", "百分之一百二十", "百分之七十六")[n % 5]
        found.append(
            f"今天的开拓能手是{team}的{name}，签了{'两三四五六'[n % 5]}单。{team}完成目标的{rate}，请大家鼓掌！"
        )
    return [Broadcast(text, {k: v for k, v in ODD.items() if k in text}) for text in (*found, *TEXTS)]
