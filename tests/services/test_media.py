"""Voice clips, songs and previews in the office's services follow the rules of every announcement."""

from __future__ import annotations

import io
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fakes import SHANGHAI
from office_made import ROOT, House, house
from soundmade import encoded, picture, tone

from controller.sales.model import Refused
from controller.services.media import MusicFiles, VoiceClips, safe_name, shown
from controller.services.upload_inbox import UploadInbox
from controller.sound.speaker import Event
from controller.sound.tts.script import Segment
from controller.sound.upload_sandbox import UploadSandbox

TUESDAY = datetime(2026, 11, 24, 9, 30, tzinfo=SHANGHAI)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path, TUESDAY) as made:
        yield made


def recorded(office: House) -> str:
    return office.office.media.clips.take(io.BytesIO(encoded(tone(2), "ogg")))[0]


def test_a_voice_clip_is_played_before_deals_and_after_the_chime(office: House) -> None:
    """A voice clip is played before a deal that was recorded earlier, as chime and clip."""
    clip, seconds = office.office.media.take_clip(io.BytesIO(encoded(tone(2), "ogg")))
    assert abs(seconds - 2) < 0.3
    office.deal("王小明", 3000)
    said = office.office.media.send_clip(clip, " 王 总 ", "k")
    assert said.decision.to_json()["why"] == "立即播报。"
    job = max(office.announcer.jobs, key=lambda job: job.priority)
    assert job.id == said.id
    assert job.script.segments == (Segment("", roll=office.folder / "var" / "clips" / f"{clip}.wav"),)
    assert (
        replace(job.script, chime=None) in office.voice.asked
    )  # rendered while the person still previews it
    assert job.script.chime is not None
    assert job.script.applause is None
    text = next(a.text for a in office.office.announced.of_day(TUESDAY.date()) if a.id == said.id)
    assert text == "王 总的语音"


def test_the_same_voice_clip_sent_twice_is_played_once(office: House) -> None:
    """Sending it again with the same key gives the same answer and one job."""
    clip = recorded(office)
    first, again = (office.office.media.send_clip(clip, "", "k") for _ in range(2))
    assert (first.id, first.created, again.id, again.created) == (1, True, 1, False)
    assert len(office.announcer.jobs) == 1


def test_a_voice_clip_waits_for_the_end_of_quiet_time_and_mute(office: House) -> None:
    """Sent at 12:41 it waits for 12:55 and gives the reason; sent during mute it waits for the end of mute."""
    office.go_to("12:41")
    clip = recorded(office)
    assert "12:55" in str(office.office.media.send_clip(clip, "陈芳", "nap").decision.to_json()["why"])
    office.go_to("12:54:59")
    assert office.announcer.jobs == []
    office.go_to("12:55")
    assert len(office.announcer.say(office.clock)) == 1
    office.office.music.mute_for(10)
    assert "静音" in str(office.office.media.send_clip(clip, "陈芳", "mute").decision.to_json()["why"])


def test_a_voice_clip_is_not_played_after_a_restart_an_hour_later(office: House) -> None:
    """When the daemon restarts after an hour the clip is dropped, with the reason; nothing is played."""
    office.office.media.send_clip(recorded(office), "陈芳", "k")
    office.close()
    office.clock.go(hours=1)
    office.open()
    assert office.announcer.jobs == []
    assert office.states()["microphone:1"][0] == "dropped"


def test_an_announcement_can_be_taken_back_until_it_was_heard(office: House) -> None:
    """Taken back while it waits or plays, it is dropped; taking it back after it was heard is refused."""
    waits = office.office.speech.announce("两点开会。", "w")
    office.office.media.withdraw(waits.id)
    assert office.announcer.jobs == office.announcer.cancelled == []
    assert office.states()["say:1"] == ("dropped", "有人撤回了这一条。")
    said = office.office.speech.announce("三点开会。", "a")
    office.announcer.begin(office.clock)
    office.office.media.withdraw(said.id)
    assert office.announcer.cancelled == [(said.id, "有人撤回了这一条。")]
    assert office.states()["say:2"] == ("dropped", "有人撤回了这一条。")
    heard = office.office.speech.announce("四点开会。", "b")
    office.announcer.say(office.clock)
    with pytest.raises(Refused, match="播完"):
        office.office.media.withdraw(heard.id)


