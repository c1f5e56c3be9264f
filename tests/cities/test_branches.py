"""Branches over a real Mosquitto with head office's own certificates, users and rights."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import pytest
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from rig import NOW, BranchOffice, Broker, broker, code, redated, wait_for

from controller.cities import document, hub_line, invitation
from controller.cities.document import BigDeal
from controller.cities.hub import Hub, Settings
from controller.cities.invitation import Access
from controller.cities.line import context_of
from controller.links.words import city_words
from controller.sales.model import Conflict, Refused

CITIES = ("北京", "上海", "广州")


@pytest.fixture(scope="module")
def head_office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with broker(tmp_path_factory.mktemp("hub") / "hub") as running:
        yield running


@pytest.fixture(scope="module")
def branches(
    head_office: Broker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, BranchOffice]]:
    folder = tmp_path_factory.mktemp("branches")
    made = {city: BranchOffice(folder / city, city, code(head_office, city)) for city in CITIES}
    try:
        wait_for(lambda: all(all_see(made, city) for city in CITIES))
        yield made
    finally:
        for office in made.values():
            office.close()


def all_see(branches: dict[str, BranchOffice], city: str) -> bool:
    """Return whether every branch sees the figure that this branch has itself."""
    own = f"{branches[city].board()[city].amount}" if branches[city].board() else ""
    return all(office.seen().get(city) == own for office in branches.values())


def set_targets(branches: dict[str, BranchOffice]) -> None:
    """Give every team of every branch a target, and wait until each board shows rates."""
    for office in branches.values():
        for team in ("猛虎队", "飞龙队", "雄鹰队"):
            office.office.targets.set_day(team, NOW.date(), 100_000)
    wait_for(
        lambda: all(row.rate is not None for office in branches.values() for row in office.board().values())
    )


@contextmanager
def program(access: Access) -> Iterator[mqtt.Client]:
    """Yield another program that uses a branch's password."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    client.username_pw_set(access.login, access.password)
    client.tls_set_context(context_of(access))
    client.connect(access.host, access.port)
    client.loop_start()
    try:
        wait_for(client.is_connected)
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


def publish(client: mqtt.Client, topic: str, payload: bytes, **how: object) -> int:
    """Publish with QoS 1; return the broker's reason code."""
    answers: list[int] = []
    client.on_publish = lambda *args: answers.append(args[3].value)
    client.publish(topic, payload, qos=1, **how)  # type: ignore[arg-type]
    wait_for(lambda: answers)
    return answers[0]


def lifetime(seconds: int) -> Properties:
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.MessageExpiryInterval = seconds
    return properties


def test_a_deal_counts_on_every_board_and_a_big_one_is_a_quiet_line(
    branches: dict[str, BranchOffice],
) -> None:
    """A deal in one branch is on the others' boards; a big one is named there without anybody's name."""
    branches["北京"].deal("王小明", 58000)
    branches["广州"].deal("王小明", 900)
    wait_for(lambda: all_see(branches, "北京") and all_see(branches, "广州"))
    wait_for(branches["上海"].cities.lines)
    assert branches["上海"].cities.lines() == ("北京刚签下一单，58,000 元",)
    assert branches["上海"].cities.lines()[0].en == "北京 just signed a deal of ¥58,000"
    assert branches["北京"].cities.lines() == ()
    assert branches["上海"].office.snapshot.glance().cities == tuple(branches["上海"].board().values())


def test_names_are_sent_only_when_the_office_says_so(branches: dict[str, BranchOffice]) -> None:
    """Without the office's word no message has a person's name; with it the big deal and the best three do."""
    beijing, shanghai = branches["北京"], branches["上海"]
    beijing.deal("王小明", 800)
    wait_for(lambda: all_see(branches, "北京"))
    with beijing.store.read() as session:
        assert "王小明" not in session.cities.document(NOW.date()).body  # type: ignore[union-attr]
    beijing.cities.joined.choose(names=True)
    beijing.deal("陈芳", 77000)
    wait_for(lambda: "北京的陈芳刚签下一单，77,000 元" in shanghai.cities.lines())
    with beijing.store.read() as session:
        assert "陈芳" in session.cities.document(NOW.date()).body  # type: ignore[union-attr]
    beijing.cities.joined.choose(names=False)


