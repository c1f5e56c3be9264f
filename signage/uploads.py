"""Uploads from phones: recordings, music, songs, photos; and previews that play only on the phone."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from flask import Blueprint, jsonify, request, send_file
from werkzeug.wrappers import Response

from controller.services.media import MOST_CLIP_BYTES as CLIP_BYTES
from controller.services.media import MOST_TRACK_BYTES as TRACK_BYTES
from controller.services.media import Listed
from controller.services.people import PHOTO_BYTES, SONG_BYTES
from controller.timetable.labels import track_title
from signage.auth import needs
from signage.fields import KEY_LIMIT, NAME_LIMIT, TEXT_LIMIT, deal_of, how_of
from signage.files import limit, uploaded
from signage.http import Denied, body, brings, number_of, text_of
from signage.office import office
from signage.serializers import Json

pages = Blueprint("uploads", __name__)

PREVIEWS_PER_MINUTE = 20


def _sound(path: Any) -> Response:
    return send_file(path, mimetype="audio/wav", conditional=True, max_age=0)


@pages.post("/api/preview")
@needs("sell")
def hear() -> Response:
    """Return the sound of a text, a name with its reading, or a deal, for this phone only.

    `voice` and `speed`: used for this preview, not saved.
    """
    fields = body()
    limit("preview", PREVIEWS_PER_MINUTE).step()
    options = _manner(fields)
    if "name" in fields:
        say_as = text_of(fields, "say_as", 2 * NAME_LIMIT, optional=True) or None
        return _sound(office().media.hear_name(text_of(fields, "name", NAME_LIMIT), say_as, options))
    if "amount" in fields:
        return _sound(
            office().media.hear_deal(*deal_of(fields), options, how_of(fields, office().history.today()))
        )
    return _sound(office().media.hear_text(text_of(fields, "text", TEXT_LIMIT), options))


def _manner(fields: dict[str, Any]) -> tuple[str, float] | None:
    voice = text_of(fields, "voice", 2 * NAME_LIMIT) if fields.get("voice") is not None else None
    speed = number_of(fields, "speed") if fields.get("speed") is not None else None
    return None if voice is None and speed is None else office().speaking.sample(voice, speed)


# ---- the microphone


@pages.post("/api/clips")
@needs("sell")
@brings(CLIP_BYTES)
def take_clip() -> tuple[Response, int]:
    name, seconds = office().media.take_clip(uploaded(CLIP_BYTES))
    return jsonify({"id": name, "seconds": round(seconds, 2)}), 201


@pages.get("/api/clips/<name>")
@needs("sell")
def hear_clip(name: str) -> Response:
    return _sound(_found(office().media.clips.find(name)))


@pages.post("/api/clips/<name>/send")
@needs("sell")
def send_clip(name: str) -> tuple[Response, int]:
    fields = body()
    who = text_of(fields, "who", NAME_LIMIT, optional=True)
    said = office().media.send_clip(name, who, text_of(fields, "key", KEY_LIMIT))
    return jsonify({"id": said.id, "decision": said.decision.to_json()}), 201 if said.created else 200


@pages.delete("/api/clips/<name>")
@needs("sell")
def drop_clip(name: str) -> Response:
    office().media.clips.drop(name)
    return jsonify({})


@pages.delete("/api/announcements/<int:number>")
@needs("sell")
def withdraw(number: int) -> Response:
    """Take back a person's typed or spoken announcement; a deal is taken back as a deal."""
    office().media.withdraw(number)
    return jsonify({"id": number})


# ---- music


@pages.get("/api/tracks")
@needs("read")
def tracks() -> Response:
    return jsonify([_track(row) for row in office().media.tracks.all()])


@pages.post("/api/tracks/<playlist>")
@needs("manage")
@brings(TRACK_BYTES)
def add_track(playlist: str) -> tuple[Response, int]:
    name = request.args.get("name", "")[:400]
    return jsonify(_track(office().media.tracks.add(playlist, name, uploaded(TRACK_BYTES)))), 201


@pages.delete("/api/tracks/<playlist>/<file>")
@needs("manage")
def remove_track(playlist: str, file: str) -> Response:
    office().media.tracks.remove(playlist, file)
    return jsonify({})


def _track(row: Listed) -> Json:
    seconds = None if row.seconds is None else round(row.seconds)
    return {
        "playlist": row.playlist,
        "file": row.file,
        "title": track_title(PurePath(row.file).stem),
        "seconds": seconds,
        "fault": row.fault,
        "note": row.note,
    }


# ---- photos and songs


@pages.put("/api/people/<int:number>/photo")
@needs("manage")
@brings(PHOTO_BYTES)
def set_photo(number: int) -> Response:
    name = office().media.profiles.set_photo(number, uploaded(PHOTO_BYTES))
    return jsonify({"photo": f"/photos/{name}"})


@pages.delete("/api/people/<int:number>/photo")
@needs("manage")
def remove_photo(number: int) -> Response:
    office().media.profiles.remove_photo(number)
    return jsonify({})


@pages.get("/photos/<name>")
def photo(name: str) -> Response:
    """Serve a photo without sign-in, as for wall pages. Its name is a content hash, so caches may keep it forever."""
    answer: Response = send_file(_found(office().media.profiles.photo(name)), mimetype="image/jpeg")
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return answer


@pages.put("/api/<any(people, teams):kind>/<int:number>/song")
@needs("manage")
@brings(SONG_BYTES)
def set_song(kind: str, number: int) -> Response:
    office().media.profiles.set_song(_whose(kind), number, uploaded(SONG_BYTES))
    return jsonify({})


@pages.get("/api/<any(people, teams):kind>/<int:number>/song")
@needs("read")
def hear_song(kind: str, number: int) -> Response:
    return _sound(_found(office().media.profiles.song(_whose(kind), number)))


@pages.delete("/api/<any(people, teams):kind>/<int:number>/song")
@needs("manage")
def remove_song(kind: str, number: int) -> Response:
    office().media.profiles.remove_song(_whose(kind), number)
    return jsonify({})


def _whose(kind: str) -> str:
    return {"people": "person", "teams": "team"}[kind]


def _found(path: Any) -> Any:
    if path is None:
        raise Denied(404, "没有这个文件。")
    return path
