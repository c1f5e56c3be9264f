"""Chinese labels for the timetable's keywords: on the phone, on the poster, in `zhangu today`."""

from __future__ import annotations

from typing import Final

SCENES: Final = {
    "rhythm": "时段",
    "countdown": "倒计时",
    "leaderboard": "战报",
    "celebration": "喜报",
    "welcome": "迎接",
    "award": "颁奖",
    "dark": "熄屏",
    "fault": "故障",
    "rest": "休息",
    "cities": "各地战果",
    "measures": "过程数据",
}
SCENE_WORDS: Final = {name: scene for scene, name in SCENES.items()} | {
    "战报榜": "leaderboard",
    "排行榜": "leaderboard",
    "各城市": "cities",
    "数据": "measures",
    "庆祝": "celebration",
    "欢迎": "welcome",
    "黑屏": "dark",
    "熄灯": "dark",
    "作息": "rhythm",
}
"""Chinese words that the timetable accepts for scenes."""
ROLES: Final = {
    "everyone": "所有人",
    "leader": "组长",
    "director": "总监",
    "manager": "总经理",
    "assistant": "销售助理",
    "sales": "销售",
}
SAYINGS: Final = {
    "top_sales_of_day": "当天开拓能手",
    "top_sales_of_week": "本周开拓能手",
    "top_sales_of_month": "本月开拓能手",
    "results": "战报",
    "greeting": "月初问候",
    "sprint": "月末冲刺",
    "birthdays": "生日祝福",
    "company_years": "入职周年",
    "ceremony": "月度表彰",
}


KEY_WORDS: Final = {
    "时间": ("at",), "时刻": ("at",), "几点": ("at",), "时段": ("at", "rhythm"), "作息": ("rhythm",),
    "名称": ("name", "office"), "名字": ("name",), "公司": ("office",), "城市": ("city", "cities"),
    "日子": ("on",), "哪天": ("on",), "日期": ("on",), "星期": ("on",), "文字": ("text",), "提示": ("text",),
    "音乐": ("music",), "歌单": ("music",), "音量": ("volume",), "安静": ("quiet",), "静音": ("quiet",),
    "大屏": ("wall", "walls"), "画面": ("wall", "show", "scene"), "播报": ("say", "cues", "broadcasts"),
    "显示": ("show",), "谁": ("who",), "角色": ("who",), "做什么": ("what",), "内容": ("what", "text", "say"),
    "提醒": ("duties",), "奖品": ("prizes",), "声音": ("sound",), "语音": ("voice",), "语速": ("speed",),
    "放假": ("days_off",), "加班": ("extra_workdays",), "备份": ("backup",), "连接": ("links",),
    "尺寸": ("diagonal",), "距离": ("distance",), "竖屏": ("portrait",), "团队": ("team",), "语言": ("language",),
}  # fmt: skip
"""Chinese words that people write for a key: never accepted, but the message names the key."""
SHIPPED_TRACKS: Final = {
    "jasmine": "茉莉花",
    "bamboo": "竹影",
    "first-light": "晨光",
    "clear-spring": "清泉",
    "war-drums": "战鼓",
    "setting-out": "出征",
    "red-gate": "开门红",
}


def track_title(name: str) -> str:
    """Return the title of a track: Chinese for shipped tracks, else the file's name."""
    return SHIPPED_TRACKS.get(name, name)
