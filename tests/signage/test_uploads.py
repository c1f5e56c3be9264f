"""Recordings, music, songs and photos over HTTP, tested on a whole running office with separate sound files."""

from __future__ import annotations

import http.client
import json
import shutil
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from soundmade import encoded, loudness_of, picture, pixels_of, samples_of, tone, video

from tests.signage.house import REPOSITORY, House, running

SHIPPED = ("chime.ogg", "applause-small.ogg", "applause-large.ogg", "drumroll.ogg")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home = tmp_path_factory.mktemp("office") / "home"
    (home / "sounds" / "music" / "morning").mkdir(parents=True)
    for name in SHIPPED:
        shutil.copy(REPOSITORY / "sounds" / name, home / "sounds")
    (home / "sounds" / "music" / "morning" / "first.mp3").write_bytes(encoded(tone(5), "mp3"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        with running(home, sounds=False) as house:
            yield house


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lift the rate limit: the tests send faster than any person; a separate test covers the limit."""
    from signage import files, uploads

    generous = files.RateLimit(10_000)
    for module in (uploads, files):
        monkeypatch.setattr(module, "limit", lambda name, most: generous)


class Got:
    def __init__(self, status: int, body: bytes, headers: Any) -> None:
        self.status, self.body, self.kind = status, body, headers.get("Content-Type", "")
        self.headers = headers

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def send(
    house: House, method: str, path: str, body: bytes | None = None, role: str | None = "assistant",
    kind: str = "application/octet-stream",
) -> Got:  # fmt: skip
    headers = {"Content-Type": kind} if body is not None else {}
    if role is not None:
        headers["Authorization"] = f"Bearer {house.token(role)}"
    request = urllib.request.Request(house.address + path, body, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return Got(answer.status, answer.read(), answer.headers)
    except urllib.error.HTTPError as error:
        with error:
            return Got(error.code, error.read(), error.headers)


def said(house: House, ident: int) -> dict[str, Any]:
    return next(row for row in house.call("GET", "/api/announcements").json if row["id"] == ident)


def until(house: House, ident: int, *states: str) -> dict[str, Any]:
    for _ in range(600):
        if (row := said(house, ident))["state"] in states:
            return row
        time.sleep(0.1)
    raise AssertionError(row)


# ---- previews


def test_an_announcement_can_be_previewed(house: House) -> None:
    """A preview returns the sound of the text and adds nothing to the outbox."""
    before = house.call("GET", "/api/announcements").json
    got = send(
        house, "POST", "/api/preview", json.dumps({"text": "三点钟开会。"}).encode(), kind="application/json"
    )
    assert (got.status, got.kind) == (200, "audio/wav")
    assert samples_of(got.body).shape[1] > 0.6 * 44100
    assert loudness_of(got.body)[0] > -20
    assert house.call("GET", "/api/announcements").json == before


def test_a_deal_can_be_previewed_without_recording_it(house: House) -> None:
    """A deal's preview is the sound of its sentence and applause; it records no deal and no announcement."""
    before = [house.call("GET", f"/api/{what}").json for what in ("announcements", "deals")]
    data = {"person": "王小明", "product": "网络招聘", "amount": "1.28万"}
    got = send(house, "POST", "/api/preview", json.dumps(data).encode(), kind="application/json")
    assert (got.status, got.kind) == (200, "audio/wav")
    assert samples_of(got.body).shape[1] > 6 * 44100
    assert [house.call("GET", f"/api/{what}").json for what in ("announcements", "deals")] == before
    wrong = house.call("POST", "/api/preview", {**data, "amount": "多"}, role="assistant")
    assert (wrong.status, wrong.json["field"]) == (422, "amount")


def test_a_name_is_heard_with_a_reading_that_is_not_kept_yet(house: House) -> None:
    """Another reading sounds different; an invalid reading is refused at its field."""
    plain = house.call(
        "POST", "/api/preview", {"name": "单晓明", "say_as": "dan1 xiao3 ming2 ming2"}, role=None
    )
    assert plain.status == 401
    lengths = []
    for say_as in (None, "shan4 xiao3 ming2 ming2 ming2"):
        data = json.dumps({"name": "单晓明", "say_as": say_as}).encode()
        lengths.append(len(send(house, "POST", "/api/preview", data, kind="application/json").body))
    assert lengths[1] > lengths[0] + 20_000
    wrong = house.call("POST", "/api/preview", {"name": "单晓明", "say_as": "shan9"}, role="assistant")
    assert (wrong.status, wrong.json["field"]) == (422, "say_as")


def test_a_voice_is_tried_without_being_chosen(house: House) -> None:
    """`voice` and `speed` apply to this preview only; an unknown or uninstalled voice is refused at its field."""
    before = house.call("GET", "/api/voice").json
    data = {"text": "三点钟开会。", "voice": "espeak", "speed": 1.2}
    got = send(house, "POST", "/api/preview", json.dumps(data).encode(), kind="application/json")
    assert (got.status, got.kind) == (200, "audio/wav")
    for change, field in (
        ({"voice": "晓贝"}, "voice"),
        ({"speed": 3}, "speed"),
    ):  # each counts for the rate limit
        wrong = house.call("POST", "/api/preview", {**data, **change}, role="assistant")
        assert (wrong.status, wrong.json["field"]) == (422, field), change
    assert house.call("GET", "/api/voice").json == before


@pytest.mark.parametrize("data", [{"text": "大" * 301}, {"text": ""}, {"name": "名" * 200}, {}])
def test_a_hearing_has_its_limits(house: House, data: dict[str, str]) -> None:
    """A text that is too long, empty or missing is refused with a sentence."""
    got = house.call("POST", "/api/preview", data, role="assistant")
    assert got.status == 422
    assert got.json["error"].endswith("。")


def test_a_hearing_has_its_pace(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the limit per minute the next is refused with the waiting time."""
    from signage import files, uploads

    strict = files.RateLimit(1)
    monkeypatch.setattr(uploads, "limit", lambda name, most: strict)
    assert house.call("POST", "/api/preview", {"text": ""}, role="assistant").status == 422
    body = json.dumps({"text": "好"}).encode()
    for _ in range(2):
        got = send(house, "POST", "/api/preview", body, kind="application/json")
    assert got.status == 429
    assert 1 <= int(got.headers["Retry-After"]) <= 61


# ---- the microphone


def test_a_recording_is_taken_heard_and_sent(house: House) -> None:
    """Raw or as a form; previewed; then announced with a key like any announcement; the wall shows its speaker."""
    taken = send(house, "POST", "/api/clips", encoded(tone(2, before=1, after=1), "webm"), kind="audio/webm")
    assert taken.status == 201
    assert abs(taken.json["seconds"] - 2.2) < 0.2
    clip = taken.json["id"]
    heard = send(house, "GET", f"/api/clips/{clip}")
    assert heard.kind == "audio/wav"
    assert abs(loudness_of(heard.body)[0] + 18) < 1
    data = json.dumps({"who": "王小明", "key": "clip-1"}).encode()
    first = send(house, "POST", f"/api/clips/{clip}/send", data, kind="application/json")
    again = send(house, "POST", f"/api/clips/{clip}/send", data, kind="application/json")
    assert (first.status, again.status) == (201, 200)
    assert first.json == again.json
    assert first.json["decision"]["when"] == "now"
    row = until(house, first.json["id"], "heard", "not_heard", "dropped")
    assert (row["kind"], row["text"], row["state"]) == ("microphone", "王小明的语音", "heard")


def test_a_form_with_a_file_in_it_is_taken_too(house: House) -> None:
    """As multipart/form-data with the field `file`, as browsers and curl send it."""
    edge = b"----edge"
    body = b"--" + edge + b'\r\nContent-Disposition: form-data; name="file"; filename="../../x.wav"\r\n'
    body += b"Content-Type: audio/wav\r\n\r\n" + encoded(tone(1), "wav") + b"\r\n--" + edge + b"--\r\n"
    kind = f"multipart/form-data; boundary={edge.decode()}"
    assert send(house, "POST", "/api/clips", body, kind=kind).status == 201
    empty = b"--" + edge + b"--\r\n"
    assert send(house, "POST", "/api/clips", empty, kind=kind).json["field"] == "file"


def test_a_recording_that_was_thrown_away_is_gone(house: House) -> None:
    """After dropping it can be neither played nor sent; a name with a path is never accepted."""
    clip = send(house, "POST", "/api/clips", encoded(tone(1), "ogg")).json["id"]
    assert send(house, "DELETE", f"/api/clips/{clip}").status == 200
    assert send(house, "GET", f"/api/clips/{clip}").status == 404
    data = json.dumps({"who": "", "key": "clip-gone"}).encode()
    for name in (clip, "..%2f..%2fzhangu", "x"):
        got = send(house, "POST", f"/api/clips/{name}/send", data, kind="application/json")
        assert got.status in (404, 422)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: b"", "空的"),
        (lambda: b"x" * 1000, "损坏"),
        (video, "视频"),
        (lambda: encoded(tone(65), "wav"), "60 秒"),
    ],
    ids=["empty", "nonsense", "film", "65 s"],
)
def test_invalid_recordings_are_refused(house: House, make: Any, words: str) -> None:
    """Refused with a sentence at its field; no file remains on the disk."""
    got = send(house, "POST", "/api/clips", make())
    assert got.status == 422
    assert words in got.json["error"]
    assert got.json["field"] == "file"
    var = house.daemon._options.home.var
    assert list((var / "uploads").iterdir()) == []
    assert not [path for path in (var / "clips").iterdir() if path.suffix != ".wav"]


@pytest.mark.parametrize("declared", [2_000_000_000, 30_000_000])
def test_declared_oversized_bodies_are_refused_unread(house: House, declared: int) -> None:
    """A declared size of 2 GB or 30 MB: 413 and a sentence, before the body arrives."""
    connection = http.client.HTTPConnection("127.0.0.1", house.daemon.server.port, timeout=20)
    connection.putrequest("POST", "/api/clips")
    for name, value in (
        ("Authorization", f"Bearer {house.token('assistant')}"),
        ("Content-Length", str(declared)),
    ):
        connection.putheader(name, value)
    connection.endheaders()
    if declared < 64_000_000:
        for _ in range(declared // 1_000_000):
            connection.send(b"x" * 1_000_000)
    answer = connection.getresponse()
    assert answer.status == 413
    assert "最多" in json.loads(answer.read())["error"]
    connection.close()


def test_a_waiting_recording_is_taken_back(house: House) -> None:
    """While muted a recording waits; taken back it is never played, and cannot be taken back twice."""
    clip = send(house, "POST", "/api/clips", encoded(tone(1), "wav")).json["id"]
    house.call("POST", "/api/hush", {"minutes": 10})
    try:
        data = json.dumps({"who": "陈芳", "key": "clip-back"}).encode()
        sent = send(house, "POST", f"/api/clips/{clip}/send", data, kind="application/json").json
        assert "静音" in sent["decision"]["why"]
        assert send(house, "DELETE", f"/api/announcements/{sent['id']}").status == 200
        assert (said(house, sent["id"])["state"], said(house, sent["id"])["why"]) == (
            "dropped",
            "有人撤回了这一条。",
        )
        assert send(house, "DELETE", f"/api/announcements/{sent['id']}").status == 422
    finally:
        house.call("POST", "/api/hush", {"minutes": 0})
    deal = house.sell("陈芳", 20000, "not-to-be-withdrawn")
    deal = next(
        row for row in house.call("GET", "/api/announcements").json if deal.json["id"] in row["deals"]
    )
    assert send(house, "DELETE", f"/api/announcements/{deal['id']}").status == 404


# ---- music


@pytest.mark.parametrize("kind", ["mp3", "wav"])
def test_a_track_of_which_the_end_is_missing_is_named_as_incomplete(house: House, kind: str) -> None:
    """A download that stopped is played, but the answer and the list say how long it should be and how long it is."""
    whole = encoded(tone(30), kind)
    path = f"/api/tracks/morning?name=stump-{kind}.{kind}"
    made = send(house, "POST", path, whole[: len(whole) // 10]).json
    assert "0:30" in made["note"]
    assert "0:03" in made["note"]
    assert noted(house, made["file"]) == made["note"]
    complete = send(house, "POST", path, whole).json
    assert complete["note"] == ""
    assert noted(house, complete["file"]) == ""


def noted(house: House, file: str) -> str:
    """Return the note of a track in the list when it has been measured."""
    path = house.daemon._options.home.sounds / "music" / "morning" / file
    for _ in range(1200):
        facts = house.daemon.office.library.facts(path)
        if facts is not None and facts.final:
            break
        time.sleep(0.05)
    rows = {row["file"]: row["note"] for row in send(house, "GET", "/api/tracks").json}
    return str(rows[file])


def test_a_track_is_uploaded_listed_and_deleted(house: House) -> None:
    """It gets a safe file name, plays at once and can be deleted, without a restart."""
    name = urllib.parse.quote("../../etc/我的<i>歌 (live)\x00.MP3")
    got = send(house, "POST", f"/api/tracks/morning?name={name}", encoded(tone(3), "mp3"))
    assert got.status == 201
    file = got.json["file"]
    assert file == "我的 i 歌 (live).mp3"
    folder = house.daemon._options.home.sounds / "music" / "morning"
    assert (folder / file).is_file()
    listed = {row["file"]: row for row in send(house, "GET", "/api/tracks").json}
    assert listed[file]["playlist"] == "morning"
    library = house.daemon.office.library
    assert file in [track.path.name for track in library.tracks("morning", date(2026, 11, 24))]
    assert send(house, "DELETE", f"/api/tracks/morning/{urllib.parse.quote(file)}").status == 200
    assert not (folder / file).exists()
    assert file not in [row["file"] for row in send(house, "GET", "/api/tracks").json]


def test_a_name_that_is_taken_gets_a_number(house: House) -> None:
    """The same song twice becomes two files; none is overwritten. Formats that the player cannot play become Opus."""
    files = [
        send(house, "POST", "/api/tracks/morning?name=first.m4a", encoded(tone(1.5), kind)).json["file"]
        for kind in ("mp3", "mp3", "m4a")
    ]
    assert files == ["first 2.mp3", "first 3.mp3", "first.opus"]


@pytest.mark.parametrize(
    ("path", "make", "words"),
    [
        ("morning?name=bad.mp3", lambda: b"no music" * 100, "“bad.mp3”没有收下：文件已损坏"),
        ("morning?name=film.mp3", video, "“film.mp3”没有收下：这是视频"),
        ("nowhere?name=a.mp3", lambda: b"x", "没有叫“nowhere”的歌单，现有：morning"),
        ("..?name=a.mp3", lambda: b"x", ""),
    ],
    ids=["broken", "film", "no such playlist", "out of the folder"],
)
def test_invalid_music_is_refused_by_name(house: House, path: str, make: Any, words: str) -> None:
    """Broken files and unknown playlists are refused with a sentence that names them."""
    got = send(house, "POST", f"/api/tracks/{path}", make())
    assert got.status in (404, 422)
    assert words in got.json["error"]


def test_only_music_can_be_deleted(house: House) -> None:
    """No name can point outside the playlist's folder."""
    for path in ("morning/..%2f..%2fchime.ogg", "morning/nothing.mp3", "..%2f..%2fsounds/chime.ogg"):
        assert send(house, "DELETE", f"/api/tracks/{path}").status in (404, 422)
    assert (house.daemon._options.home.sounds / "chime.ogg").is_file()


# ---- photos and songs


def person(house: House, name: str) -> int:
    return next(row["id"] for row in house.call("GET", "/api/people").json if row["name"] == name)


def test_a_photo_is_on_the_wall_and_goes_again(house: House) -> None:
    """A photo is scaled down, served to walls without sign-in, shown in the celebration, and can be removed."""
    number = person(house, "李思思")
    got = send(house, "PUT", f"/api/people/{number}/photo", picture(3000, 2000), kind="image/jpeg")
    assert got.status == 200
    served = send(house, "GET", got.json["photo"], role=None)
    assert (served.status, served.kind) == (200, "image/jpeg")
    assert "immutable" in served.headers["Cache-Control"]
    assert served.headers["X-Content-Type-Options"] == "nosniff"
    assert pixels_of(served.body).shape == (342, 512, 3)
    phone = house.call("GET", "/api/phone").json
    assert phone["photos"] == {str(number): got.json["photo"]}
    house.sell("李思思", 50_000, "with-a-face")
    for _ in range(300):
        shown = house.call("GET", "/api/wall?name=main", role=None).json
        if (shown.get("celebration") or {}).get("person") == "李思思":
            break
        time.sleep(0.1)
    assert shown["celebration"]["photo"] == got.json["photo"]
    assert send(house, "DELETE", f"/api/people/{number}/photo").status == 200
    assert house.call("GET", "/api/phone").json["photos"] == {}
    assert send(house, "GET", got.json["photo"], role=None).status == 404  # no longer served


def test_invalid_photos_are_refused(house: House) -> None:
    """An SVG with a script is refused; unknown people have no photo; unknown names return 404."""
    number = person(house, "李思思")
    got = send(house, "PUT", f"/api/people/{number}/photo", b"<svg onload='alert(1)'/>", kind="image/svg+xml")
    assert (got.status, got.json["field"]) == (422, "file")
    assert send(house, "PUT", "/api/people/9999/photo", picture()).json["field"] == "person"
    for name in ("0" * 32, "..%2fzhangu.db", "x.jpg"):
        assert send(house, "GET", f"/photos/{name}", role=None).status == 404


def test_a_victory_song_follows_the_deal_of_its_person_or_team(house: House) -> None:
    """The person's song, else the team's, else applause; ten seconds at most."""
    number = person(house, "周婷")
    teams = {team.name: team.id for team in house.daemon.office.people.teams()}
    desk = house.daemon.office.media.profiles
    assert send(house, "PUT", f"/api/teams/{teams['飞龙队']}/song", encoded(tone(4), "mp3")).status == 200
    assert send(house, "PUT", f"/api/people/{number}/song", encoded(tone(12), "m4a")).status == 200
    heard = send(house, "GET", f"/api/people/{number}/song")
    assert abs(samples_of(heard.body).shape[1] / 44100 - 10) < 0.1
    songs = {}
    for who in ("周婷", "李思思", "欧阳建国"):
        ident = house.sell(who, 30_000, f"song-{who}").json["id"]
        with house.daemon.store.read() as session:
            songs[who] = desk.song_of(session.outbox.of_deal(ident)[0])
    assert songs["周婷"] == desk.song("person", number)
    assert songs["李思思"] == desk.song("team", teams["飞龙队"])
    assert songs["欧阳建国"] is None
    assert house.call("GET", "/api/phone").json["songs"] == {"people": [number], "teams": [teams["飞龙队"]]}
    assert send(house, "DELETE", f"/api/people/{number}/song").status == 200
    assert send(house, "GET", f"/api/people/{number}/song").status == 404


# ---- rights


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/api/clips", {"admin", "assistant", "program"}),
        ("POST", "/api/tracks/morning?name=x", {"admin", "assistant"}),
        ("DELETE", "/api/tracks/morning/x.mp3", {"admin", "assistant"}),
        ("PUT", "/api/people/1/photo", {"admin", "assistant"}),
        ("PUT", "/api/people/1/song", {"admin", "assistant"}),
        ("DELETE", "/api/announcements/1", {"admin", "assistant", "program"}),
    ],
)
def test_uploads_need_the_right(house: House, method: str, path: str, allowed: set[str]) -> None:
    """Without sign-in 401, a role without the right 403, others an answer about the sent data."""
    for role in (None, "admin", "assistant", "leader", "director", "program", "wall"):
        status = send(house, method, path, b"" if method != "DELETE" else None, role=role).status
        expected = {401} if role is None else {404, 422} if role in allowed else {403}
        assert status in expected, role