def test_an_overtaking_is_a_line_and_a_mark(branches: dict[str, BranchOffice]) -> None:
    """With targets everywhere, the branch that passes another is marked on every board."""
    set_targets(branches)
    branches["广州"].deal("李思思", 30_000)
    wait_for(lambda: all((office.board()["广州"].rate or 0) > 0 for office in branches.values()))
    branches["上海"].deal("李思思", 60_000)
    wait_for(lambda: "上海超过了广州" in branches["广州"].cities.lines())
    assert branches["广州"].board()["上海"].rising
    assert not branches["广州"].board()["广州"].rising


def test_nothing_is_lost_or_celebrated_late_when_the_broker_dies(
    head_office: Broker, branches: dict[str, BranchOffice], tmp_path: Path
) -> None:
    """Deals of an outage are on every board after it, the boards show the last figures meanwhile, and no old deal is
    celebrated. A broker that lost its disk gets everything again."""
    wait_for(lambda: all(len(office.cities.own.unsent_deals()) == 0 for office in branches.values()))
    head_office.kill()
    wait_for(lambda: not any(office.up() for office in branches.values()))
    branches["上海"].deal("赵磊", 66_000)
    assert branches["北京"].board()["上海"].missing
    assert branches["北京"].board()["上海"].as_of == "14:20"
    said = "总部 127.0.0.1 的服务器没有开。单照常记录，连上以后自动补报。"
    wait_for(lambda: branches["北京"].cities.sentences() == (said,))
    for office in branches.values():
        office.clock.go(seconds=61)
    (head_office.hub.folder / "data" / "mosquitto.db").unlink(missing_ok=True)
    head_office.start()
    wait_for(lambda: all(all_see(branches, city) for city in CITIES))
    assert all("66,000" not in line for office in branches.values() for line in office.cities.lines())
    wait_for(lambda: branches["上海"].cities.unsent_count() == 0)
    newcomer = BranchOffice(tmp_path / "new", "青岛", code(head_office, "青岛"))
    try:
        wait_for(lambda: newcomer.seen().keys() >= set(CITIES))
    finally:
        newcomer.close()
        head_office.hub.revoke("青岛")
        hub_line.empty(head_office.hub.admin(), "青岛")


def test_late_and_doubled_big_deals_are_not_shown(
    head_office: Broker, branches: dict[str, BranchOffice]
) -> None:
    """One that was long under way, one without a lifetime and a second copy are dropped; a fresh one is shown."""
    beijing = branches["北京"]
    for line in branches.values():
        line.clock.go(seconds=120)  # lines of the other tests are over
    access = invitation.read(branches["上海"].code)
    topic = document.events_topic("huaxing", "上海")

    def deal(ident: str, amount: int) -> bytes:
        return document.written_deal(BigDeal("上海", ident * 8, amount))  # type: ignore[arg-type]

    late = beijing.cities.late
    with program(access) as client:
        publish(client, topic, deal("a1", 11111), properties=lifetime(20))
        publish(client, topic, deal("b2", 22222))
        publish(client, topic, deal("c3", 33333), properties=lifetime(60))
        publish(client, topic, deal("c3", 33333), properties=lifetime(60))
        publish(client, topic, b"{", properties=lifetime(60))
        publish(client, topic, deal("d4", 44444), properties=lifetime(60))
    wait_for(lambda: len(beijing.cities.lines()) == 2)
    assert [line[:4] for line in beijing.cities.lines()] == ["上海刚签", "上海刚签"]
    assert [word for word in ("33,333", "44,444") if word in "".join(beijing.cities.lines())] == [
        "33,333",
        "44,444",
    ]
    assert beijing.cities.late == late + 2
    assert any("看不懂" in said for said in beijing.cities.sentences())


def test_a_branch_may_write_only_below_its_own_name(
    head_office: Broker, branches: dict[str, BranchOffice]
) -> None:
    """The broker refuses another branch's topics and another organisation's."""
    day = NOW.date()
    with program(invitation.read(branches["上海"].code)) as client:
        for topic in (
            document.standings_topic("huaxing", "北京", day),
            document.status_topic("huaxing", "北京"),
            document.events_topic("huaxing", "北京"),
            document.standings_topic("another", "上海", day),
        ):
            assert publish(client, topic, b"{}") == 135, topic  # not authorized
        assert publish(client, document.events_topic("huaxing", "上海"), b"{}") < 128


