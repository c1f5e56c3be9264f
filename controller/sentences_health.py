"""Sentences of health problems of the box, in Chinese and in English; part of `sentences.TEXTS`. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

HEALTH: Final[Mapping[str, tuple[str, str]]] = {
    "no_music": (
        "现在应该有音乐，已经一分多钟没有在放。",
        "Music should play now, and none has for over a minute.",
    ),
    "no_music_meanwhile": ("播报照常。", "Announcements continue."),
    "no_music_mend": (
        "请看“广播”页的歌单里有没有能放的歌；没有反应就运行 zhangu doctor。",
        "Please check that the playlist has tracks that can be played, or run zhangu doctor.",
    ),
    "read_only": (
        "存储卡变成只读的了，账本只能读、不能写。",
        "The file system has become read-only: nothing can be written.",
    ),
    "read_only_meanwhile": (
        "音乐和大屏照常，手机上报的单先留在手机里。",
        "Music and walls continue; deals stay on the phones.",
    ),
    "read_only_mend": (
        "多半是存储卡坏了。请重启一次；还是这样就换一张卡，用备份恢复。",
        "The memory card has probably failed. Restart once; if it stays so, replace the card and restore a backup.",
    ),
    "card_errors": (
        "存储卡上已经出了 {count} 次读写错误。",
        "The memory card has had {count} errors.",
    ),
    "card_errors_meanwhile": (
        "现在一切照常，卡随时可能坏。",
        "All is as usual; the card may fail at any time.",
    ),
    "card_errors_mend": (
        "请现在备份一次，换一张新卡，再用备份恢复。",
        "Please make a backup now, replace the card and restore the backup.",
    ),
    "card_worn": ("存储的寿命用掉了九成以上。", "The storage has used over 90 % of its life."),
    "hot": ("主机太热了，超过 {limit} °C。", "The box is too hot, over {limit} °C."),
    "hot_meanwhile": ("主机会变慢，声音可能断断续续。", "It slows down; sound may stutter."),
    "hot_mend": (
        "请把主机放到通风的地方，不要盖住，离开暖气和功放。",
        "Please put it where air can pass, uncovered, away from heaters and amplifiers.",
    ),
    "under_voltage": ("主机的供电不够。", "The box gets too little power."),
    "under_voltage_meanwhile": (
        "可能突然重启，存储卡也容易坏。",
        "It may restart suddenly, and the memory card may be damaged.",
    ),
    "under_voltage_mend": (
        "请换成树莓派原装的电源和短一些的线，不要用电视的 USB 口供电。",
        "Please use the original power supply and a short cable, not a TV’s USB port.",
    ),
    "wall_gone": (
        "大屏“{wall}”从 {since} 起没有连上。",
        "The wall “{wall}” has been away since {since}.",
    ),
    "wall_gone_meanwhile": ("别的大屏和声音照常。", "Other walls and sound continue."),
    "wall_gone_mend": (
        "请看电视开了没有、网络通不通；不再用的大屏请在手机“设备”页里去掉。",
        "Please check that the TV is on and has network; remove a wall that is no longer used on the phone’s last tab.",
    ),
    "link_stuck": (
        "“{link}”有消息从 {since} 起没有发出去。",
        "Messages to “{link}” have not been sent since {since}.",
    ),
    "link_stuck_meanwhile": ("消息都留着，通了以后再发。", "The messages are kept and sent later."),
    "link_stuck_mend": ("{why}", "The phone’s last tab says why, under links."),
    "city_gone": (
        "{city}的战鼓从 {since} 起没有消息。",
        "The box in {city} has not been heard since {since}.",
    ),
    "city_gone_meanwhile": (
        "排行里先用它最后报来的数字。",
        "The standings show its last figures.",
    ),
    "city_gone_mend": (
        "请打电话问那边：主机有没有通电，网络通不通。",
        "Please call them: is the box powered, does the network work?",
    ),
    "wall_gone_generic": ("有大屏没有连上。", "A wall is away."),
    "link_stuck_generic": ("有连接的消息发不出去。", "Messages of a link cannot be sent."),
    "city_gone_generic": ("有城市的战鼓没有消息。", "A branch’s box has not been heard."),
    "call_fails": (
        "报平安的地址从 {since} 起没有接通。",
        "The uptime address has not been reached since {since}.",
    ),
    "call_fails_meanwhile": ("办公室里一切照常。", "All is as usual in the office."),
    "call_fails_mend": (
        "请看主机能不能上网，再看作息表里的 health.call 对不对。",
        "Please check the internet connection, then health.call in the timetable.",
    ),
}