def test_a_deal_is_not_taken_back_as_an_announcement(office: House) -> None:
    """Taking back the announcement of a deal is refused: the deal itself has to be taken back, with a reason."""
    office.deal("王小明", 3000)
    with pytest.raises(Refused):
        office.office.media.withdraw(1)
    assert len(office.announcer.jobs) == 1


def test_a_preview_reads_names_as_the_office_does(office: House) -> None:
    """A preview reads names as the announcement will; a reading that is only tried is not stored."""
    office.office.media.hear_text("恭喜单晓明！")
    office.office.media.hear_name("王小明", "wang4 xiao3 ming2")
    spoken = [script.segments[0].text for script in office.voice.asked[-2:]]
    assert "shan4" in spoken[0]
    assert "wang4" in spoken[1]
    office.office.media.hear_text("恭喜王小明！")
    assert "wang4" not in office.voice.asked[-1].segments[0].text


def test_the_song_of_a_person_replaces_the_applause_of_their_deals(office: House) -> None:
    """First and big deals of the person end with their song; a round-up and other people's deals with applause."""
    media = office.office.media.profiles
    people = {person.name: person.id for person in office.office.people.active()}
    media.set_song("person", people["王小明"], io.BytesIO(encoded(tone(3), "mp3")))
    office.deal("王小明", 30000)
    office.deal("李思思", 30000)
    own, other = (job.script.applause for job in office.announcer.jobs)
    assert own == media.song("person", people["王小明"])
    assert other is not None
    assert other.name.startswith("applause")
    office.announcer.say(office.clock)
    office.deal("王小明", 100)
    office.go_to("10:00")
    (roundup,) = office.announcer.jobs
    assert roundup.script.applause is not None
    assert roundup.script.applause.name.startswith("applause")


def test_the_preview_of_a_deal_sounds_like_its_announcement(office: House) -> None:
    """While a deal is typed it is rendered ahead with the person's song, and 试听 plays the same."""
    media = office.office.media.profiles
    people = {person.name: person.id for person in office.office.people.active()}
    media.set_song("person", people["王小明"], io.BytesIO(encoded(tone(3), "mp3")))
    song = media.song("person", people["王小明"])
    office.office.deals.preview("王小明", "网络招聘", 30000)
    office.office.media.hear_deal("王小明", "网络招聘", 30000)
    office.deal("王小明", 30000)
    typed, heard = office.voice.asked[-2:]
    (said,) = office.announcer.jobs
    assert typed.applause == song
    assert heard == said.script
    assert typed == replace(heard, chime=None)  # the player adds the chime
    office.office.media.hear_deal("王小明", "网络招聘", 300)  # for the round-up, which has no song
    assert office.voice.asked[-1].applause != song
    with pytest.raises(Refused, match="金额"):
        office.office.media.hear_deal("王小明", "网络招聘", 0)


def test_a_song_survives_a_restart_until_it_is_removed(office: House) -> None:
    """After a restart the song is still set; after its removal it is not."""
    teams = {team.name: team.id for team in office.office.people.teams()}
    office.office.media.profiles.set_song("team", teams["飞龙队"], io.BytesIO(encoded(tone(3), "mp3")))
    office.close()
    office.open()
    media = office.office.media.profiles
    assert media.song("team", teams["飞龙队"]) is not None
    media.remove_song("team", teams["飞龙队"])
    assert media.song("team", teams["飞龙队"]) is None
    with pytest.raises(Refused):
        media.set_song("team", 999, io.BytesIO(b"x"))


