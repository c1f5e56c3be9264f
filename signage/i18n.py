"""What the house itself says, in English: for walls whose language is `en`. Pure.

What the office wrote (its names, its phrases, the advice of its timetable) stays as it was written. A sentence that
is not known here stays Chinese rather than be lost; a test holds that every one that a wall can show is known.
"""

from __future__ import annotations

import re
from typing import Any

WHOLE = {
    "一位同事": "A colleague",
    "开拓能手": "Top sales",
    "今日开拓能手": "Top sales today",
    "本周开拓能手": "Top sales of the week",
    "本月开拓能手": "Top sales of the month",
    "双喜临门": "Two at once",
    "三单连开": "Three in a row",
    "四单连开": "Four in a row",
    "五单连开": "Five in a row",
    "六单连开": "Six in a row",
    "七单连开": "Seven in a row",
    "八单连开": "Eight in a row",
    "今天休息，好好放松。": "A day off. Enjoy it.",
    "新的一天，马上开始。": "A new day is about to begin.",
    "今天辛苦了，路上小心。": "Well done today. Get home safely.",
    "总音量是 0，办公室听不到。": "The volume is 0: the office hears nothing.",
    "订单照常记录，屏幕照常显示，没有人听到的单并入下个整点。": (
        "Orders are recorded and shown; those nobody heard join the next full hour."
    ),
    "请在“广播”页把总音量调大。": "Please raise the volume on the phone.",
    "请管作息表的同事看“设备”页，改好后保存，几秒内自动生效。": (
        "See the phone’s last tab; mend and save the file, it is in force within seconds."
    ),
    # faults: what, what happens meanwhile, what to do
    "没有音响设备，办公室现在听不到声音。": "No sound device: the office hears nothing now.",
    "订单照常记录，屏幕照常显示，声音恢复后自动继续。": (
        "Orders are recorded and shown as ever; sound goes on by itself when it is back."
    ),
    "请检查音箱的电源和接线。": "Please check the speakers' power and cables.",
    "有空间时一切照常；写不下的订单会当场说明，不会丢在半路。": (
        "All goes on while there is room; an order that does not fit is refused at once, never lost."
    ),
    "请清理磁盘，例如删掉不用的音乐和旧的备份。": "Please make room: delete unused music and old backups.",
    "定时的音乐和播报先停，手动播报照常。": "Timed music and announcements wait; those made by hand go on.",
    "请接上网络；时间没错的话，在手机“设备”页点“时间是对的”。": (
        "Please connect the network; if the time is right, confirm it on the phone’s last tab."
    ),
    "仍按上一份正确的作息表运行。": "The last good timetable is still in force.",
    "播报时只有提示音，内容显示在屏幕上。": (
        "Announcements have their chime only; the words are on the walls."
    ),
    "请运行 zhangu doctor 查看语音。": "Please run zhangu doctor.",
    "先按默认的语音播报。": "The default voice speaks meanwhile.",
    "请改作息表里的 sound.voice 和 sound.results_voice，或在手机“设备”页选语音。": (
        "Please correct sound.voice and sound.results_voice in the timetable, or choose a voice on the phone."
    ),
    "播报时跳过这个字，其余照念，大屏上照常显示。": "It is left out of the speech; the walls show it.",
    "请在“设备”页打开这位同事，写上全名的读音（拼音），例如 li3 luan2。": (
        "On the phone’s last tab open that person and give the reading of the whole name in pinyin."
    ),
    "请检查磁盘和权限。": "Please check the disk and its permissions.",
    "音乐和大屏照常，报单、通知和改动现在都记不下来。": (
        "Music and walls go on; deals, notices and changes cannot be written down now."
    ),
    "播报照常，只是少了这个声音。": "Announcements go on without that sound.",
    "其余的照常播放。": "All else is played.",
    "换掉或补上文件以后，几秒内自动恢复。": "Replace or add the file; it is back within seconds.",
    # the voice
    "播报照常。": "Announcements go on.",
    "语音出了意外，详情见日志。": "The voice failed; the log says how.",
    "语音程序两次都没有念出这段话，这次只有提示音和屏幕文字。": (
        "The voice failed twice: this time chime and words on the walls only."
    ),
    "语音念到一半出了问题，这次没有播完。": "The voice failed halfway: this was not said to its end.",
    "程序正在退出，这段话没有念。": "The program is ending; this was not spoken.",
}

