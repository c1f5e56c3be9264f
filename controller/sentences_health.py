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
    "speaker_unheard": (
        "{since} 的喇叭自检，麦克风没有听到提示音。",
        "The speaker test of {since}: the microphone did not hear the tone.",
    ),
    "speaker_unheard_meanwhile": (
        "音乐和播报照常送出，办公室可能听不到。",
        "Music and announcements are sent as usual; the office may not hear them.",
    ),
    "speaker_unheard_mend": (
        "请看功放和喇叭有没有开、线有没有松、麦克风有没有挪走，再到手机“设备”页的“喇叭自检”点“现在试一次”。",
        "Please check amplifier, speakers, cables and the microphone’s place, then test again on the phone’s last tab.",
    ),
    "no_microphone": (
        "喇叭自检没有做成：没有找到麦克风。",
        "No speaker test: the microphone is missing.",
    ),
    "mic_muted": (
        "喇叭自检没有做成：麦克风被静音了，一点声音也没有。",
        "No speaker test: the microphone is muted, it gives no sound at all.",
    ),
    "mic_lost": (
        "喇叭自检没有做成：麦克风打不开，或者中途断开了。",
        "No speaker test: the microphone cannot be opened, or was unplugged.",
    ),
    "no_microphone_meanwhile": (
        "音乐和播报照常，只是不知道办公室听不听得到。",
        "Music and announcements continue; it is only unknown whether the office hears them.",
    ),
    "no_microphone_mend": (
        "请把 USB 麦克风插好，再到手机“设备”页的“喇叭自检”选它，点“现在试一次”。",
        "Please plug the USB microphone in, choose it on the phone’s last tab and test again.",
    ),
    "unmeasured_no_microphone": (
        "量不了办公室有多响：没有找到麦克风。",
        "The loudness of the office is not measured: the microphone is missing.",
    ),
    "unmeasured_mic_muted": (
        "量不了办公室有多响：麦克风被静音了，一点声音也没有。",
        "The loudness of the office is not measured: the microphone is muted, it gives no sound at all.",
    ),
    "unmeasured_mic_lost": (
        "量不了办公室有多响：麦克风打不开，或者中途断开了。",
        "The loudness of the office is not measured: the microphone cannot be opened, or was unplugged.",
    ),
    "unmeasured_clipped": (
        "量不了办公室有多响：麦克风太灵敏，声音过载。",
        "The loudness of the office is not measured: the microphone is overdriven.",
    ),
    "unmeasured_meanwhile": (
        "播报保持平常的音量。",
        "Announcements keep their normal level.",
    ),
    "unmeasured_mend": (
        "请看 USB 麦克风有没有插好、有没有静音，再到手机“设备”页的“跟着办公室的声音”点“现在量一次”。",
        "Please check that the USB microphone is plugged in and not muted, then measure on the phone’s last tab.",
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
        "Please call them and ask whether the box is powered and the network works.",
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
    # backups
    "backup_old": ("最近的备份是 {day} 的。", "The newest backup is of {day}."),
    "backup_failed": ("备份没有做成，写下来的内容对不上。", "The backup failed: what was written differs."),
    "backup_folder": (
        "备份到 {path} 没有做成：没有这个文件夹，U 盘可能没有插。",
        "No backup to {path}: the folder is missing. Please check that the USB stick is plugged in.",
    ),
    "backup_refused": ("备份到 {path} 没有做成：{why}。", "No backup to {path}: {why}."),
    "backup_full": (
        "备份到 {path} 没有做成：要 {needs}，只剩 {free}。",
        "No backup to {path}: it needs {needs}, {free} are left.",
    ),
    "backup_meanwhile": (
        "现在一切照常；存储卡要是坏了，这之后的内容就没有了。",
        "All is as usual; if the memory card fails, what came since is lost.",
    ),
    "backup_mend": (
        "请在手机“设备”页的“备份”里点“现在备份”，再按提示处理。",
        "Please make a backup on the phone’s last tab and follow its advice.",
    ),
    # disk, clock, timetable
    "disk": ("磁盘快满了，还剩 {left}。", "The disk is nearly full: {left} left."),
    "disk_meanwhile": (
        "有空间时一切照常；写不下的订单会当场说明，不会丢在半路。",
        "All is as usual while there is room; a deal that does not fit is refused at once, never lost.",
    ),
    "disk_mend": (
        "请清理磁盘，例如删掉不用的音乐和旧的备份。",
        "Please make room: delete unused music and old backups.",
    ),
    "clock": ("时钟还没有对准，现在显示 {now}。", "The clock is not set yet; it shows {now}."),
    "clock_meanwhile": (
        "定时的音乐和播报先停，手动播报照常。",
        "Timed music and announcements wait; those made by hand continue.",
    ),
    "clock_mend": (
        "请接上网络；时间没错的话，在手机“设备”页点“时间是对的”。",
        "Please connect the network; if the time is right, confirm it on the phone’s last tab.",
    ),
    "timetable": ("作息表有 {count} 处要改。", "Faults in the edited timetable: {count}."),
    "timetable_meanwhile": ("仍按上一份正确的作息表运行。", "The last good timetable is still in force."),
    "timetable_mend": (
        "请管作息表的同事看“设备”页，改好后保存，几秒内自动生效。",
        "See the phone’s last tab; correct and save the file, it is in force within seconds.",
    ),
    "holidays_guessed": (
        "{year}年的放假安排还没公布，今天上不上班是推算的；不对就在作息表的“设置”里写上休息的日子或者调休上班的日子。",
        "The holidays of {year} are not announced: whether today is a working day is a guess.",
    ),
    "holidays_missing": (
        "{year}年的放假安排还不在日历里，请更新软件，或者在作息表的“设置”里写上休息和调休上班的日子。",
        "The holidays of {year} are not in the calendar yet: please update, or enter them in the timetable’s settings.",
    ),
    "holidays_ahead": (
        "{year}年的放假安排还不在日历里。元旦以前更新软件就有，也可以在作息表的“设置”里写上休息和调休上班的日子。",
        "The holidays of {year} are not in the calendar yet. An update before New Year brings them; or enter them in "
        "the timetable’s settings.",
    ),
    "spans_meet": (
        "“{one}”和“{other}”在同一时间，今天按“{other}”。",
        "“{one}” and “{other}” are at the same time: today “{other}” counts.",
    ),
    "cue_in_quiet": (
        "{at} 的提示落在“{name}”里，今天不播。",
        "The cue at {at} falls into “{name}” and is not announced today.",
    ),
    "timetable_unwritable": (
        "没有保存：config 文件夹写不进去（{why}）。原来的作息照常用。请在主机上看看权限和磁盘。",
        "Not saved: the folder config cannot be written ({why}). The timetable stays. Check rights and disk.",
    ),
    "birthday_note": ("{when}是{people}的生日，生日快乐！", "Birthday {when}: {people}"),
    "years_note": ("{when}{people}加入公司{years}，一路同行！", "{years} with us {when}: {people}"),
    # the voice
    "voice_meanwhile": (
        "播报时只有提示音，内容显示在屏幕上。",
        "Announcements have their chime only; the words are on the walls.",
    ),
    "voice_mend": ("请运行 zhangu doctor 查看语音。", "Please run zhangu doctor."),
    "voice_broke": ("语音出了意外，详情见日志。", "The voice failed; the log says how."),
    "voice_failed_twice": (
        "语音程序两次都没有念出这段话，这次只有提示音和屏幕文字。",
        "The voice failed twice: this time chime and words on the walls only.",
    ),
    "voice_stopped": (
        "语音念到一半出了问题，这次没有播完。",
        "The voice failed halfway: this was not said to its end.",
    ),
    "voice_closing": ("程序正在退出，这段话没有念。", "The program is ending; this was not spoken."),
    "voice_too_long": (
        "要念的话有 {count} 个字，最多 {most} 个字，请分几次播报。",
        "{count} characters are too many to say at once, {most} at most.",
    ),
    "voice_nothing": ("这段话里没有能念出来的字。", "There is nothing in this text that can be spoken."),
    "voice_no_room": (
        "语音文件写不进缓存（{why}），请清理磁盘空间。",
        "The voice cannot write its files: please make room on the disk.",
    ),
    "voice_disk": (
        "语音文件读写不了（{why}），请检查主机的存储卡和文件夹的权限。",
        "The voice cannot read or write its files: please check the disk and its rights.",
    ),
    "voice_none": (
        "没有能用的语音（{why}），播报只有提示音和屏幕文字。",
        "No voice can be used: chime and words on the walls only.",
    ),
    "voice_name": (
        "作息表里的语音不对：{why}",
        "The timetable names a voice that is not there; the phone says which there are.",
    ),
    "voice_name_meanwhile": ("先按默认的语音播报。", "The default voice speaks meanwhile."),
    "voice_name_mend": (
        "请改作息表里的 sound.voice 和 sound.results_voice，或在手机“设备”页选语音。",
        "Please correct sound.voice and sound.results_voice in the timetable, or choose a voice on the phone.",
    ),
    "unread": ("{characters}不知道怎么念。", "No reading is known for {characters}."),
    "unread_meanwhile": (
        "播报时跳过这个字，其余照念，大屏上照常显示。",
        "It is left out of the speech; the walls show it.",
    ),
    "unread_mend": (
        "请在“设备”页打开这位同事，写上全名的读音（拼音），例如 li3 luan2。",
        "On the phone’s last tab open that person and give the reading of the whole name in pinyin.",
    ),
    "natural_voice": (
        "自然语音没有装上：{why}，现在由备用语音播报。",
        "The natural voice could not be installed (the phone says why): the fallback voice speaks.",
    ),
    "natural_voice_meanwhile": ("播报照常。", "Announcements continue."),
    "natural_voice_mend": ("{mend}", "The phone says what to do."),
}