def test_unused_photos_and_songs_are_deleted(office: House) -> None:
    """A removed photo is deleted unless another person has it too; a removed song is deleted after an hour. Files that
    earlier versions left are deleted at the next start; a rehearsal deletes nothing."""
    media = office.office.media.profiles
    people = {person.name: person.id for person in office.office.people.active()}
    shared = media.set_photo(people["王小明"], io.BytesIO(picture(64, 64)))
    assert media.set_photo(people["陈芳"], io.BytesIO(picture(64, 64))) == shared
    media.remove_photo(people["王小明"])
    assert media.photo(shared) is not None
    other = media.set_photo(people["陈芳"], io.BytesIO(picture(80, 60)))
    assert media.photo(shared) is None
    assert media.photo(other) is not None
    media.set_song("person", people["陈芳"], io.BytesIO(encoded(tone(2), "mp3")))
    song = media.song("person", people["陈芳"])
    assert song is not None
    media.remove_song("person", people["陈芳"])
    assert song.is_file()  # a waiting announcement may use it
    os.utime(song, (0, 0))
    left = office.folder / "var" / "photos" / f"{'0' * 32}.jpg"
    left.write_bytes(b"left behind")
    office.close()
    office.open()
    assert not song.exists()
    assert not left.exists()
    assert office.office.media.profiles.photo(other) is not None
    photos = office.folder / "var" / "photos"
    photos.rename(office.folder / "elsewhere")
    photos.symlink_to(office.folder / "elsewhere")
    office.office.media.profiles.remove_photo(people["陈芳"])
    assert (office.folder / "elsewhere" / f"{other}.jpg").exists()


def test_the_size_of_stored_voice_clips_is_bounded(office: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the bound the oldest clips are deleted, but never fresh ones: a new clip is refused for a while."""
    import os

    from controller.services import media

    first, second = recorded(office), recorded(office)
    folder = office.folder / "var" / "clips"
    monkeypatch.setattr(media, "SHELF_BYTES", (folder / f"{first}.wav").stat().st_size)
    with pytest.raises(Refused, match="录得太多"):
        recorded(office)
    old = (datetime.now().astimezone() - timedelta(days=1)).timestamp()
    os.utime(folder / f"{first}.wav", (old, old))
    recorded(office)
    clips: VoiceClips = office.office.media.clips
    assert clips.find(first) is None
    assert clips.find(second) is not None


def test_files_that_a_crash_left_in_the_inbox_are_deleted_at_the_next_start(tmp_path: Path) -> None:
    """A partial upload of the last run is deleted; a file that is too large leaves nothing."""
    (tmp_path / "left").write_bytes(b"half")
    inbox = UploadInbox(tmp_path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(Refused, match="太大"), inbox.keep(io.BytesIO(b"x" * 2_000_001), 2_000_000):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_partial_track_left_by_a_crash_is_deleted_at_the_next_start(office: House, tmp_path: Path) -> None:
    """A partial copy in a playlist is deleted and the tracks are kept; a rehearsal changes nothing."""
    folder = tmp_path / "sounds" / "music" / "morning"
    folder.mkdir(parents=True)
    (folder / "one.ogg").write_bytes(b"track")
    half = folder / f".{'0' * 32}.part"
    half.write_bytes(b"half")
    (tmp_path / "link").symlink_to(tmp_path / "sounds")
    for sounds, stays in ((tmp_path / "link", True), (tmp_path / "sounds", False)):
        MusicFiles(
            sounds, UploadInbox(tmp_path / "inbox"), UploadSandbox(), office.library, office.office._context
        )
        assert half.exists() is stays
    assert [path.name for path in folder.iterdir()] == ["one.ogg"]


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("战歌.mp3", "战歌"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Music\\a.b.mp3", "a.b".replace(".", " ")),
        (".hidden.mp3", "hidden"),
        ("...", "音乐"),
        ("", "音乐"),
        ("-rf *.mp3", "rf"),
        ("a\u202egnp.mp3", "a gnp"),
        ("名" * 300 + ".mp3", "名" * 60),
        ("<script>.mp3", "script"),
        ("CON\x00.mp3", "CON"),
    ],
)
def test_file_names_are_sanitised(name: str, stem: str) -> None:
    """A name keeps letters, digits and a few signs; no folders, no leading dot or dash, never empty or too long."""
    assert safe_name(name) == stem


def test_a_name_in_a_sentence_is_short_and_visible() -> None:
    """Invisible characters and direction marks are removed."""
    assert shown("a\u202e\x00b" + "c" * 300) == "ab" + "c" * 58


def test_a_playlist_that_is_a_link_is_not_changed(tmp_path: Path) -> None:
    """Adding to and removing from a linked folder is refused: it is not the office's."""
    (tmp_path / "home" / "sounds" / "music").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "theirs.mp3").write_bytes(b"theirs")
    (tmp_path / "home" / "sounds" / "music" / "linked").symlink_to(tmp_path / "elsewhere")
    office = House(tmp_path, TUESDAY, home=tmp_path / "home")
    try:
        media = office.office.media.tracks
        with pytest.raises(Refused, match="链接"):
            media.add("linked", "a.mp3", io.BytesIO(encoded(tone(2), "mp3")))
        with pytest.raises(Refused, match="链接"):
            media.remove("linked", "theirs.mp3")
        assert [path.name for path in (tmp_path / "elsewhere").iterdir()] == ["theirs.mp3"]
    finally:
        office.close()


