"""Recordings, songs and hearings at the office's desks: the rules of every announcement hold for them too."""

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
from controller.services.media import ClipDesk, TrackDesk, safe_name, shown
from controller.services.upload_inbox import UploadInbox
from controller.sound.speaker import Event
from controller.sound.tts.script import Segment
from controller.sound.upload_sandbox import Gate

TUESDAY = datetime(2026, 11, 24, 9, 30, tzinfo=SHANGHAI)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path, TUESDAY) as made:
        yield made


def recorded(office: House) -> str:
    return office.office.media.clips.take(io.BytesIO(encoded(tone(2), "ogg")))[0]


def test_a_recording_goes_before_orders_and_is_played_behind_the_chime(office: House) -> None:
    """What somebody says into the microphone is said before the order that came first, chime and recording."""
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
    )  # rendered while it was still being listened to
    assert job.script.chime is not None
    assert job.script.applause is None
    text = next(a.text for a in office.office.announcements(TUESDAY.date()) if a.id == said.id)
    assert text == "王 总的语音"


def test_the_same_recording_sent_twice_is_heard_once(office: House) -> None:
    """The same key again: the same answer, one job."""
    clip = recorded(office)
    first, again = (office.office.media.send_clip(clip, "", "k") for _ in range(2))
    assert (first.id, first.created, again.id, again.created) == (1, True, 1, False)
    assert len(office.announcer.jobs) == 1


def test_a_recording_waits_for_the_end_of_the_nap_and_of_a_hush(office: House) -> None:
    """Sent at 12:41 it waits for 12:55 and says so; in a hush for its end."""
    office.go_to("12:41")
    clip = recorded(office)
    assert "12:55" in str(office.office.media.send_clip(clip, "陈芳", "nap").decision.to_json()["why"])
    office.go_to("12:54:59")
    assert office.announcer.jobs == []
    office.go_to("12:55")
    assert len(office.announcer.say(office.clock)) == 1
    office.office.hush(10)
    assert "静音" in str(office.office.media.send_clip(clip, "陈芳", "hush").decision.to_json()["why"])


def test_a_recording_of_before_a_restart_is_not_said_an_hour_later(office: House) -> None:
    """Back after an hour the recording is dropped, with the reason; nothing is said."""
    office.office.media.send_clip(recorded(office), "陈芳", "k")
    office.close()
    office.clock.go(hours=1)
    office.open()
    assert office.announcer.jobs == []
    assert office.states()["microphone:1"][0] == "dropped"


def test_what_is_being_said_can_be_taken_back_and_what_was_said_cannot(office: House) -> None:
    """Withdrawn while it waits or while it is said: gone; after it was heard: refused."""
    waits = office.office.announce("两点开会。", "w")
    office.office.media.withdraw(waits.id)
    assert office.announcer.jobs == office.announcer.cancelled == []
    assert office.states()["say:1"] == ("dropped", "有人撤回了这一条。")
    said = office.office.announce("三点开会。", "a")
    office.announcer.begin(office.clock)
    office.office.media.withdraw(said.id)
    assert office.announcer.cancelled == [(said.id, "有人撤回了这一条。")]
    assert office.states()["say:2"] == ("dropped", "有人撤回了这一条。")
    heard = office.office.announce("四点开会。", "b")
    office.announcer.say(office.clock)
    with pytest.raises(Refused, match="播完"):
        office.office.media.withdraw(heard.id)


def test_an_order_is_not_taken_back_as_an_announcement(office: House) -> None:
    """Whoever wants an order silent takes the order back, with a reason."""
    office.deal("王小明", 3000)
    with pytest.raises(Refused):
        office.office.media.withdraw(1)
    assert len(office.announcer.jobs) == 1


def test_a_hearing_reads_names_as_the_office_does(office: House) -> None:
    """A name in a text is read as it will be; a reading that is only tried is not kept."""
    office.office.media.hear_text("恭喜单晓明！")
    office.office.media.hear_name("王小明", "wang4 xiao3 ming2")
    spoken = [script.segments[0].text for script in office.voice.asked[-2:]]
    assert "shan4" in spoken[0]
    assert "wang4" in spoken[1]
    office.office.media.hear_text("恭喜王小明！")
    assert "wang4" not in office.voice.asked[-1].segments[0].text


def test_the_song_of_a_person_replaces_the_applause_of_their_own_orders(office: House) -> None:
    """First and big orders of one person end in their song; a round-up, and others' orders, in applause."""
    desk = office.office.media.personal
    people = {person.name: person.id for person in office.office.people()}
    desk.set_song("person", people["王小明"], io.BytesIO(encoded(tone(3), "mp3")))
    office.deal("王小明", 30000)
    office.deal("李思思", 30000)
    own, other = (job.script.applause for job in office.announcer.jobs)
    assert own == desk.song("person", people["王小明"])
    assert other is not None
    assert other.name.startswith("applause")
    office.announcer.say(office.clock)
    office.deal("王小明", 100)
    office.go_to("10:00")
    (roundup,) = office.announcer.jobs
    assert roundup.script.applause is not None
    assert roundup.script.applause.name.startswith("applause")