def test_a_restored_backup_wins(
    head_office: Broker, branches: dict[str, BranchOffice], tmp_path: Path
) -> None:
    """The store of an hour ago has lower numbers than the broker: it is shown all the same, on this machine and also
    on a new one that has nothing but the backup."""
    guangzhou = branches["广州"]
    backup = tmp_path / "backup.db"
    guangzhou.store.backup(backup)
    before = guangzhou.board()["广州"].amount
    for amount in (1000, 2000, 4000):
        guangzhou.deal("王小明", amount)
        wait_for(lambda: all_see(branches, "广州"))
    database = guangzhou.folder / "var" / "zhangu.db"
    for new_machine in (False, True):
        guangzhou.close()
        for beside in ("-wal", "-shm"):
            database.with_name(database.name + beside).unlink(missing_ok=True)
        shutil.copy(backup, database)
        if new_machine:
            (guangzhou.folder / "var" / "cities.json").unlink()
        guangzhou.open()
        wait_for(lambda: branches["北京"].seen().get("广州") == f"{before}")
        wait_for(lambda: all_see(branches, "广州"))
        guangzhou.deal("王小明", 5000)
        wait_for(lambda: all_see(branches, "广州"))


def test_two_machines_with_one_name_say_so(
    head_office: Broker, branches: dict[str, BranchOffice], tmp_path: Path
) -> None:
    """Both say so while both are connected, neither throws the other out, and the first is right again afterwards."""
    shanghai = branches["上海"]
    second = BranchOffice(tmp_path / "second", "上海", shanghai.code)
    try:
        wait_for(lambda: any("还有一台机器" in said for said in shanghai.cities.sentences()))
        wait_for(lambda: any("还有一台机器" in said for said in second.cities.sentences()))
        assert shanghai.up()
        assert second.up()
    finally:
        second.close()
    wait_for(lambda: not any("还有一台机器" in said for said in shanghai.cities.sentences()))
    shanghai.deal("王小明", 700)
    wait_for(lambda: all_see(branches, "上海"))


def test_a_document_from_tomorrow_is_named_and_not_listed(
    head_office: Broker, branches: dict[str, BranchOffice], tmp_path: Path
) -> None:
    """A branch whose date is wrong is not on today's board, and the phone says where to look."""
    far = BranchOffice(tmp_path / "far", "乌鲁木齐", code(head_office, "乌鲁木齐"), NOW + timedelta(days=1))
    try:
        wait_for(
            lambda: any("乌鲁木齐报来的是以后一天" in said for said in branches["北京"].cities.sentences())
        )
        assert branches["北京"].board()["乌鲁木齐"].amount is None
    finally:
        far.close()
        head_office.hub.revoke("乌鲁木齐")
        hub_line.empty(head_office.hub.admin(), "乌鲁木齐")
    wait_for(lambda: "乌鲁木齐" not in branches["北京"].board())


def test_a_revoked_branch_is_out_at_once_and_gone_from_the_boards(
    head_office: Broker, branches: dict[str, BranchOffice], tmp_path: Path
) -> None:
    """Its connection ends, it says why, and the others do not wait for it at 18:05."""
    gone = BranchOffice(tmp_path / "gone", "天津", code(head_office, "天津"))
    try:
        wait_for(lambda: "天津" in branches["北京"].seen())
        assert head_office.hub.revoke("天津")
        wait_for(lambda: any("没有让这台机器进来" in said for said in gone.cities.sentences()))
        hub_line.empty(head_office.hub.admin(), "天津")
        wait_for(lambda: "天津" not in branches["北京"].board())
    finally:
        gone.close()
    wait_for(lambda: all(office.up() for office in branches.values()))


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # paho leaves a refused line to the GC
def test_the_password_goes_to_nobody_but_head_office(head_office: Broker, tmp_path: Path) -> None:
    """A server without head office's certificate, or with plain text, does not get it, and the phone says so."""
    other = Hub(tmp_path / "other")
    other.set_up(Settings("127.0.0.1", "huaxing"))
    access = head_office.hub.invite("成都")
    fake = Access(
        access.host, access.port, access.org, "成都", access.password, authority=other.admin().authority
    )
    office = BranchOffice(tmp_path / "chengdu", "成都", invitation.written(fake))
    try:
        wait_for(office.cities.sentences)
        assert "拿不出总部的证书" in office.cities.sentences()[0]
        plain = Access("127.0.0.1", captive(), "huaxing", "成都", access.password, authority=access.authority)
        office.cities.joined.join(invitation.written(plain))
        wait_for(lambda: any("没有用加密连接回答" in said for said in office.cities.sentences()))
    finally:
        office.close()
    head_office.hub.revoke("成都")