def test_a_rehearsal_does_not_change_the_office_s_music(tmp_path: Path) -> None:
    """In a rehearsal sounds/ is a link to the office's music: adding and deleting music is refused."""
    with house(tmp_path / "a", TUESDAY) as made:
        media = made.office.media.tracks
        (tmp_path / "sounds").symlink_to(tmp_path)
        media._sounds = tmp_path / "sounds"
        for change in (
            lambda: media.add("morning", "a", io.BytesIO(b"x")),
            lambda: media.remove("morning", "a"),
        ):
            with pytest.raises(Refused, match="彩排"):
                change()


def test_a_damaged_chime_is_reported_and_left_out(tmp_path: Path) -> None:
    """A sound that cannot be measured is a health problem with advice; announcements are played without it."""
    home = tmp_path / "home"
    (home / "sounds" / "music").mkdir(parents=True)
    for sound in ("chime.ogg", "applause-small.ogg"):
        shutil.copy(ROOT / "sounds" / sound, home / "sounds")
    (home / "sounds" / "chime.ogg").write_bytes(b"OggS" + bytes(3000))
    office = House(tmp_path, TUESDAY, home=home)
    try:
        deadline = time.monotonic() + 60
        while office.library.measuring():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        (trouble,) = [one for one in office.office.timetable_listener.health.all() if "chime.ogg" in one.what]
        assert "放回" in trouble.mend
        office.deal("王小明", 3000)
        assert office.announcer.jobs[0].script.chime is None
        assert office.announcer.jobs[0].script.applause == home / "sounds" / "applause-small.ogg"
        office.office.timetable_listener.on_speaker(
            Event("part_failed", 1, 0, path=home / "sounds" / "applause-small.ogg", why="broken")
        )
        assert any(
            "applause-small.ogg" in trouble.what for trouble in office.office.timetable_listener.health.all()
        )
    finally:
        office.close()


def test_music_is_requested_again_after_every_track_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the playlist's folder was away for a while, the music is requested again within seconds of its return."""
    monkeypatch.setattr(
        "controller.sound.library.PEEK_S", 120.0
    )  # all tracks at once, also on a busy machine
    home = tmp_path / "home"
    shutil.copytree(ROOT / "sounds" / "music" / "morning", home / "sounds" / "music" / "morning")
    with_music = TUESDAY.replace(hour=8, minute=30)
    office = House(tmp_path, with_music, home=home)
    try:
        first = office.speaker.order
        assert first is not None
        office.office.timetable_listener.on_speaker(Event("track", path=first.tracks[0].path))
        office.go_to("08:40:00")
        count = len(office.speaker.orders)
        (home / "sounds" / "music" / "morning").rename(home / "away")
        for track in first.tracks:
            office.office.timetable_listener.on_speaker(Event("track_failed", path=track.path, why="gone"))
        office.office.timetable_listener.on_speaker(Event("music_ended"))
        for _ in range(30):
            office.clock.go(seconds=1)
            office.keeper.refresh()
        (home / "away").rename(home / "sounds" / "music" / "morning")
        for _ in range(7):
            office.clock.go(seconds=1)
            office.keeper.refresh()
        assert len(office.speaker.orders) > count
        assert {track.path for track in office.speaker.order.tracks} == {track.path for track in first.tracks}
    finally:
        office.close()