def test_an_order_is_heard_first_as_it_will_sound(office: House) -> None:
    """Typed in, an order is rendered with the song of whose it is, so it lies ready; and 试听 plays the same."""
    desk = office.office.media.personal
    people = {person.name: person.id for person in office.office.people()}
    desk.set_song("person", people["王小明"], io.BytesIO(encoded(tone(3), "mp3")))
    song = desk.song("person", people["王小明"])
    office.office.preview_deal("王小明", "网络招聘", 30000)
    office.office.media.hear_deal("王小明", "网络招聘", 30000)
    office.deal("王小明", 30000)
    typed, heard = office.voice.asked[-2:]
    (said,) = office.announcer.jobs
    assert typed.applause == song
    assert heard == said.script
    assert typed == replace(heard, chime=None)  # the player plays the chime by itself
    office.office.media.hear_deal("王小明", "网络招聘", 300)  # for the round-up: no song there
    assert office.voice.asked[-1].applause != song
    with pytest.raises(Refused, match="金额"):
        office.office.media.hear_deal("王小明", "网络招聘", 0)


def test_a_song_is_remembered_over_a_restart_and_taken_away(office: House) -> None:
    """The song outlives a restart; removed, the applause is back."""
    teams = {team.name: team.id for team in office.office.teams()}
    office.office.media.personal.set_song("team", teams["飞龙队"], io.BytesIO(encoded(tone(3), "mp3")))
    office.close()
    office.open()
    desk = office.office.media.personal
    assert desk.song("team", teams["飞龙队"]) is not None
    desk.remove_song("team", teams["飞龙队"])
    assert desk.song("team", teams["飞龙队"]) is None
    with pytest.raises(Refused):
        desk.set_song("team", 999, io.BytesIO(b"x"))


def test_photos_and_songs_that_nobody_uses_are_thrown_away(office: House) -> None:
    """A photo goes with its removal, but for one that another person has too; a song after an hour. What was left
    behind by earlier versions goes at the next start; in a rehearsal nothing does."""
    desk = office.office.media.personal
    people = {person.name: person.id for person in office.office.people()}
    shared = desk.set_photo(people["王小明"], io.BytesIO(picture(64, 64)))
    assert desk.set_photo(people["陈芳"], io.BytesIO(picture(64, 64))) == shared
    desk.remove_photo(people["王小明"])
    assert desk.photo(shared) is not None
    other = desk.set_photo(people["陈芳"], io.BytesIO(picture(80, 60)))
    assert desk.photo(shared) is None
    assert desk.photo(other) is not None
    desk.set_song("person", people["陈芳"], io.BytesIO(encoded(tone(2), "mp3")))
    song = desk.song("person", people["陈芳"])
    assert song is not None
    desk.remove_song("person", people["陈芳"])
    assert song.is_file()  # it may be in an announcement that waits
    os.utime(song, (0, 0))
    left = office.folder / "var" / "photos" / f"{'0' * 32}.jpg"
    left.write_bytes(b"left behind")
    office.close()
    office.open()
    assert not song.exists()
    assert not left.exists()
    assert office.office.media.personal.photo(other) is not None
    photos = office.folder / "var" / "photos"
    photos.rename(office.folder / "elsewhere")
    photos.symlink_to(office.folder / "elsewhere")
    office.office.media.personal.remove_photo(people["陈芳"])
    assert (office.folder / "elsewhere" / f"{other}.jpg").exists()