def captive() -> int:
    """Start a login page that answers everything with HTML; return its port."""
    import socket

    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        with listener:
            listener.settimeout(30)
            while True:
                try:
                    line, _ = listener.accept()
                except OSError:
                    return
                with line:
                    line.recv(1000)
                    line.sendall(b"HTTP/1.1 200 OK\r\n\r\n<html>login</html>")

    threading.Thread(target=answer, daemon=True).start()
    return int(listener.getsockname()[1])


def test_another_organisations_code_is_asked_about(branches: dict[str, BranchOffice], tmp_path: Path) -> None:
    """A wrong code changes nothing; another organisation's needs a second word."""
    joined = branches["北京"].cities.joined
    other = Hub(tmp_path / "other")
    other.set_up(Settings("127.0.0.1", "another"))
    with pytest.raises(Refused, match="邀请码"):
        joined.join("你好")
    with pytest.raises(Conflict, match="另一家公司（another）"):
        joined.join(invitation.written(other.invite("北京")))
    assert joined.kept() == invitation.read(branches["北京"].code)


def test_results_say_who_has_not_reported(branches: dict[str, BranchOffice]) -> None:
    """At 18:05 a branch that is cut off is said to be missing, with its last figure and time."""
    set_targets(branches)
    beijing, guangzhou = branches["北京"], branches["广州"]
    guangzhou.link.close()  # type: ignore[union-attr]
    wait_for(lambda: beijing.board()["广州"].missing)
    with beijing.store.read() as session:
        plan = beijing.timetable_file.plan(NOW.date())
        lines = beijing.office.timetable_listener.cues._results(session, plan, NOW, final=False)
    news = next(line.text for line in lines if line.mark == "cities")
    assert "广州还没有报来，最后一次是14:2" in news
    assert news.index("上海，完成率") < news.index("广州还没有报来")
    posted = city_words(asdict(beijing.board()["广州"]))
    assert re.fullmatch(r"还没有报（14:2\d 为 \d+%）", posted), posted
    guangzhou.connect()
    wait_for(lambda: not beijing.board()["广州"].missing)


def test_a_clock_that_is_an_hour_ahead_is_named_and_orders_nothing(
    head_office: Broker, branches: dict[str, BranchOffice], tmp_path: Path
) -> None:
    """The others say whose clock differs; its figures are on every board all the same, and theirs on its own."""
    far = BranchOffice(tmp_path / "fast", "大连", code(head_office, "大连"), NOW + timedelta(hours=1))
    try:
        wait_for(far.up)
        far.deal("王小明", 4100)
        wait_for(lambda: branches["北京"].seen().get("大连") == "4100.00")
        said = branches["北京"].cities.sentences
        wait_for(lambda: any(line.startswith("大连的时钟比这里快") for line in said()))
        wait_for(lambda: far.seen().get("北京"))
        assert not any("时钟" in line for line in far.cities.sentences())
    finally:
        far.close()
        head_office.hub.revoke("大连")
        hub_line.empty(head_office.hub.admin(), "大连")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("dates", "said"),
    [
        (("20200101000000Z", "20210101000000Z"), "总部的证书过期了"),
        (("20450101000000Z", "20460101000000Z"), "总部的证书还没有生效"),
    ],
)
def test_a_certificate_out_of_its_time_is_refused(tmp_path: Path, dates: tuple[str, str], said: str) -> None:
    """The password is not sent, and the phone says what to do."""
    made = Broker(tmp_path / "hub")
    redated(made.hub.folder, *dates)
    made.start()
    office = BranchOffice(tmp_path / "office", "西安", code(made, "西安"))
    try:
        wait_for(lambda: any(said in line for line in office.cities.sentences()))
    finally:
        office.close()
        made.kill()
    assert "西安" not in made.log.read_text()
