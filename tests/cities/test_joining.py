"""Head office by its commands and an office that joins on the phone: real processes, as in real life."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from rig import wait_for

from tests import forked
from tests.ports import free_port
from tests.signage.house import House, running


def zhangu(home: Path, *words: str, code: int = 0) -> str:
    done = forked.run([*words, "--home", str(home)])
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def code_of(printed: str) -> str:
    return next(line for line in printed.splitlines() if line.startswith("zhangu-city:"))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("head-office")
    (folder / "var").mkdir()
    zhangu(folder, "hub", "setup", "--host", "127.0.0.1", "--org", "huaxing", "--port", str(free_port()))
    return folder


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        with running(tmp_path_factory.mktemp("office") / "home", sounds=False) as house:
            yield house


def test_head_office_answers_wrong_use_with_a_sentence(home: Path, tmp_path: Path) -> None:
    """Each command says what to do: no set-up yet, a bad name, a name without an invitation, another organisation."""
    (tmp_path / "var").mkdir()
    assert "zhangu hub setup" in zhangu(tmp_path, "hub", "invite", "上海", code=1)
    assert "不能作城市的名字" in zhangu(home, "hub", "invite", "a/b", code=1)
    assert "没有邀请过" in zhangu(home, "hub", "revoke", "火星", code=1)
    assert "huaxing" in zhangu(home, "hub", "setup", "--host", "x.example", "--org", "other", code=1)
    assert "公司代号" in zhangu(tmp_path, "hub", "setup", "--host", "x.example", "--org", "A B", code=1)
    assert "WebSocket" in zhangu(home, "hub", "invite", "上海", "--websocket", code=1)


def test_an_office_joins_and_leaves_on_the_phone(home: Path, house: House) -> None:
    """The pasted code connects the office, its state is on the phone without the code, and leaving ends it."""
    with (home / "hub.log").open("wb") as log:
        broker = forked.Forked(["hub", "run", "--home", str(home)], os.environ, log, log)
    house.daemon._cities.start()  # a rehearsal does not connect by itself
    try:
        code = code_of(zhangu(home, "hub", "invite", "北京"))
        assert house.call("PUT", "/api/cities/link", {"code": "你好"}, "owner").status == 422
        assert house.call("PUT", "/api/cities/link", {"code": code}, "assistant").status == 403
        joined = house.call("PUT", "/api/cities/link", {"code": code}, "owner")
        assert joined.status == 200
        assert code not in str(joined.json)
        wait_for(lambda: house.call("GET", "/api/cities/link", role="assistant").json["up"])
        state = house.call("GET", "/api/cities/link", role="assistant").json
        assert (state["branch"], state["org"], state["problems"], state["names"]) == (
            "北京",
            "huaxing",
            [],
            False,
        )
        assert "北京" in zhangu(home, "hub")
        zhangu(home, "hub", "revoke", "北京")
        wait_for(
            lambda: (
                "没有让这台机器进来"
                in str(house.call("GET", "/api/cities/link", role="owner").json["problems"])
            )
        )
        assert house.call("PATCH", "/api/cities/link", {"paused": True}, "owner").json["problems"] == []
        assert house.call("DELETE", "/api/cities/link", role="owner").status == 200
        assert house.call("GET", "/api/cities/link", role="owner").json["joined"] is False
        log = house.call("GET", "/api/log", role="owner").json
        assert "用总部的邀请码加入" in str(log)
        assert "zhangu-city" not in str(log)
    finally:
        broker.terminate()
        broker.wait(10)


def test_a_stranger_learns_nothing(house: House) -> None:
    """Without sign-in, and for a wall, the connection's state is closed."""
    for role in (None, "wall", "program", "leader"):
        assert house.call("GET", "/api/cities/link", role=role).status in (401, 403)
