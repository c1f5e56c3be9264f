"""Default announcement texts, used for those that the timetable file does not define."""

from __future__ import annotations

FIRST_OF_DAY = "恭喜{team}的{person}签到了第一单，为我们大家拿到了开门红，大家加油！"
BIG = "恭喜{team}的{person}签了一单{product}，金额是{amount}，请大家为他喝彩！"

BROADCASTS: dict[str, tuple[str, ...]] = {
    "first_of_week": (FIRST_OF_DAY,),
    "first_of_day": (FIRST_OF_DAY,),
    "big": (BIG,),
    "burst": ("{count}单连开，合计{total}！",),
    "burst_item": ("恭喜{team}的{person}，{amount}！",),
    "hourly": ("过去一小时，我们一共签了{count}单，合计{total}。",),
    "hourly_also": (
        "过去一小时，我们一共签了{all}单，合计{all_total}。除了已经报喜的，还有{count}单，合计{total}。",
        "整点战报，这一小时签下{all}单，合计{all_total}。没有单独报喜的有{count}单，合计{total}。",
    ),
    "hourly_earlier": (
        "{when}还签了{count}单，合计{total}。",
        "补报一下，{when}签了{count}单，合计{total}。",
    ),
    "hourly_item": ("{team}的{person}，{amount}。",),
    "hourly_rest": ("还有{count}单，合计{total}。",),
    "record": (BIG,),
    "target": ("{team}完成了今天的目标，已经签下{amount}，请大家为他们喝彩！",),
    "top_sales_of_day": ("今天的开拓能手是{team}的{person}，签下{count}单，共{amount}，请大家鼓掌！",),
    "top_sales_of_week": ("本周的开拓能手是{team}的{person}，一周签下{count}单，共{amount}，请大家鼓掌！",),
    "top_sales_of_month": (
        "本月的开拓能手是{team}的{person}，一个月签下{count}单，共{amount}，请大家鼓掌！",
    ),
    "nobody": ("今天还没有签单，名单在手，下一单我们一起拿下！",),
    "greeting": ("新的一个月开始了，欢迎大家，祝每个人开门见喜！",),
    "sprint": ("今天是本月最后一个工作日，月末冲刺，大家加油！",),
    "birthdays": (
        "{day}是{people}的生日，祝{people}生日快乐！",
        "{day}是{people}的生日，大家一起祝{people}生日快乐，天天开心！",
    ),
    "company_years": (
        "{day}是{people}加入公司{years}的日子，谢谢一路同行！",
        "{day}{people}加入公司满{years}，感谢这份坚持，我们继续一起走！",
    ),
}

CEREMONY: dict[str, tuple[str, ...]] = {
    "opening": ("请大家到前面来，为{month}的获奖者鼓掌。",),
    "start": ("现在为{month}的获奖者颁奖。",),
    "month": ("{month}的开拓能手，{team}的{person}，{count}单，共{amount}！请大家鼓掌！",),
    "week": ("{week}的开拓能手，{team}的{person}，{count}单，共{amount}！",),
    "day": ("{team}的{person}，{times}获得当天的开拓能手！",),
}
CONTEST: dict[str, tuple[str, ...]] = {
    "result": ("{contest}的结果：恭喜{winners}！",),
    "item": ("{group}{side}，{score}",),
    "prize": ("奖品是{prize}。",),
    "nobody": ("{contest}结束了，这一次没有分出胜负，我们再来。",),
}

RESULTS: dict[str, tuple[str, ...]] = {
    "opening": ("战报传来，今天我们一共签了{count}单，合计{total}。",),
    "third": ("第三名，{team}的{person}，{amount}。",),
    "second": ("第二名，{team}的{person}，{amount}。",),
    "first": ("第一名，{team}的{person}，{amount}，请大家鼓掌！",),
    "top_team": ("今天的第一团队是{team}，{amount}，完成率{rate}。",),
    "team": ("{team}，完成率{rate}。",),
    "city": ("{city}，完成率{rate}。", "{city}，{amount}。"),
    "city_missing": (
        "{city}还没有报来，最后一次是{time}，完成率{rate}。",
        "{city}还没有报来，最后一次是{time}，{amount}。",
        "{city}今天还没有报来。",
    ),
    "week": ("本周的开拓能手是{team}的{person}，共{amount}！",),
    "month": ("本月的开拓能手是{team}的{person}，共{amount}！",),
    "closing": ("今天辛苦了，路上小心！",),
    "nothing": ("今天没有新的签单，功夫不会白费，我们再来。",),
}

COMMENTS: dict[str, tuple[str, ...]] = {
    "target_passed": ("{team}完成了目标，说到做到！",),
    "record": ("{person}创下了新纪录，了不起！",),
    "comeback": ("{person}后来居上，坚持有回报！",),
    "most_orders": ("{person}今天签了{count}单，勤能生巧！",),
    "newcomer": ("{person}刚来不久就榜上有名，后生可畏！",),
    "ordinary": ("一步一个脚印，今天签下的{count}单，有大家的一份力！",),
    "one_order": ("今天的一单，{total}，来之不易，明天再接再厉！",),
    "no_orders": ("今天打下的基础，就是明天的订单。",),
}
