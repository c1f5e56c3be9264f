"""The program's sentences for walls, in Chinese and in English. Pure.

`say(key, …)` returns a sentence: a `str` in Chinese with its English translation attached, so that all parts of the
program can pass it as text and an English wall shows the translation. Text from the office is plain `str` and is
never translated. A translation may omit a value, for example a reason that exists only in Chinese.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from controller.sentences_health import HEALTH

TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    # people and titles
    "unnamed": ("一位同事", "A colleague"),
    "top_sales": ("开拓能手", "Top sales"),
    "top_sales_of_day": ("今日开拓能手", "Top sales today"),
    "top_sales_of_week": ("本周开拓能手", "Top sales of the week"),
    "top_sales_of_month": ("本月开拓能手", "Top sales of the month"),
    "no_top_sales": ("战报", "Results"),
    "top_sales_of_past_month": ("{zh_month}月开拓能手", "Top sales of {en_month}"),
    "top_sales_of_nth_week": ("第 {number} 周开拓能手", "Top sales of week {number}"),
    "top_sales_days": ("{zh_month}月里 {count} 次当天开拓能手", "Top sales on {count} days in {en_month}"),
    "two_deals": ("双喜临门", "Two at once"),
    "three_deals": ("三单连开", "Three in a row"),
    "four_deals": ("四单连开", "Four in a row"),
    "five_deals": ("五单连开", "Five in a row"),
    "six_deals": ("六单连开", "Six in a row"),
    "seven_deals": ("七单连开", "Seven in a row"),
    "eight_deals": ("八单连开", "Eight in a row"),
    # the day
    "day_off": ("今天休息，好好放松。", "A day off. Enjoy it."),
    "before_work": ("新的一天，马上开始。", "A new day is about to begin."),
    "after_work": ("今天辛苦了，路上小心。", "Well done today. Get home safely."),
    "open_targets": ("目标未交：{teams}", "Targets not handed in yet: {teams}"),
    "teams_and_more": ("{teams}等 {count} 个队", "{teams} and others, {count} teams"),
    "no_such_team": (
        "没有叫“{team}”的团队，这块大屏显示全部团队。",
        "There is no team “{team}”: this screen shows all teams.",
    ),
    # other cities
    "city_big_deal": ("{city}刚签下一单，{amount} 元", "{city} just signed a deal of ¥{amount}"),
    "city_big_deal_of": (
        "{city}的{person}刚签下一单，{amount} 元",
        "{person} in {city} just signed a deal of ¥{amount}",
    ),
    "city_overtook": ("{city}超过了{passed}", "{city} has overtaken {passed}"),
    "city_double": (
        "还有一台机器也用“{branch}”这个名字连着总部，两台的数字会互相覆盖。请总部给其中一台另发一个名字的邀请码。",
        "Another machine is connected under the name {branch}: ask head office for an invitation with another name.",
    ),
    "city_ahead": (
        "{city}报来的是以后一天的数字，今天的排行里先不列它。请那边看一下机器的日期。",
        "{city} reports a later day and is not listed today. Please check the date of its machine.",
    ),
    "city_clock": (
        "{city}的时钟比这里快 {minutes} 分钟。请看看两边谁的时间不对；数字照常更新，不受影响。",
        "The clock in {city} is {minutes} minutes ahead of this one. Please check both; figures are not affected.",
    ),
    "city_unread": (
        "{city}发来的数据看不懂，先不用它，其他城市不受影响。请看那边的战鼓是不是更新的版本。",
        "Data from {city} is not understood and not used. It may run a newer version.",
    ),
    "city_link_refused": (
        "总部没有让这台机器进来：邀请码作废了，或者是别家公司的。请向总部要一个新的邀请码；单照常记录。",
        "Head office refused this machine: ask for a new invitation. Deals are recorded as usual.",
    ),
    "city_link_refused_otherwise": (
        "总部的服务器没有接受连接，正在重试。一直这样，请告诉总部。",
        "Head office's server did not accept the connection; trying again.",
    ),
    "city_link_no_right": (
        "总部的服务器不让这台机器用这个城市的名字发数字。请向总部要一个新的邀请码。",
        "Head office's server does not let this machine report under this name: ask for a new invitation.",
    ),
    "city_link_not_mqtt5": (
        "总部的服务器不支持 MQTT 5，连不上。请总部换成 Mosquitto 2 或别的支持 MQTT 5 的服务器。",
        "Head office's server does not support MQTT 5.",
    ),
    "city_link_busy": ("总部的服务器正忙，过一会儿自动再连。", "Head office's server is busy; trying again."),
    "city_link_not_yet_valid": (
        "总部的证书还没有生效：这台机器的日期可能不对，请看一下。",
        "Head office's certificate is not valid yet: please check this machine's date.",
    ),
    "city_link_expired": (
        "总部的证书过期了，为了安全没有连。请总部运行 zhangu hub setup 换一张。",
        "Head office's certificate has expired: nothing was sent.",
    ),
    "city_link_not_head_office": (
        "{host} 拿不出总部的证书，没有把密码发给它：可能是网络登录页，也可能是总部换了证书，那就要一个新的邀请码。",
        "{host} does not have head office's certificate: the password was not sent.",
    ),
    "city_link_no_tls": (
        "{host}:{port} 没有用加密连接回答：可能是网络登录页，或者端口不对。密码没有发出去。",
        "{host}:{port} did not answer with encryption: the password was not sent.",
    ),
    "city_link_no_such_host": (
        "找不到总部的地址 {host}，可能断网了。单照常记录，连上以后自动补报。",
        "The address {host} cannot be found. Deals are recorded, and reported when the line is back.",
    ),
    "city_link_not_running": (
        "总部 {host} 的服务器没有开。单照常记录，连上以后自动补报。",
        "Head office's server at {host} is not running. Deals are recorded, and reported when it is back.",
    ),
    "city_link_unreachable": (
        "连不上总部 {host}:{port}，线路可能断了。单照常记录，连上以后自动补报。",
        "{host}:{port} cannot be reached. Deals are recorded, and reported when the line is back.",
    ),
    "city_link_silent": (
        "{host}:{port} 接通了却不回答，正在重试。",
        "{host}:{port} accepts the connection and does not answer; trying again.",
    ),
    "city_link_lost": ("和总部的连线断了，正在重连。", "The line to head office was lost; connecting again."),
    "city_link_no_gateway": (
        "{host}:{port} 不是总部的 HTTPS 服务：端口可能不对，或者总部没有打开。请问一下总部；单照常记录。",
        "{host}:{port} is not head office's HTTPS service: ask head office. Deals are recorded as usual.",
    ),
    "city_link_proxy_away": (
        "连不上公司的代理服务器。请检查“连接”里填的代理地址；单照常记录，连上以后自动补报。",
        "The proxy cannot be reached: check its address. Deals are recorded, and reported when the line is back.",
    ),
    "city_link_proxy_login": (
        "代理服务器要用户名和密码。请写成 http://用户名:密码@地址:端口；单照常记录。",
        "The proxy wants a login: write http://user:password@host:port. Deals are recorded as usual.",
    ),
    "city_link_proxy_refused": (
        "代理服务器不让连 {host}:{port}。请网管放行这个地址；单照常记录，放行以后自动补报。",
        "The proxy does not allow {host}:{port}. Deals are recorded, and reported once it is allowed.",
    ),
    "city_link_frozen": (
        "这台机器刚才停了一会儿，正在重新连接总部。",
        "This machine paused; connecting again.",
    ),
    "city_link_failed": ("连接总部时程序出错，正在重试，详情在日志里。", "Connecting failed; see the log."),
    "city_link_closed": ("正在重新连接总部。", "Connecting to head office again."),
    # hearing
    "no_device": ("没有音响设备，办公室现在听不到声音。", "No sound device: the office hears nothing now."),
    "no_device_meanwhile": (
        "订单照常记录，屏幕照常显示，声音恢复后自动继续。",
        "Deals are recorded and shown as usual; sound continues by itself when the device is back.",
    ),
    "output_muted": (
        "音响在主机里被静音了，或者音量是 0，办公室听不到。",
        "The output is muted in the machine, or its volume is 0: the office hears nothing.",
    ),
    "output_muted_meanwhile": (
        "订单照常记录，屏幕照常显示，声音恢复后自动继续。",
        "Deals are recorded and shown as usual; sound continues by itself when it is unmuted.",
    ),
    "output_missing": ("选定的音响“{output}”没有接上。", "The chosen output “{output}” is not plugged in."),
    "output_missing_generic": ("选定的音响没有接上。", "The chosen output is not plugged in."),
    "output_missing_meanwhile": (
        "声音暂时从另一个音响出来，它接回来以后自动换回去。",
        "Another output plays for it; it is used again by itself when it is back.",
    ),
    "output_missing_mend": (
        "请把它接好，或者在手机“设备”页里另选一个。",
        "Please plug it in, or choose another one on the phone’s last tab.",
    ),
    "output_muted_mend": (
        "请在手机“设备”页点“打开音响的声音”；还是没有，请在主机的声音设置里把音量调大。",
        "Please tap “Turn the sound on” on the phone’s last tab, or raise the volume in the machine’s sound settings.",
    ),
    "output_silent": (
        "音乐应该在响，却没有声音送出去。",
        "Music should play, but no sound is leaving the machine.",
    ),
    "output_silent_meanwhile": (
        "战鼓每隔几秒重新打开一次音响。订单照常记录，屏幕照常显示。",
        "The sound device is opened again every few seconds. Deals are recorded and shown as usual.",
    ),
    "output_silent_mend": (
        "一分钟后还没有声音，请重启主机，再看音乐文件能不能在手机上试听。",
        "If there is no sound after a minute, please restart the machine, then try the music file on the phone.",
    ),
    "no_device_mend": ("请检查音箱的电源和接线。", "Please check the speakers' power and cables."),
    "volume_0": ("总音量是 0，办公室听不到。", "The volume is 0: the office hears nothing."),
    "volume_0_meanwhile": (
        "订单照常记录，屏幕照常显示，没有人听到的单并入下个整点。",
        "Deals are recorded and shown; those that nobody heard join the next full hour.",
    ),
    "volume_0_mend": ("请在“广播”页把总音量调大。", "Please raise the volume on the phone."),
    "unannounced": (
        "按临时安排，{until} 以前不播报。",
        "No announcements until {until}, as planned for today.",
    ),
    "muted": ("正在静音，到 {until} 为止。", "Muted until {until}."),
    # the database
    "database_folder": (
        "账本的目录 {path} 建不了。请检查权限和磁盘。",
        "The folder of the database cannot be made. Please check permissions and disk.",
    ),
    "database_empty": (
        "账本 {path} 是空文件（0 字节），不像是这间办公室的。请放回备份；要从头开始，就删掉它。",
        "The database is an empty file. Please put a backup back, or delete the file to start over.",
    ),
    "database_not_made": (
        "账本 {path} 建不了（{why}）。请检查磁盘和目录的权限。",
        "The database cannot be made. Please check the disk and the permissions of its folder.",
    ),
    "database_busy": (
        "账本 {path} 正被另一个程序占用，请稍后再试。",
        "Another program has the database open. Please try again later.",
    ),
    "database_read_only": (
        "账本 {path} 只能读、不能写。请检查文件和目录的权限。",
        "The database cannot be written. Please check the permissions of file and folder.",
    ),
    "database_closed": (
        "账本 {path} 打不开。请检查目录是否存在、有没有权限。",
        "The database cannot be opened. Please check that its folder exists and may be read.",
    ),
    "database_disk": (
        "读写账本 {path} 时磁盘出错，这一次没有记下来。请检查存储卡。",
        "The disk failed while the database was in use. Please check the memory card.",
    ),
    "database_damaged": (
        "账本 {path} 已损坏。请把它改名保留，再放回最近的备份。",
        "The database is damaged. Please rename the file and put the last backup back.",
    ),
    "database_foreign": (
        "{path} 不是账本文件。请把它改名保留，再放回最近的备份。",
        "The database is another kind of file. Please rename it and put the last backup back.",
    ),
    "database_newer": (
        "账本 {path} 来自更新的版本（{version}，本程序懂到 {known}）。请升级程序，或放回旧备份。",
        "The database is of a newer version. Please update the program, or put an old backup back.",
    ),
    "database_full": (
        "磁盘满了，这一次没有记下来。请清理磁盘后再试，已经记下的都在。",
        "The disk is full. Please make room and try again; what was recorded is safe.",
    ),
    "database_meanwhile": (
        "音乐和大屏照常，报单、通知和改动现在都记不下来。",
        "Music and walls continue; deals, notices and changes cannot be recorded now.",
    ),
    "database_mend": ("请检查磁盘和权限。", "Please check the disk and its permissions."),
    "database_replaced": (
        "账本坏了，已经换成 {made} 的备份，之后的订单从坏文件里找回 {again} 单。",
        "The database was damaged; the backup of {made} is in its place. Deals read from the damaged file: {again}.",
    ),
    "database_replaced_meanwhile": (
        "一切照常；那份备份以后的更正、撤销和名单改动可能没有了。",
        "All is as usual; corrections, voids and changes of people since that backup may be missing.",
    ),
    "database_replaced_mend": (
        "请对一遍今天和昨天的订单；坏文件留着，叫 {file}。",
        "Please check today's and yesterday's deals; the damaged file is kept as {file}.",
    ),
    # exceptions of a date's plan
    "exception_like": ("按{day}的安排", "runs as {day}"),
    "exception_off": ("全天休息", "a day off"),
    "exception_offfrom": ("{at} 起休息", "off from {at}"),
    "exception_offuntil": ("{at} 前休息", "off until {at}"),
    "exception_nomusic": ("{at}–{until} 不放音乐", "no music {at}–{until}"),
    "exception_noannouncements": ("{at}–{until} 不播报", "no announcements {at}–{until}"),
    "exception_move": ("“{name}”从 {was} 改到 {at}", "“{name}” moved from {was} to {at}"),
    "exception_skip": ("没有“{name}”（{was}）", "no “{name}” ({was})"),
    "exceptions_today": ("今天{gap}{words}。", "Today: {words}."),
    "exception_lost": (
        "临时安排“{words}”没有生效：这一天没有这一项了。",
        "An exception has no effect: the day no longer has that item.",
    ),
    "pin": (
        "过去一小时有人输错了 {times} 次 PIN，来自 {places} 个地址，最近的是 {latest}。",
        "{times} wrong PINs in the last hour, from {places} addresses, the latest {latest}.",
    ),
    "pin_meanwhile": (
        "已登录的手机不受影响；输错的地址要等越来越久才能再试。",
        "Phones that are signed in go on; those addresses wait longer and longer before the next try.",
    ),
    "pin_mend": (
        "不是同事的话，请在手机“设备”页换一个 PIN，或在主机上运行 zhangu pin --new。",
        "If it was no colleague, change the PIN on the phone’s last tab or with zhangu pin --new.",
    ),
    # sounds and music
    "effect": ("播报用的声音 {file} 坏了：{why}。", "The sound {file} is damaged."),
    "effect_meanwhile": ("播报照常，只是少了这个声音。", "Announcements continue without that sound."),
    "effect_mend": (
        "请把原来的 {file} 放回 sounds 文件夹。",
        "Please put the original {file} back into the folder sounds.",
    ),
    "music_meanwhile": ("其余的照常播放。", "All else is played."),
    "music_mend": (
        "换掉或补上文件以后，几秒内自动恢复。",
        "Replace or add the file; it is back within seconds.",
    ),
    "music_more": (
        "另外还有 {count} 处音乐的问题，手机“广播 → 加歌、删歌”里和 zhangu doctor 里都列着。",
        "There are {count} more faults of music; zhangu doctor lists them.",
    ),
    "playlist_of_span": ("{span}的音乐", "Music of {span}"),
    "playlist_missing": (
        "没有歌单“{name}”：请建文件夹 sounds/music/{folder} 并放入音乐，这段时间没有音乐。",
        "No playlist “{name}”: put music into sounds/music/{folder}. No music meanwhile.",
    ),
    "playlist_outside": (
        "歌单“{name}”是指向音乐文件夹之外的链接，不能用：请把音乐复制到 sounds/music 里，这段时间没有音乐。",
        "The playlist “{name}” is a link out of the music folder: please copy the music. No music meanwhile.",
    ),
    "playlist_closed": (
        "歌单“{name}”的文件夹没有读取权限，请改好权限，这段时间没有音乐。",
        "The playlist “{name}” cannot be read: please correct its permissions. No music meanwhile.",
    ),
    "playlist_empty": (
        "歌单“{name}”是空的：请放入 mp3、m4a、ogg、opus、flac 或 wav 文件。",
        "The playlist “{name}” is empty: put mp3, m4a, ogg, opus, flac or wav files into it.",
    ),
    "track_fault": (
        "歌单“{playlist}”里的“{file}”放不了：{why}，现在跳过它。",
        "“{file}” in the playlist “{playlist}” cannot be played and is passed over.",
    ),
    "track_quiet": (
        "歌单“{playlist}”里的“{file}”太轻（{lufs:.0f} LUFS），程序只能调轻不能调响，请换一个响一些的文件。",
        "“{file}” in the playlist “{playlist}” is too quiet ({lufs:.0f} LUFS): please take a louder one.",
    ),
    # health problems for strangers: without names, paths and addresses
    "database_generic": ("账本现在不能用。", "The store cannot be used now."),
    "voice_generic": ("语音现在不能用。", "The voice cannot be used now."),
    "voice_name_generic": ("作息表里的语音不对。", "The timetable names a voice that does not exist."),
    "unread_generic": ("名字里有不知道怎么念的字。", "A name has characters with no known reading."),
    "effect_generic": ("播报用的声音有坏的。", "A sound for announcements is damaged."),
    "natural_voice_generic": (
        "自然语音没有装上，现在由备用语音播报。",
        "The natural voice is not installed; the fallback voice speaks.",
    ),
    "music_generic": ("有音乐放不了。", "Some music cannot be played."),
    "pin_generic": ("过去一小时有人输错了很多次 PIN。", "Many wrong PINs were entered in the past hour."),
    **HEALTH,
}
"""Key → the sentence in Chinese and in English, with slots for `say`."""


class Sentence(str):
    """A Chinese sentence; `en` is its English translation."""

    en: str

    def __new__(cls, zh: str, en: str) -> Sentence:
        sentence = super().__new__(cls, zh)
        sentence.en = en
        return sentence

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]
        return str(self), self.en


def say(key: str, /, **values: Any) -> Sentence:
    """Return the sentence `key` with its slots filled."""
    zh, en = TEXTS[key]
    return Sentence(
        zh.format(**values), en.format(**{name: english(value) for name, value in values.items()})
    )


def english(text: Any) -> Any:
    """Return the English translation of a sentence; return any other value unchanged."""
    return text.en if isinstance(text, Sentence) else text


def first_and_rest(text: str) -> tuple[str, str]:
    """Split a text after its first sentence (the rest may be ""); in both languages if it has both."""
    what, _, rest = text.partition("。")
    if not isinstance(text, Sentence):
        return f"{what}。", rest
    en, _, en_rest = text.en.partition(". ")
    return Sentence(f"{what}。", f"{en.removesuffix('.')}."), Sentence(rest, en_rest)