PATTERNS = (
    (r"没有叫“(.+)”的团队，这块大屏显示全部团队。", r"There is no team “\1”: this screen shows all teams."),
    (r"磁盘快满了，还剩 (.+)。", r"The disk is nearly full: \1 left."),
    (r"正在静音，到 (.+) 为止。", r"Muted until \1."),
    (r"作息表有 1 处要改。", r"The edited timetable has a fault."),
    (r"作息表有 (\d+) 处要改。", r"The edited timetable has \1 faults."),
    (r"时钟还没有对准，现在显示 (.+)。", r"The clock is not set yet; it shows \1."),
    (r"账本 .+ 正被另一个程序占用，.*", r"Another program has the book open."),
    (r"账本 .+ 只能读、不能写。", r"The book cannot be written."),
    (r"账本 .+ 打不开。", r"The book cannot be opened."),
    (r"读写账本 .+ 时磁盘出错，.*", r"The disk failed while the book was read or written."),
    (r"账本 .+ 已损坏。", r"The book is damaged."),
    (r"(?:账本 )?\S+ (?:不是账本文件|是空文件|建不了|来自更新的版本).*", r"The book cannot be used."),
    (r"([^\u2e80-\u9fff]+)。", r"\1."),
    (r"播报用的声音 (\S+) 坏了：.*", r"The sound \1 is damaged."),
    (r"请把原来的 (\S+) 放回 sounds 文件夹。", r"Please put the original \1 back into the folder sounds."),
    (
        r"歌单“(.+)”是指向音乐文件夹之外的链接，.*",
        r"The playlist “\1” is a link out of the music folder: please copy the music. No music meanwhile.",
    ),
    (
        r"歌单“(.+)”的文件夹没有读取权限，请改好权限，.*",
        r"The playlist “\1” cannot be read: please correct its permissions. No music meanwhile.",
    ),
    (r"(.+)不知道怎么念。", r"No reading is known for \1."),
    (r"作息表里的语音不对：没有叫“(.+?)”的语音。.*", r"The timetable names a voice that is not there: “\1”."),
    (r"作息表里的语音不对：.*", r"The timetable names a voice that is not there."),
    (
        r"没有能用的语音（.*），播报只有提示音和屏幕文字。",
        r"No voice can be used: chime and words on the walls only.",
    ),
    (
        r"自然语音没有装上：.*，现在由备用语音播报。",
        r"The natural voice could not be installed (the phone says why): the fallback voice speaks.",
    ),
    (
        r"语音文件写不进缓存（.*），请清理磁盘空间。",
        r"The voice cannot write its files: please make room on the disk.",
    ),
    (
        r"要念的话有 (\d+) 个字，最多 (\d+) 个字，请分几次播报。",
        r"\1 characters are too many to say at once, \2 at most.",
    ),
    (
        r"没有歌单“(.+)”：请建文件夹 (.+) 并放入音乐，这段时间没有音乐。",
        r"No playlist “\1”: put music into \2. No music meanwhile.",
    ),
    (
        r"歌单“(.+)”的文件夹没有读取权限，这段时间没有音乐。",
        r"The playlist “\1” cannot be read. No music meanwhile.",
    ),
    (
        r"歌单“(.+)”是空的：.*",
        r"The playlist “\1” is empty: put mp3, ogg, opus, flac or wav files into it.",
    ),
    (r"音乐“(.+)”放不了：.*，现在跳过它。", r"The track “\1” cannot be played and is passed over."),
    (
        r"音乐“(.+)”太轻（(.+) LUFS），.*",
        r"The track “\1” is too quiet (\2 LUFS): please take a louder one.",
    ),
    (
        r"(\d+)年的放假安排还没公布，今天是否上班是推算的；.*",
        r"The holidays of \1 are not announced: whether today is a working day is a guess.",
    ),
    (
        r"(\d+)年的放假安排还不在日历里，.*",
        r"The holidays of \1 are not in the calendar yet: please update.",
    ),
    (
        r"“(.+)”和“(.+)”在同一时间，今天按“(.+)”。",
        r"“\1” and “\2” are at the same time: today “\3” counts.",
    ),
    (r"(\S+) 的提示落在“(.+)”里，今天不播。", r"What is due at \1 falls into “\2” and is not said today."),
)
_COMPILED = tuple((re.compile(pattern, re.S), english) for pattern, english in PATTERNS)


def english(sentence: str) -> str:
    """A sentence of the house in English; anything else as it is."""
    if sentence in WHOLE:
        return WHOLE[sentence]
    for pattern, template in _COMPILED:
        if found := pattern.fullmatch(sentence):
            return found.expand(template)
    return sentence


def in_english(state: dict[str, Any]) -> dict[str, Any]:
    """A wall's state with the house's own words in English: whole words anywhere, sentences where faults are told."""
    told: dict[str, Any] = _words(state)
    fault = told["fault"]
    told["fault"] = fault and {part: english(sentence) for part, sentence in fault.items()}
    told["notices"] = [english(sentence) for sentence in told["notices"]]
    return told


def _words(value: Any) -> Any:
    if isinstance(value, str):
        return WHOLE.get(value, value)
    if isinstance(value, dict):
        return {key: _words(part) for key, part in value.items()}
    return [_words(part) for part in value] if isinstance(value, list) else value
