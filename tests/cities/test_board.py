"""The board is the same for every receiver, in whatever order, how often and with what losses the documents came."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_document import DAY, documents

from controller.cities.board import MOST_BRANCHES, Board, Overtaking, next_epoch, overtakings
from controller.cities.document import Document, Status, Sum, Version

STATUSES = st.builds(
    Status,
    st.sampled_from(["上海", "广州"]),
    st.builds(Version, st.integers(0, 2), st.integers(0, 3)),
    st.sampled_from(["a" * 16, "b" * 16]),
    st.booleans(),
)
MESSAGES = st.lists(documents() | STATUSES, max_size=12)


def board_of(messages: list[Document | Status]) -> Board:
    board = Board()
    for message in messages:
        if isinstance(message, Document):
            board.take(message, DAY)
        else:
            board.take_status(message)
    return board


@settings(deadline=None)
@given(MESSAGES, st.data())
def test_any_order_and_any_doubles_give_the_same_board(
    messages: list[Document | Status], data: st.DataObject
) -> None:
    """The receiver of all messages has the board of another one who got them shuffled and doubled."""
    doubles = data.draw(st.lists(st.sampled_from(messages), max_size=8)) if messages else []
    shuffled = data.draw(st.permutations(messages + doubles))
    assert board_of(shuffled).content() == board_of(messages).content()


@settings(deadline=None)
@given(MESSAGES, st.data())
def test_losses_do_no_harm_once_the_newest_has_arrived(
    messages: list[Document | Status], data: st.DataObject
) -> None:
    """Losses in between leave no gap: the retained messages of the broker complete every board."""
    whole = board_of(messages)
    kept_documents, kept_statuses = whole.content()
    retained = [one for days in kept_documents.values() for one in days.values()] + list(
        kept_statuses.values()
    )
    some = data.draw(st.lists(st.sampled_from(messages), max_size=6)) if messages else []
    assert board_of([*some, *data.draw(st.permutations(retained))]).content() == whole.content()


def made(branch: str, seq: int, epoch: int = 1, day: date = DAY) -> Document:
    sums = {"day": Sum(Decimal(seq), None, 1)}
    return Document(
        branch,
        day,
        Version(epoch, seq),
        "2026-11-27T16:42:00+08:00",
        "司",
        "a" * 16,
        sums,
        (),
        (),
        Decimal(1),
    )


def test_a_restored_backup_wins_by_its_epoch() -> None:
    """After a restore the lower seq is shown, because its epoch is higher; the late document of before is not."""
    board = board_of([made("上海", 90), made("上海", 3, epoch=2), made("上海", 91)])
    assert board.document("上海", DAY) == made("上海", 3, epoch=2)


def test_an_old_offline_does_not_hide_a_branch_that_is_back() -> None:
    """The last will of session 1 comes after the birth of session 2: the branch stays online until its own will."""
    status = Status("上海", Version(1, 1), "a" * 16, online=True)
    board = board_of([status, replace(status, session=Version(1, 2)), replace(status, online=False)])
    assert board.branches(DAY)[0].online
    board.take_status(replace(status, session=Version(1, 2), online=False))
    assert not board.branches(DAY)[0].online


def test_a_document_from_tomorrow_waits_and_is_named() -> None:
    """It is not today's board; a branch that only has tomorrow's is named as ahead; farther ones are dropped."""
    board = board_of([Status("上海", Version(1, 1), "a" * 16, online=True)])
    assert board.take(made("上海", 1, day=DAY + timedelta(days=1)), DAY)
    assert board.document("上海", DAY) is None
    assert board.ahead(DAY) == ("上海",)
    board.take(made("上海", 1), DAY)
    assert board.ahead(DAY) == ()
    assert not board.take(made("上海", 9, day=DAY + timedelta(days=2)), DAY)
    assert not board.take(made("上海", 9, day=DAY - timedelta(days=8)), DAY)


def test_the_board_is_bounded() -> None:
    """Names without end from one password fill no memory, and days are forgotten."""
    board = Board()
    for number in range(MOST_BRANCHES + 50):
        board.take(made(f"城{number}", 1), DAY)
        board.take_status(Status(f"城{number}", Version(1, 1), "a" * 16, online=True))
    assert len(board.branches(DAY)) == MOST_BRANCHES
    board.take(made("城0", 1, day=DAY + timedelta(days=9)), DAY + timedelta(days=9))
    assert board.document("城0", DAY) is None


@pytest.mark.parametrize(
    ("kept", "beside", "epoch"),
    [
        (Version(0, 0), None, 1),  # the first start ever
        (Version(0, 0), Version(4, 9), 5),  # a new store on a machine that has reported before
        (Version(2, 30), Version(2, 30), 2),  # a usual start
        (Version(2, 31), Version(2, 30), 2),  # a power cut before the file was written
        (Version(2, 12), Version(2, 30), 3),  # a restored backup
        (Version(1, 90), Version(3, 2), 4),  # a backup of before the last restore
        (Version(2, 30), None, 3),  # a backup on a new machine
    ],
)
def test_a_restore_raises_the_epoch(kept: Version, beside: Version | None, epoch: int) -> None:
    """The file beside the store shows that the store is an older one."""
    assert next_epoch(kept, beside) == epoch


def test_overtaking() -> None:
    """The one that passed is named with the best it has passed; joining, equality and others' falls are none."""
    then = {"北京": Decimal("0.5"), "上海": Decimal("0.4"), "广州": Decimal("0.3")}
    assert overtakings(then, then | {"广州": Decimal("0.6")}) == (Overtaking("广州", "北京"),)
    assert overtakings(then, then | {"广州": Decimal("0.45")}) == (Overtaking("广州", "上海"),)
    assert overtakings(then, then | {"广州": Decimal("0.4")}) == ()
    assert overtakings(then, then | {"上海": Decimal("0.2")}) == ()
    assert overtakings(then, then | {"深圳": Decimal("0.9")}) == ()
    assert overtakings(then | {"广州": None}, then | {"广州": Decimal("0.9")}) == ()