def test_the_shelf_of_recordings_is_bounded(office: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over the bound the oldest go; what is fresh never goes, then no more is taken for a while."""
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
    desk: ClipDesk = office.office.media.clips
    assert desk.find(first) is None
    assert desk.find(second) is not None


def test_what_a_crash_left_in_the_inbox_goes_at_the_next_start(tmp_path: Path) -> None:
    """Half an upload of the last run is not kept for ever; a file that is too large leaves nothing."""
    (tmp_path / "left").write_bytes(b"half")
    inbox = UploadInbox(tmp_path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(Refused, match="太大"), inbox.keep(io.BytesIO(b"x" * 2_000_001), 2_000_000):
        pass
    assert list(tmp_path.iterdir()) == []


def test_what_a_crash_left_of_a_track_goes_at_the_next_start(office: House, tmp_path: Path) -> None:
    """Half a copy in a playlist is not kept for ever; the tracks beside it are, and a rehearsal touches nothing."""
    folder = tmp_path / "sounds" / "music" / "morning"
    folder.mkdir(parents=True)
    (folder / "one.ogg").write_bytes(b"track")
    half = folder / f".{'0' * 32}.part"
    half.write_bytes(b"half")
    (tmp_path / "link").symlink_to(tmp_path / "sounds")
    for sounds, stays in ((tmp_path / "link", True), (tmp_path / "sounds", False)):
        TrackDesk(sounds, UploadInbox(tmp_path / "inbox"), Gate(), office.library, office.office._context)
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
def test_no_file_is_called_what_it_wants(name: str, stem: str) -> None:
    """Letters, digits and a few signs; no folders, no leading dot or dash, never empty, never too long."""
    assert safe_name(name) == stem


def test_a_name_in_a_sentence_is_short_and_visible() -> None:
    """Signs that vanish or turn the text round are left out of sentences."""
    assert shown("a\u202e\x00b" + "c" * 300) == "ab" + "c" * 58


def test_nothing_is_brought_into_a_playlist_that_is_a_link_to_elsewhere(tmp_path: Path) -> None:
    """Such a folder is not ours to write to or delete from."""
    (tmp_path / "home" / "sounds" / "music").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "theirs.mp3").write_bytes(b"theirs")
    (tmp_path / "home" / "sounds" / "music" / "linked").symlink_to(tmp_path / "elsewhere")
    office = House(tmp_path, TUESDAY, home=tmp_path / "home")
    try:
        desk = office.office.media.tracks
        with pytest.raises(Refused, match="链接"):
            desk.add("linked", "a.mp3", io.BytesIO(encoded(tone(2), "mp3")))
        with pytest.raises(Refused, match="链接"):
            desk.remove("linked", "theirs.mp3")
        assert [path.name for path in (tmp_path / "elsewhere").iterdir()] == ["theirs.mp3"]
    finally:
        office.close()


def test_a_rehearsal_does_not_change_the_office_s_music(tmp_path: Path) -> None:
    """In a rehearsal sounds/ is the office's own: bringing and deleting music is refused."""
    with house(tmp_path / "a", TUESDAY) as made:
        desk = made.office.media.tracks
        (tmp_path / "sounds").symlink_to(tmp_path)
        desk._sounds = tmp_path / "sounds"
        for change in (
            lambda: desk.add("morning", "a", io.BytesIO(b"x")),
            lambda: desk.remove("morning", "a"),
        ):
            with pytest.raises(Refused, match="彩排"):
                change()


def test_a_damaged_chime_is_named_and_left_out(tmp_path: Path) -> None:
    """What the measuring finds broken is told as a trouble with the way out; announcements go without it."""
    home = tmp_path / "home"
    (home / "sounds" / "music").mkdir(parents=True)
    for sound in ("chime.ogg", "applause-small.ogg"):
        shutil.copy(ROOT / "sounds" / sound, home / "sounds")
    (home / "sounds" / "chime.ogg").write_bytes(b"OggS" + bytes(3000))
    office = House(tmp_path, TUESDAY, home=home)
    try:
        deadline = time.monotonic() + 30
        while office.library.measuring():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        (trouble,) = [found for found in office.office.following.troubles.all() if "chime.ogg" in found.what]
        assert "放回" in trouble.mend
        office.deal("王小明", 3000)
        assert office.announcer.jobs[0].script.chime is None
        assert office.announcer.jobs[0].script.applause == home / "sounds" / "applause-small.ogg"
        office.office.following.on_speaker(
            Event("part_failed", 1, 0, path=home / "sounds" / "applause-small.ogg", why="broken")
        )
        assert any("applause-small.ogg" in found.what for found in office.office.following.troubles.all())
    finally:
        office.close()


def test_music_that_nothing_could_be_played_of_is_ordered_again(tmp_path: Path) -> None:
    """The playlist's folder is away for a while: within seconds of its return the music is ordered once more."""
    home = tmp_path / "home"
    shutil.copytree(ROOT / "sounds" / "music" / "morning", home / "sounds" / "music" / "morning")
    with_music = TUESDAY.replace(hour=8, minute=30)
    office = House(tmp_path, with_music, home=home)
    try:
        first = office.speaker.order
        assert first is not None
        office.office.following.on_speaker(Event("track", path=first.tracks[0].path))
        office.go_to("08:40:00")
        count = len(office.speaker.orders)
        (home / "sounds" / "music" / "morning").rename(home / "away")
        for track in first.tracks:
            office.office.following.on_speaker(Event("track_failed", path=track.path, why="gone"))
        office.office.following.on_speaker(Event("music_ended"))
        for _ in range(30):
            office.clock.go(seconds=1)
            office.keeper.look()
        (home / "away").rename(home / "sounds" / "music" / "morning")
        for _ in range(7):
            office.clock.go(seconds=1)
            office.keeper.look()
        assert len(office.speaker.orders) > count
        assert {track.path for track in office.speaker.order.tracks} == {track.path for track in first.tracks}
    finally:
        office.close()
